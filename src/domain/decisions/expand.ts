import { bytesOf, largestGiB } from "../Capacity.ts"
import { type CloudFailure, NoCapacity, NotReady, OutOfRange, Refused, VolumeNotFound } from "../errors.ts"
import type { Volume, VolumeId } from "../Volume.ts"
import type { SizeBounds } from "./capacity.ts"
import { saysNoRoom, silence } from "./explanations.ts"
import { phaseOf, staleReadMillis } from "./phases.ts"
import { act, done, refuse, type Verdict, wait } from "./Verdict.ts"

export interface ExpandFacts {
  readonly id: VolumeId
  readonly bounds: SizeBounds
  readonly volume: Volume | undefined
  /** What became of our request; undefined before there is one. */
  readonly request: "accepted" | { readonly refused: CloudFailure } | undefined
  /** Since the request. */
  readonly waitedMillis: number
}

export type ExpandAction =
  | { readonly _tag: "Extend"; readonly sizeGiB: number; readonly attached: boolean }
  /** Answer with what Cinder says about the state or about an extension that it dropped. */
  | { readonly _tag: "Explain"; readonly volume: Volume; readonly dropped: boolean }

const subjectOf = (id: VolumeId): string => `volume ${id}`

/** What to do about a size; the only proof of an extension is the size that Cinder shows afterwards. */
export const decideExpand = (facts: ExpandFacts): Verdict<ExpandAction, Volume> => {
  const { id, bounds, volume, request } = facts
  if (volume === undefined) return refuse(new VolumeNotFound({ id }))
  const subject = subjectOf(id)
  const phase = phaseOf(volume.status)
  if (phase === "leaving") return refuse(new Refused({ subject, because: "it is being deleted", remedy: undefined }))
  const wantedGiB = bounds.leastGiB ?? volume.sizeGiB
  if (volume.sizeGiB >= wantedGiB) {
    const tooLarge = volume.sizeGiB > (bounds.mostGiB ?? largestGiB)
    const problem = `is less than the ${bytesOf(volume.sizeGiB)} bytes the volume has already; volumes never shrink`
    return tooLarge ? refuse(new OutOfRange({ field: "capacity_range.limit_bytes", problem })) : done(volume)
  }
  switch (phase) {
    case "free":
    case "used":
      if (request === undefined) {
        return act({ _tag: "Extend", sizeGiB: wantedGiB, attached: phase === "used" })
      }
      if (request !== "accepted") {
        return refuse(new Refused({ subject, because: request.refused.detail, remedy: undefined }))
      }
      return facts.waitedMillis < staleReadMillis
        ? wait(volume.status)
        : act({ _tag: "Explain", volume, dropped: true })
    case "making":
    case "joining":
    case "parting":
    case "busy":
    case "unknown":
      return wait(volume.status)
    case "held":
      return refuse(new NotReady({ subject, state: volume.status, remedy: "accept the transfer or cancel it" }))
    case "broken":
      return act({ _tag: "Explain", volume, dropped: false })
  }
}

/** Why a volume did not grow. Cinder drops an extension without a word when no backend has room for it. */
export const failedExpansion = (
  volume: Volume,
  dropped: boolean,
  explanation: string | undefined
): NoCapacity | Refused => {
  const detail = explanation ?? silence
  if (dropped && (explanation === undefined || saysNoRoom(explanation))) {
    return new NoCapacity({ zone: volume.zone, detail: `volume ${volume.id} kept its size: ${detail}` })
  }
  return new Refused({
    subject: `volume ${volume.id}`,
    because: dropped ? `it kept its size: ${detail}` : `it is ${volume.status}: ${detail}`,
    remedy: dropped ? undefined : "an administrator of the cloud has to look at it and reset its state"
  })
}
