import { Effect } from "effect"
import type { AuditedCluster } from "../../src/domain/Audit.ts"
import type { ClusterReading } from "../../src/domain/AuditFacts.ts"
import type { ClusterFailure } from "../../src/domain/clusterErrors.ts"
import { cluster } from "./audit.ts"

export interface ClusterRecords {
  readonly port: AuditedCluster
  /** What is read from now on. */
  readonly set: (change: Partial<ClusterReading>) => void
  /** Runs before the next list of volumes, as what happens meanwhile. */
  readonly meanwhile: { next: Effect.Effect<void, ClusterFailure> | undefined }
}

/** Records of volumes as Kubernetes would show them. */
export const clusterRecords = (first: Partial<ClusterReading> = {}): ClusterRecords => {
  let reading = cluster(first)
  const meanwhile: ClusterRecords["meanwhile"] = { next: undefined }
  const now = <A>(read: (all: ClusterReading) => A) => Effect.sync(() => read(reading))
  return {
    set: (change) => {
      reading = { ...reading, ...change }
    },
    meanwhile,
    port: {
      volumes: Effect.suspend(() => {
        const { next = Effect.void } = meanwhile
        meanwhile.next = undefined
        return Effect.zipRight(
          next,
          now(({ volumes }) => volumes)
        )
      }),
      attachments: now(({ attachments }) => attachments),
      snapshots: now(({ snapshots }) => snapshots),
      plugins: now(({ servers }) => servers),
      storageClasses: now(({ classes }) => classes)
    }
  }
}
