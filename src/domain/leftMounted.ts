import { type Context, Effect } from "effect"
import type { BlockDevice, HostMounter } from "../ports/HostMounter.ts"
import { mountsOf, sitsOn, topAt } from "./decisions/mounts.ts"
import { type DomainError, type HostFailure, NotReady } from "./errors.ts"
import { readMounts } from "./hostFacts.ts"
import { isFinal } from "./nodeSettling.ts"

/** Kubelet may forget a path after a final error, and this one is still mounted. */
export const stillMounted =
  (path: string, state = "to be mounted anew") =>
  (failure: HostFailure): HostFailure | NotReady =>
    failure.outcome === "unknown"
      ? failure
      : new NotReady({ subject: path, state: `${state}, and ${failure.message}`, remedy: undefined })

export const stillMountedAfter = (path: string, { message }: DomainError) =>
  stillMounted(path, `to be unmounted after an error (${message})`)

/** What a stage that ends in an error may have left at its path. */
export interface Attempt {
  readonly stagingPath: string
  /** Undefined: the disk was not found. */
  readonly device: BlockDevice | undefined
  /** This call has mounted it, or has tried to. */
  readonly isOurs: boolean
  /** It was mounted when this call began. What came later and is not ours, another driver has mounted. */
  readonly wasThere: boolean
}

/** Whether the caller may forget the volume and a mount from before with it, which nobody has called a wrong one. */
const endsStaging = ({ _tag }: DomainError): boolean => _tag !== "NotReady" && _tag !== "AlreadyExists"

/**
 * Kubelet forgets a path after a final error, and a mount left there would never be undone: neither one of this call nor
 * one of a call before, of which kubelet knows only that it had not ended. What pods have is theirs.
 */
export const leaveNothingMounted = (
  host: Context.Tag.Service<HostMounter>,
  { device, isOurs, stagingPath, wasThere }: Attempt,
  error: DomainError
): Effect.Effect<never, DomainError> =>
  Effect.gen(function* () {
    if (device === undefined || !isFinal(error) || !(isOurs || (wasThere && endsStaging(error)))) return yield* error
    const mounts = yield* readMounts(host)
    const { path } = yield* host.locate(stagingPath, mounts)
    const top = topAt(mounts, path)
    const isAlone = mountsOf(mounts, device).length === 1
    if (top !== undefined && sitsOn(top, device) && (isOurs || isAlone)) {
      yield* Effect.mapError(host.unmount(path), stillMountedAfter(path, error))
    }
    return yield* error
  })
