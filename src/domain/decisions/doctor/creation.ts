import { Either } from "effect"
import type { QuotaUse, VolumeTypeSeen, ZoneSeen } from "../../../ports/CloudSurvey.ts"
import { defaultGiB } from "../../Capacity.ts"
import { CloudFailure, type DomainError, QuotaExceeded, Refused } from "../../errors.ts"
import type { Volume, VolumeId } from "../../Volume.ts"
import { awaitedIn, type CreateFacts, decideCreate, zoneRefused } from "../create.ts"
import { readCreateRefusal } from "../createRefusal.ts"
import { silence } from "../explanations.ts"
import type { VolumePlan } from "../plan.ts"
import { isNamed } from "./classes.ts"
import { quotaInTheWay } from "./projectRoom.ts"
import { answerOf, type ReplayAnswer } from "./Report.ts"

export interface CreationFacts {
  readonly plan: Either.Either<VolumePlan, DomainError>
  readonly cluster: string
  /** Volumes of the plan's name. */
  readonly named: ReadonlyArray<Volume>
  /** Each undefined where Cinder does not tell. */
  readonly zones: ReadonlyArray<ZoneSeen> | undefined
  readonly types: ReadonlyArray<VolumeTypeSeen> | undefined
  readonly quotas: ReadonlyArray<QuotaUse> | undefined
  /** What Cinder says of the named ones. */
  readonly said: ReadonlyMap<VolumeId, string>
}

const refusal = (detail: string) =>
  new CloudFailure({ service: "Cinder", operation: "create volume", reason: "invalid", detail, requestId: undefined })

/** What Cinder is going to say to the request, as far as it lets us know beforehand; undefined if nothing speaks against it. */
const foreseen = (
  { types, quotas, zones }: CreationFacts,
  plan: VolumePlan,
  zone: string | undefined
): { readonly error: DomainError } | { readonly zoneRefusal: string } | undefined => {
  const { volumeType } = plan
  if (volumeType !== undefined && types !== undefined && !types.some((type) => isNamed(volumeType, type))) {
    const known = types.map(({ name }) => name).join(", ")
    const read = readCreateRefusal(
      refusal(`Volume type with name ${volumeType} could not be found. There are: ${known}`),
      plan
    )
    if (read._tag === "Final") return { error: read.error }
  }
  if (zone !== undefined && zones !== undefined && zones.length > 0 && !zones.some(({ name }) => name === zone)) {
    return { zoneRefusal: `Availability zone '${zone}' is invalid.` }
  }
  const type = types?.find((one) => (volumeType === undefined ? one.isDefault : isNamed(volumeType, one)))?.name
  const full = quotas === undefined ? undefined : quotaInTheWay(quotas, plan.bounds.leastGiB ?? defaultGiB, type)
  return full === undefined ? undefined : { error: new QuotaExceeded({ detail: full }) }
}

const step = (facts: CreationFacts, plan: VolumePlan, now: CreateFacts): ReplayAnswer => {
  const verdict = decideCreate(now)
  if (verdict._tag !== "Do") return answerOf(verdict, `volume ${awaitedIn(now)?.id ?? plan.name}`)
  const { action } = verdict
  switch (action._tag) {
    case "AskZones":
      return step(facts, plan, { ...now, zones: facts.zones?.map(({ name }) => name) ?? [] })
    case "Create": {
      const trouble = foreseen(facts, plan, action.zone)
      if (trouble === undefined) {
        const where = action.zone === undefined ? "" : ` in zone ${action.zone}`
        const type = plan.volumeType === undefined ? "" : ` of type ${plan.volumeType}`
        return { _tag: "Acts", deed: `ask Cinder for ${plan.bounds.leastGiB ?? defaultGiB} GiB${type}${where}` }
      }
      return "error" in trouble
        ? { _tag: "Refuses", error: trouble.error }
        : step(facts, plan, zoneRefused(now, action.zone, trouble.zoneRefusal))
    }
    case "Bury": {
      const { id, status, zone } = action.remains
      const why = facts.said.get(id) ?? silence
      return {
        _tag: "Acts",
        deed: `delete volume ${id} in zone ${zone}, which is ${status} (${why}), and ask for another`
      }
    }
    case "MoveOn":
    case "Discard":
      return { _tag: "Acts", deed: `delete volume ${action.volume.id}, which is not what was asked for` }
    case "Explain": {
      const { id, status } = action.volume
      const because = `volume ${id} of that name is ${status}: ${facts.said.get(id) ?? silence}`
      const remedy = "delete it or have its state reset"
      return { _tag: "Refuses", error: new Refused({ subject: `volume ${plan.name}`, because, remedy }) }
    }
  }
}

/** What CreateVolume would answer now. */
export const replayCreation = (facts: CreationFacts): ReplayAnswer => {
  if (Either.isLeft(facts.plan)) return { _tag: "Refuses", error: facts.plan.left }
  const plan = facts.plan.right
  const { cluster, named } = facts
  const nothing = { fresh: undefined, watched: [], setbacks: [], zones: undefined, vanished: false }
  return step(facts, plan, { plan, cluster, named, ...nothing })
}
