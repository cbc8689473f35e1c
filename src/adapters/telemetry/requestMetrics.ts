import { Counter, Histogram, type Registry } from "prom-client"

/** One request to the cloud that ended. */
export interface FinishedRequest {
  /** Upstream's word for what was asked, such as `volume_create`. */
  readonly request: string
  readonly service: string
  readonly method: string
  /** Undefined where no answer came. */
  readonly status: number | undefined
  /** 1 unless the same request was sent before and came to nothing. */
  readonly tries: number
  readonly durationMillis: number
  readonly failed: boolean
}

/** Who counts the requests to one cloud. */
export type RequestsOf = (cloud: string) => (finished: FinishedRequest) => void

/**
 * The three families that cinder-csi-plugin exposes, with its names, label and default buckets, so that dashboards and
 * alerts go on working (https://github.com/kubernetes/cloud-provider-openstack, docs/metrics.md).
 */
const upstreamFamilies = (registers: Array<Registry>) => {
  const labelNames = ["request"] as const
  const durations = new Histogram({
    name: "openstack_api_request_duration_seconds",
    help: "Latency of an OpenStack API call",
    labelNames,
    registers
  })
  const requests = new Counter({
    name: "openstack_api_requests_total",
    help: "Total number of OpenStack API calls",
    labelNames,
    registers
  })
  const errors = new Counter({
    name: "openstack_api_request_errors_total",
    help: "Total number of errors for an OpenStack API call",
    labelNames,
    registers
  })
  return ({ request, durationMillis, failed }: FinishedRequest) => {
    requests.inc({ request })
    durations.observe({ request }, durationMillis / 1000)
    if (failed) errors.inc({ request })
  }
}

const statusClass = (status: number | undefined): string =>
  status === undefined ? "none" : `${Math.floor(status / 100)}xx`

const tokenResult = (status: number | undefined): string => {
  if (statusClass(status) === "2xx") return "granted"
  return status === 401 || status === 403 ? "refused" : "failed"
}

const tokenResults = ["granted", "refused", "failed"]

export const makeRequestMetrics = (registers: Array<Registry>): RequestsOf => {
  const observeAsUpstream = upstreamFamilies(registers)
  const durations = new Histogram({
    name: "cinder_csi_api_request_duration_seconds",
    help: "Requests to OpenStack until their answer; status is the class of its HTTP status, or none",
    labelNames: ["cloud", "service", "method", "status"],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers
  })
  const retries = new Counter({
    name: "cinder_csi_api_retries_total",
    help: "Requests to OpenStack that were sent once more, because the try before came to nothing",
    labelNames: ["cloud", "service"],
    registers
  })
  const tokens = new Counter({
    name: "cinder_csi_tokens_total",
    help: "Requests to Keystone for a token: granted, refused (the credentials), or failed",
    labelNames: ["cloud", "result"],
    registers
  })
  return (cloud) => {
    // Prometheus sees no increase in a series that begins with 1.
    for (const result of tokenResults) tokens.inc({ cloud, result }, 0)
    return (finished) => {
      const { durationMillis, method, service, status, tries } = finished
      observeAsUpstream(finished)
      durations.observe({ cloud, service, method, status: statusClass(status) }, durationMillis / 1000)
      if (tries > 1) retries.inc({ cloud, service })
      if (service === "keystone") tokens.inc({ cloud, result: tokenResult(status) })
    }
  }
}
