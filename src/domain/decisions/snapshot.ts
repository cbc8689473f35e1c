import { AlreadyExists, NotReady, Refused } from "../errors.ts"
import type { Snapshot, SnapshotId } from "../Snapshot.ts"
import type { Volume, VolumeId } from "../Volume.ts"
import { phaseOf, snapshotPhaseOf } from "./phases.ts"
import { clusterKey } from "./plan.ts"
import { act, done, refuse, type Verdict, wait } from "./Verdict.ts"

/** On snapshots that exist only until a backup is made of them. */
export const temporaryKey = "cinder.csi.openstack.org/temporary"

export const isTemporary = ({ metadata }: Pick<Snapshot, "metadata">): boolean => metadata[temporaryKey] === "true"

export interface SnapshotFacts {
  readonly name: string
  readonly volumeId: VolumeId
  readonly cluster: string
  /** Snapshots of the name as last seen, oldest first. */
  readonly named: ReadonlyArray<Snapshot>
  /** The snapshot that this call made. */
  readonly fresh: SnapshotId | undefined
  /** A snapshot that was being cut has disappeared. */
  readonly vanished: boolean
}

export type SnapshotAction =
  | { readonly _tag: "Create" }
  /** Delete what a failed cut of an earlier call left behind. */
  | { readonly _tag: "Bury"; readonly remains: Snapshot }
  /** Delete what this call's cut left behind and answer with the reason. */
  | { readonly _tag: "GiveUp"; readonly remains: Snapshot }
  /** Answer with the reason for the state of a snapshot that is not ours to delete. */
  | { readonly _tag: "Explain"; readonly snapshot: Snapshot }

type Standing = "ready" | "making" | "leaving" | "remains" | "stuck" | "broken"

const standingOf = (snapshot: Snapshot, cluster: string): Standing => {
  const phase = snapshotPhaseOf(snapshot.status)
  switch (phase) {
    case "free":
      return "ready"
    case "making":
    case "busy":
    case "unknown":
      return "making"
    case "leaving":
      return "leaving"
    case "broken":
      if (snapshot.status === "error_deleting") return "stuck"
      return snapshot.metadata[clusterKey] === cluster ? "remains" : "broken"
  }
}

type Subject = { readonly snapshot: Snapshot; readonly standing: Standing }

/** The snapshot that matters now: the oldest of our volume that may serve, then remains, then one on its way out. */
const subjectOf = ({ named, volumeId, cluster }: SnapshotFacts): Subject | undefined => {
  const subjects = named
    .filter((snapshot) => snapshot.volumeId === volumeId)
    .map((snapshot) => ({ snapshot, standing: standingOf(snapshot, cluster) }))
  return (
    subjects.find(({ standing }) => standing === "ready" || standing === "making") ??
    subjects.find(({ standing }) => standing === "remains") ??
    subjects.find(({ standing }) => standing === "leaving") ??
    subjects.find(({ standing }) => standing === "broken")
  )
}

/** The snapshot whose change a `Wait` is about. */
export const awaitedSnapshot = (facts: SnapshotFacts): Snapshot | undefined => subjectOf(facts)?.snapshot

/** A snapshot of the same name and another volume, unless nothing but remains is left of it. */
const foreign = ({ named, volumeId, cluster }: SnapshotFacts): Snapshot | undefined =>
  named.find(
    (snapshot) =>
      snapshot.volumeId !== volumeId && ["ready", "making", "broken"].includes(standingOf(snapshot, cluster))
  )

/** What to do about a snapshot that is asked for by name. Names are not unique in Cinder. */
export const decideSnapshot = (facts: SnapshotFacts): Verdict<SnapshotAction, Snapshot> => {
  const text = `snapshot ${facts.name}`
  if (facts.vanished) {
    const state = "gone: it was deleted by somebody else while Cinder cut it"
    return refuse(new NotReady({ subject: text, state, remedy: undefined }))
  }
  const subject = subjectOf(facts)
  const other = foreign(facts)
  if (other !== undefined && subject?.standing !== "ready" && subject?.standing !== "making") {
    const difference = `${other.id} is of volume ${other.volumeId}, not ${facts.volumeId}`
    return refuse(new AlreadyExists({ subject: text, difference }))
  }
  if (subject === undefined) return act({ _tag: "Create" })
  const { snapshot, standing } = subject
  switch (standing) {
    case "ready":
      return done(snapshot)
    case "making":
    case "leaving":
      return wait(snapshot.status)
    case "remains":
      return act({ _tag: snapshot.id === facts.fresh ? "GiveUp" : "Bury", remains: snapshot })
    case "stuck":
    case "broken":
      return act({ _tag: "Explain", snapshot })
  }
}

/** The facts after another look at one snapshot; `undefined` means that it is gone. */
export const snapshotSeenAgain = (facts: SnapshotFacts, id: SnapshotId, seen: Snapshot | undefined): SnapshotFacts => {
  const before = facts.named.find((snapshot) => snapshot.id === id)
  return {
    ...facts,
    named: facts.named.flatMap((snapshot) => (snapshot.id !== id ? [snapshot] : seen === undefined ? [] : [seen])),
    vanished: seen === undefined && before !== undefined && snapshotPhaseOf(before.status) !== "leaving"
  }
}

/** A cut that Cinder refused to begin, with the volume as it is. */
export const refusedCut = (name: string, volume: Volume, refusal: string): NotReady | Refused => {
  const subject = `snapshot ${name}`
  switch (phaseOf(volume.status)) {
    case "making":
    case "joining":
    case "parting":
    case "busy":
    case "unknown":
      return new NotReady({
        subject,
        state: `not possible while volume ${volume.id} is ${volume.status}`,
        remedy: undefined
      })
    case "free":
    case "used":
      return new Refused({ subject, because: refusal, remedy: undefined })
    case "held":
    case "leaving":
    case "broken":
      return new Refused({ subject, because: `volume ${volume.id} is ${volume.status}`, remedy: undefined })
  }
}

/** Whether the point in time is fixed, so that the snapshot can be shown. */
export const isCut = (snapshot: Snapshot): boolean => {
  switch (snapshotPhaseOf(snapshot.status)) {
    case "free":
    case "busy":
      return true
    case "making":
    case "leaving":
    case "broken":
    case "unknown":
      return false
  }
}
