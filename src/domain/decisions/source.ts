import { Either } from "effect"
import { NotReady, Refused } from "../errors.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { Volume } from "../Volume.ts"
import { phaseOf, snapshotPhaseOf } from "./phases.ts"

/** The least size of a copy in GiB, if the source can be copied from now. */
type SourceVerdict = Either.Either<number, NotReady | Refused>

const notYet = (subject: string, state: string) => Either.left(new NotReady({ subject, state, remedy: undefined }))

const never = (subject: string, status: string) =>
  Either.left(new Refused({ subject, because: `it is ${status} and cannot be copied from`, remedy: undefined }))

/** Cinder copies from an `available` snapshot alone. */
export const judgeSnapshotSource = (snapshot: Snapshot): SourceVerdict => {
  const subject = `snapshot ${snapshot.id}`
  switch (snapshotPhaseOf(snapshot.status)) {
    case "free":
      return Either.right(snapshot.sizeGiB)
    case "making":
    case "busy":
    case "unknown":
      return notYet(subject, snapshot.status)
    case "leaving":
    case "broken":
      return never(subject, snapshot.status)
  }
}

/** Cinder copies from a volume that is at rest, in use or not. */
export const judgeVolumeSource = (volume: Volume): SourceVerdict => {
  const subject = `volume ${volume.id}`
  switch (phaseOf(volume.status)) {
    case "free":
    case "used":
      return Either.right(volume.sizeGiB)
    case "making":
    case "joining":
    case "parting":
    case "busy":
    case "held":
    case "unknown":
      return notYet(subject, volume.status)
    case "leaving":
    case "broken":
      return never(subject, volume.status)
  }
}
