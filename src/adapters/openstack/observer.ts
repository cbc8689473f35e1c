/**
 * Names of requests in the driver's metrics. All but the last seven are those of cinder-csi-plugin
 * (https://github.com/kubernetes/cloud-provider-openstack, docs/metrics.md), which counts neither tokens nor messages,
 * does not ask for zones, stops and lists no servers, removes no attachments and has no doctor.
 */
export type RequestLabel =
  | "volume_create"
  | "volume_list"
  | "volume_delete"
  | "volume_get"
  | "volume_attach"
  | "volume_detach"
  | "volume_expand"
  | "snapshot_create"
  | "snapshot_list"
  | "snapshot_delete"
  | "snapshot_get"
  | "backup_create"
  | "backup_list"
  | "backup_delete"
  | "backup_get"
  | "server_get"
  | "token_create"
  | "message_list"
  | "zone_list"
  | "server_stop"
  | "attachment_delete"
  | "server_list"
  | "survey"

/** One HTTP request that ended; repeated requests are reported one by one. A 404 counts as failed. */
export interface ObservedRequest {
  readonly request: RequestLabel
  readonly service: "keystone" | "cinder" | "nova"
  readonly method: "GET" | "POST" | "DELETE"
  /** Undefined where no answer came. */
  readonly status: number | undefined
  /** 1 unless the same request was sent before and came to nothing. */
  readonly tries: number
  readonly durationMillis: number
  readonly failed: boolean
}

/** Must neither throw nor block. */
export type RequestObserver = (observed: ObservedRequest) => void

export const defaultUserAgent = "effect-cinder-csi"
