import { Context, Effect, Layer } from "effect"
import { Cinder } from "effect-cinder-csi/ports"

/** What has been asked of the cloud, and what came of it: where nothing more is written, nobody knows. */
export interface Entry {
  readonly change: `${"create" | "delete"} ${"volume" | "snapshot" | "backup"}` | "extend volume" | "remove attachment"
  readonly subject: string
  readonly outcome: "asked" | "accepted" | "refused"
}

/** Where entries are kept. A defect of it ends the call: what cannot be written down is not done. */
export class AuditTrail extends Context.Tag("example/AuditTrail")<
  AuditTrail,
  { readonly write: (entry: Entry) => Effect.Effect<void> }
>() {}

/**
 * A port of our own: Cinder, with each change written down before it is asked for and after it is answered. It needs a
 * Cinder and is one, so nothing else in the driver notices.
 */
export const layerAudited: Layer.Layer<Cinder, never, Cinder | AuditTrail> = Layer.effect(
  Cinder,
  Effect.gen(function* () {
    const cinder = yield* Cinder
    const { write } = yield* AuditTrail

    const audited = <A, E>(change: Entry["change"], subject: string, ask: Effect.Effect<A, E>) =>
      write({ change, subject, outcome: "asked" }).pipe(
        Effect.zipRight(ask),
        Effect.tap(() => write({ change, subject, outcome: "accepted" })),
        Effect.tapError(() => write({ change, subject, outcome: "refused" }))
      )

    return Cinder.of({
      ...cinder,
      createVolume: (spec) => audited("create volume", spec.name, cinder.createVolume(spec)),
      extendVolume: (id, sizeGiB, attached) => audited("extend volume", id, cinder.extendVolume(id, sizeGiB, attached)),
      deleteVolume: (id) => audited("delete volume", id, cinder.deleteVolume(id)),
      createSnapshot: (spec) => audited("create snapshot", spec.name, cinder.createSnapshot(spec)),
      deleteSnapshot: (id) => audited("delete snapshot", id, cinder.deleteSnapshot(id)),
      createBackup: (spec) => audited("create backup", spec.name, cinder.createBackup(spec)),
      deleteBackup: (id) => audited("delete backup", id, cinder.deleteBackup(id)),
      removeAttachment: (id) => audited("remove attachment", id, cinder.removeAttachment(id))
    })
  })
)
