import { AlreadyExists, InvalidInput, NoCapacity, NotReady, Refused } from "../errors.ts"
import type { Volume, VolumeId } from "../Volume.ts"
import { saysNoRoom, silence } from "./explanations.ts"
import { phaseOf } from "./phases.ts"
import { clusterKey, differenceOf, type VolumePlan } from "./plan.ts"
import { act, done, refuse, type Verdict, wait } from "./Verdict.ts"
import { isAllowedIn, zonesToTry } from "./zone.ts"

/** A zone that did not take the volume. */
export interface Setback {
  readonly zone: string | undefined
  /**
   * `refused`: Cinder does not know the zone or forbids it; `failed`: it accepted the volume, which then broke;
   * `elsewhere`: it put the volume where it must not be.
   */
  readonly kind: "refused" | "failed" | "elsewhere"
  /** Cinder's explanation. */
  readonly detail: string | undefined
  /** It happened before this call: circumstances may have changed. */
  readonly earlier: boolean
}

export interface CreateFacts {
  readonly plan: VolumePlan
  readonly cluster: string
  /** Volumes of the plan's name as last seen, oldest first. */
  readonly named: ReadonlyArray<Volume>
  /** The volume that this call made, and the zone it asked for. */
  readonly fresh: { readonly id: VolumeId; readonly zone: string | undefined } | undefined
  /** Volumes that this call has waited for. */
  readonly watched: ReadonlyArray<VolumeId>
  readonly setbacks: ReadonlyArray<Setback>
  /** Cinder's zones; undefined until they are asked for, empty where Cinder does not tell. */
  readonly zones: ReadonlyArray<string> | undefined
  /** A volume that was being made has disappeared. */
  readonly vanished: boolean
}

export type CreateAction =
  /** Ask Cinder for the volume in this zone. */
  | { readonly _tag: "Create"; readonly zone: string | undefined }
  /** Ask Cinder for its zones: one that was tried is not there, at least not by that name. */
  | { readonly _tag: "AskZones" }
  /** Delete what a failed creation of ours left behind, and remember why it failed. */
  | { readonly _tag: "Bury"; readonly remains: Volume }
  /** Delete the volume that this call made, since Cinder put it elsewhere, so that the next zone can be tried. */
  | { readonly _tag: "MoveOn"; readonly volume: Volume }
  /** Delete the volume that this call made, since it is not what was asked, and answer with the error. */
  | { readonly _tag: "Discard"; readonly volume: Volume; readonly error: InvalidInput | Refused }
  /** Answer with the reason for the state of a volume that is not ours to delete. */
  | { readonly _tag: "Explain"; readonly volume: Volume }

type Standing = "sound" | "making" | "leaving" | "remains" | "stuck" | "broken"

/** What a volume of our name is to us. Only remains that carry our mark and no attachment are ours to delete. */
const standingOf = (volume: Volume, cluster: string): Standing => {
  const phase = phaseOf(volume.status)
  switch (phase) {
    case "making":
    case "unknown":
      return "making"
    case "free":
    case "used":
    case "joining":
    case "parting":
    case "busy":
    case "held":
      return "sound"
    case "leaving":
      return "leaving"
    case "broken":
      if (volume.status === "error_deleting") return "stuck"
      return (volume.status === "error" || volume.status === "error_restoring") &&
        volume.attachments.length === 0 &&
        volume.metadata[clusterKey] === cluster
        ? "remains"
        : "broken"
  }
}

/** Of the volumes of a name, oldest first, the one that is taken for it if it is what is asked; undefined: none is. */
export const adoptedAmong = <A extends Volume>(named: ReadonlyArray<A>, cluster: string): A | undefined =>
  named.find((volume) => ["sound", "making"].includes(standingOf(volume, cluster)))

type Subject = { readonly volume: Volume; readonly standing: Standing; readonly difference: string | undefined }

/**
 * The volume that matters now. In order: the oldest that is what was asked; the fresh one although it is not; any that
 * differs; remains to be buried; one on its way out, which might yet come back; a broken one. Volumes that nobody can
 * delete (`error_deleting`) are passed over.
 */
const subjectOf = ({ plan, named, fresh, cluster }: CreateFacts): Subject | undefined => {
  const subjects = named.map((volume) => ({
    volume,
    standing: standingOf(volume, cluster),
    difference: differenceOf(plan, volume)
  }))
  const stands = ({ standing }: Subject) => standing === "sound" || standing === "making"
  return (
    subjects.find((subject) => stands(subject) && subject.difference === undefined) ??
    subjects.find((subject) => stands(subject) && subject.volume.id === fresh?.id) ??
    subjects.find(
      (subject) => stands(subject) || (subject.standing === "broken" && subject.difference !== undefined)
    ) ??
    subjects.find(({ standing }) => standing === "remains") ??
    subjects.find(({ standing }) => standing === "leaving") ??
    subjects.find(({ standing }) => standing === "broken")
  )
}

/** The volume whose change a `Wait` is about. */
export const awaitedIn = (facts: CreateFacts): Volume | undefined => subjectOf(facts)?.volume

const subjectText = (plan: VolumePlan): string => `volume ${plan.name}`

const differencesIn = ({ plan, named }: CreateFacts): AlreadyExists => {
  const differences = named.flatMap((volume) => {
    const difference = differenceOf(plan, volume)
    return difference === undefined ? [] : [`${volume.id} ${difference}`]
  })
  return new AlreadyExists({ subject: subjectText(plan), difference: differences.join("; ") })
}

/** What becomes of a volume that this call made and that is not what was asked: no other zone mends a wrong type. */
const afterMismatch = (plan: VolumePlan, volume: Volume, difference: string): CreateAction => {
  if (plan.severalNodes && !volume.multiattach) {
    const problem = `ask for several nodes, and volume type ${volume.volumeType ?? "(default)"} has no multiattach`
    return { _tag: "Discard", volume, error: new InvalidInput({ field: "volume_capabilities", problem }) }
  }
  if (!isAllowedIn(plan.zones, volume.zone)) return { _tag: "MoveOn", volume }
  const because = `Cinder made a volume that ${difference}`
  const remedy = "ask for a type and size that Cinder has"
  return { _tag: "Discard", volume, error: new Refused({ subject: subjectText(plan), because, remedy }) }
}

/** The zone to try next: one that has not failed, else one whose failure is old. */
const nextZone = ({ plan, setbacks, zones: known }: CreateFacts): { readonly zone: string | undefined } | undefined => {
  const failures = (zone: string | undefined) => setbacks.filter((setback) => setback.zone === zone)
  const zones = zonesToTry(plan.zones, known ?? []).map((zone) => ({ zone, failures: failures(zone) }))
  return (
    zones.find((candidate) => candidate.failures.length === 0) ??
    zones.find((candidate) => candidate.failures.every(({ earlier }) => earlier))
  )
}

const zonesText = (zones: ReadonlyArray<string> | undefined): string =>
  zones === undefined || zones.length === 0 ? "" : `; Cinder's zones are ${zones.join(", ")}`

/** Why no zone took the volume: want of room comes first, as it lets Kubernetes look for another place. */
const failureOf = ({ plan, setbacks, zones: known }: CreateFacts): NoCapacity | Refused | InvalidInput => {
  const zones = new Set(setbacks.map(({ zone }) => zone))
  const where = (zone: string | undefined) => (zone === undefined || zones.size === 1 ? "" : `zone ${zone}: `)
  const text = setbacks.map(({ zone, detail }) => `${where(zone)}${detail ?? silence}`).join("; ")
  if (setbacks.some(({ detail }) => detail !== undefined && saysNoRoom(detail))) {
    return new NoCapacity({ zone: zones.size === 1 ? setbacks[0]?.zone : undefined, detail: text })
  }
  if (setbacks.some(({ kind }) => kind === "failed")) {
    return new Refused({ subject: subjectText(plan), because: `Cinder could not make it: ${text}`, remedy: undefined })
  }
  if (setbacks.some(({ kind }) => kind === "elsewhere")) {
    return new Refused({
      subject: subjectText(plan),
      because: `Cinder made it in another zone than asked: ${text}${zonesText(known)}`,
      remedy: "map Nova's zones to them with availability-zone-map, or set ignore-volume-az"
    })
  }
  return new InvalidInput({ field: plan.zones.field, problem: `is refused by Cinder: ${text}${zonesText(known)}` })
}

/**
 * What to do about a volume that is asked for by name. Names are not unique in Cinder: the oldest volume that is what
 * was asked is adopted, and none is deleted but remains of our own failures.
 */
export const decideCreate = (facts: CreateFacts): Verdict<CreateAction, Volume> => {
  const { plan, fresh } = facts
  if (facts.vanished) {
    return refuse(
      new NotReady({
        subject: subjectText(plan),
        state: "gone: it was deleted by somebody else while Cinder made it",
        remedy: undefined
      })
    )
  }
  const subject = subjectOf(facts)
  if (subject === undefined) {
    const isZoneAmiss = facts.setbacks.some(({ kind }) => kind !== "failed")
    if (isZoneAmiss && facts.zones === undefined) return act({ _tag: "AskZones" })
    const next = nextZone(facts)
    return next === undefined ? refuse(failureOf(facts)) : act({ _tag: "Create", zone: next.zone })
  }
  const { volume, standing, difference } = subject
  switch (standing) {
    case "sound":
      if (difference === undefined) return done(volume)
      return volume.id === fresh?.id ? act(afterMismatch(plan, volume, difference)) : refuse(differencesIn(facts))
    case "making":
      return difference === undefined || volume.id === fresh?.id ? wait(volume.status) : refuse(differencesIn(facts))
    case "remains":
      return act({ _tag: "Bury", remains: volume })
    case "leaving":
      return wait(volume.status)
    case "stuck":
    case "broken":
      return difference === undefined ? act({ _tag: "Explain", volume }) : refuse(differencesIn(facts))
  }
}

/** The facts after another look at one volume; `undefined` means that it is gone. */
export const seenAgain = (facts: CreateFacts, id: VolumeId, seen: Volume | undefined): CreateFacts => {
  const before = facts.named.find((volume) => volume.id === id)
  return {
    ...facts,
    named: facts.named.flatMap((volume) => (volume.id !== id ? [volume] : seen === undefined ? [] : [seen])),
    watched: [...facts.watched.filter((known) => known !== id), id],
    vanished: seen === undefined && before !== undefined && phaseOf(before.status) !== "leaving"
  }
}

/** The facts once Cinder has accepted a volume. */
export const created = (facts: CreateFacts, zone: string | undefined, volume: Volume): CreateFacts => ({
  ...facts,
  named: [...facts.named, volume],
  fresh: { id: volume.id, zone }
})

/** The facts once a zone was refused. */
export const zoneRefused = (facts: CreateFacts, zone: string | undefined, detail: string): CreateFacts => ({
  ...facts,
  setbacks: [...facts.setbacks, { zone, kind: "refused", detail, earlier: false }]
})

/** The facts once the volume that this call made was deleted for the zone that it is in. */
export const movedOn = (facts: CreateFacts, volume: Volume): CreateFacts => ({
  ...facts,
  named: facts.named.filter(({ id }) => id !== volume.id),
  fresh: undefined,
  setbacks: [
    ...facts.setbacks,
    { zone: facts.fresh?.zone, kind: "elsewhere", detail: `made in ${volume.zone}`, earlier: false }
  ]
})

/** The facts once remains were deleted, with Cinder's explanation of the failure. */
export const buried = (facts: CreateFacts, remains: Volume, detail: string | undefined): CreateFacts => {
  const fresh = remains.id === facts.fresh?.id ? facts.fresh : undefined
  const setback: Setback = {
    zone: fresh === undefined ? remains.zone : fresh.zone,
    kind: "failed",
    detail,
    earlier: fresh === undefined && !facts.watched.includes(remains.id)
  }
  return {
    ...facts,
    named: facts.named.filter(({ id }) => id !== remains.id),
    fresh: fresh === undefined ? facts.fresh : undefined,
    setbacks: [...facts.setbacks, setback]
  }
}
