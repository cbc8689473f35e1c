/** What an audit looks for, in the order in which it is told. */
export const findingKinds = [
  "orphan-volume",
  "orphan-snapshot",
  "orphan-backup",
  "temporary-snapshot",
  "released-volume",
  "missing-volume",
  "vanished-server",
  "unasked-attachment",
  "missing-attachment",
  "unknown-node",
  "broken",
  "stuck",
  "duplicate-name",
  "other-cluster",
  "size-drift",
  "zone-drift",
  "type-drift"
] as const
export type FindingKind = (typeof findingKinds)[number]

export type Thing = "volume" | "snapshot" | "backup" | "server" | "persistentvolume" | "volumeattachment"

/** An object of the cloud by its id, or one of Kubernetes by its name. */
export interface Ref {
  readonly thing: Thing
  readonly id: string
}

export interface Finding {
  readonly kind: FindingKind
  /** As its section in cloud.conf; undefined for what no cloud that was asked has. */
  readonly cloud: string | undefined
  readonly about: Ref
  /** What else to look at. */
  readonly also: ReadonlyArray<Ref>
  /** Names in Cinder say more to people than ids; empty where there is none. */
  readonly name: string
  readonly sizeGiB: number | undefined
  /** Milliseconds since the epoch, as `changedAt`; undefined where nobody tells. */
  readonly createdAt: number | undefined
  /** Attaching and detaching are changes too. */
  readonly changedAt: number | undefined
  /** One line: what was seen. */
  readonly detail: string
}
