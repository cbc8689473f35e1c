import { type Redacted, Schema } from "effect"
import {
  AttachLimit,
  AuthUrl,
  EndpointTypeText,
  Flag,
  FormatConcurrency,
  Insecure,
  LogFormatText,
  LongEnough,
  RequestTimeout,
  SearchOrder,
  Secret,
  Text,
  UuidGuardText,
  ZoneMapText
} from "./keyValues.ts"

const key = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/openstack-cloud-controller-manager/using-openstack-cloud-controller-manager.md */
export const GlobalKeys = Schema.Struct({
  "auth-url": key(AuthUrl),
  username: key(Text),
  "user-id": key(Text),
  password: key(Secret),
  token: key(Secret),
  "tenant-id": key(Text),
  "tenant-name": key(Text),
  "domain-id": key(Text),
  "domain-name": key(Text),
  "user-domain-id": key(Text),
  "user-domain-name": key(Text),
  "tenant-domain-id": key(Text),
  "tenant-domain-name": key(Text),
  "application-credential-id": key(Text),
  "application-credential-name": key(Text),
  "application-credential-secret": key(Secret),
  "trust-id": key(Text),
  "trustee-id": key(Text),
  "trustee-password": key(Secret),
  region: key(Text),
  "os-endpoint-type": key(EndpointTypeText),
  "ca-file": key(Text),
  "cert-file": key(Text),
  "key-file": key(Text),
  "tls-insecure": key(Insecure),
  "availability-zone-map": key(ZoneMapText),
  "use-clouds": key(Flag),
  "clouds-file": key(Text),
  cloud: key(Text)
})
export type GlobalSettings = typeof GlobalKeys.Type
export type SecretText = Redacted.Redacted<string>

/**
 * https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/cinder-csi-plugin/using-cinder-csi-plugin.md
 * What that page does not name is ours: docs/options.md.
 */
export const BlockStorageKeys = Schema.Struct({
  "node-volume-attach-limit": key(AttachLimit),
  "node-volume-attach-limit-from-guest": key(Flag),
  "rescan-on-resize": key(Flag),
  "format-concurrency": key(FormatConcurrency),
  "format-noise": key(Flag),
  "filesystem-uuid-guard": key(UuidGuardText),
  "ignore-volume-az": key(Flag),
  "ignore-volume-microversion": key(Flag),
  "multi-writer-filesystem": key(Flag),
  "remove-stale-attachments": key(Flag),
  "single-node-multi-writer": key(Flag),
  "remove-startup-taint": key(Flag)
})

export const FailoverKeys = Schema.Struct({
  "lost-after": key(LongEnough),
  "between-readings": key(LongEnough),
  "stop-servers": key(Flag),
  "dry-run": key(Flag)
})

export const MetadataKeys = Schema.Struct({
  "search-order": key(SearchOrder),
  "request-timeout": key(RequestTimeout)
})

export const TelemetryKeys = Schema.Struct({
  "log-format": key(LogFormatText),
  "otlp-endpoint": key(AuthUrl)
})

/** The sections of cloud.conf that are read here, as they are written. */
export const sections = {
  Global: GlobalKeys,
  BlockStorage: BlockStorageKeys,
  Metadata: MetadataKeys,
  Telemetry: TelemetryKeys,
  FailoverAssistant: FailoverKeys
}
