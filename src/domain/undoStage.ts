import { type Context, Effect } from "effect"
import type { BlockDevice, HostMounter } from "../ports/HostMounter.ts"
import { topAt } from "./decisions/mounts.ts"
import { decideUnstage, type UnstageAction, type UnstageFacts } from "./decisions/unstage.ts"
import type { HostFailure } from "./errors.ts"
import { diskBelow, readMounts } from "./hostFacts.ts"
import { settle } from "./nodeSettling.ts"
import type { Patience } from "./nodeWaiting.ts"
import type { VolumeId } from "./Volume.ts"

/** A dead disk must not keep its volume staged; but while a step may still take effect, nobody may go on. */
const unlessFailed = <A>(step: Effect.Effect<A, HostFailure>, otherwise: A) =>
  Effect.catchAll(step, (failure) =>
    failure.outcome === "unknown" ? failure : Effect.as(Effect.logWarning(failure.message), otherwise)
  )

/** Takes down what is mounted at the path, and succeeds only if nothing uses the volume's disk on this node any more. */
export const undoStage = (
  host: Context.Tag.Service<HostMounter>,
  volumeId: VolumeId,
  stagingPath: string,
  patience: Patience
) =>
  Effect.suspend(() => {
    let below: BlockDevice | undefined
    let flushed = false

    const look = Effect.gen(function* (): Effect.fn.Return<UnstageFacts, HostFailure> {
      const mounts = yield* readMounts(host)
      const place = yield* host.locate(stagingPath, mounts)
      const top = topAt(mounts, place.path)
      const nothingYet = { volumeId, ...place, mounts, disk: undefined, holders: [], flushed }
      if (top !== undefined) {
        below = yield* diskBelow(host, top, mounts)
        return nothingYet
      }
      const disk = (yield* unlessFailed<BlockDevice | undefined>(host.findDevice(volumeId), undefined)) ?? below
      if (disk === undefined) return nothingYet
      return { ...nothingYet, disk, holders: yield* unlessFailed(host.holdersOf(disk), []) }
    })

    const carryOut = (action: UnstageAction, { path }: UnstageFacts) => {
      if (action._tag === "Unmount") return host.unmount(path)
      flushed = true
      return unlessFailed(host.flush(action.disk), undefined)
    }

    return settle({ subject: `volume ${volumeId}`, patience, look, decide: decideUnstage, carryOut })
  })
