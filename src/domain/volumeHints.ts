import { Effect, Option } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import { Claims } from "../ports/Claims.ts"
import { entriesOf, hintsFrom, idIn, readHintEntries } from "./decisions/hints.ts"
import type { VolumePlan } from "./decisions/plan.ts"
import { makeNoticeOnce } from "./noticeOnce.ts"
import { noHints } from "./SchedulerHints.ts"

/** Lookups at a time for one claim. */
const concurrency = 8

/**
 * The scheduler hints of a volume that is to be made. A claim that cannot be read fails the call: a volume without the
 * hints that were asked for could not be moved later. Without hints it costs one request to Kubernetes and none to Cinder.
 */
export const makeHintsFor = Effect.gen(function* () {
  const cinder = yield* Cinder
  const claims = Option.getOrUndefined(yield* Effect.serviceOption(Claims))
  const noticeOnce = yield* makeNoticeOnce

  const idsNamed = (name: string) => Effect.map(cinder.findVolumes(name), (volumes) => volumes.map(({ id }) => id))

  const lookUp = (entry: string) => {
    const id = idIn(entry)
    if (id === undefined) return idsNamed(entry)
    return cinder.getVolume(id).pipe(
      Effect.map((volume) => [volume.id]),
      Effect.catchTag("VolumeNotFound", () => idsNamed(entry))
    )
  }

  return Effect.fnUntraced(function* ({ claim }: Pick<VolumePlan, "claim">) {
    if (claims === undefined) return noHints
    if (claim === undefined) {
      yield* noticeOnce(
        "hints of claims are not read: csi-provisioner does not name them; give it --extra-create-metadata"
      )
      return noHints
    }
    const entries = yield* readHintEntries(claim, yield* claims.annotations(claim))
    const found = yield* Effect.forEach(
      entriesOf(entries),
      // Otherwise a lookup that fails would wait for the time limits of the others.
      (entry) => Effect.disconnect(Effect.map(lookUp(entry), (ids) => [entry, ids] as const)),
      { concurrency }
    )
    return yield* hintsFrom(entries, new Map(found))
  })
})
