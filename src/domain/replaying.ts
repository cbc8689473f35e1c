import { Effect } from "effect"
import type { CinderReading, NovaReading } from "../ports/CloudReading.ts"
import type { HostReading } from "../ports/HostReading.ts"
import type { AccessMode } from "./Capability.ts"
import type { SizeBounds } from "./decisions/capacity.ts"
import { decideDelete } from "./decisions/delete.ts"
import { answerOf, type Replay, type ReplayAnswer } from "./decisions/doctor/Report.ts"
import { decideExpand, failedExpansion } from "./decisions/expand.ts"
import { silence } from "./decisions/explanations.ts"
import { brokenVolume, decidePublish, type PublishAction, type PublishFacts } from "./decisions/publish.ts"
import { decideStage } from "./decisions/stage.ts"
import { noProgress, type StageAction, type StageFacts } from "./decisions/stageFacts.ts"
import { brokenHere, decideUnpublish, type UnpublishAction, type UnpublishFacts } from "./decisions/unpublish.ts"
import type { Verdict } from "./decisions/Verdict.ts"
import { type DomainError, Refused } from "./errors.ts"
import type { Server, ServerId } from "./Server.ts"
import type { Volume, VolumeId } from "./Volume.ts"

/** What a step of a decision comes to where nothing may be changed: more facts, an end, or a deed that is only told. */
type Step<Facts> = { readonly facts: Facts } | { readonly error: DomainError } | { readonly deed: string }

/** No decision asks for as many things to be seen before it says something. */
const mostSteps = 12

/** Asks the decision as the driver does, and stops at the first step that would change something. */
const replay = <Facts, Action, Result, E>(
  subject: string,
  start: Facts,
  decide: (facts: Facts) => Verdict<Action, Result>,
  step: (action: Action, facts: Facts) => Effect.Effect<Step<Facts>, E>
): Effect.Effect<ReplayAnswer, E> =>
  Effect.gen(function* () {
    let facts = start
    for (let steps = 0; steps < mostSteps; steps++) {
      const verdict = decide(facts)
      if (verdict._tag !== "Do") return answerOf(verdict, subject)
      const next = yield* step(verdict.action, facts)
      if ("deed" in next) return { _tag: "Acts", deed: next.deed }
      if ("error" in next) return { _tag: "Refuses", error: next.error }
      facts = next.facts
    }
    return { _tag: "Acts", deed: "go on looking" }
  })

/** What a replay reads. */
export interface Reading {
  readonly cinder: CinderReading["Type"]
  readonly nova: NovaReading["Type"]
}

const explained = ({ cinder }: Reading, id: VolumeId) => Effect.map(cinder.explain(id), (said) => said ?? silence)

const lookAtServer = ({ nova }: Reading, id: ServerId) =>
  nova.getServer(id).pipe(
    Effect.catchTags({
      ServerNotFound: () => Effect.succeed("gone" as const),
      CloudFailure: () => Effect.succeed("unseen" as const)
    })
  )

export interface Pair {
  readonly volume: Volume | undefined
  readonly id: VolumeId
  readonly server: Server | "gone"
  readonly serverId: ServerId
}

const pairText = ({ id, serverId }: Pair): string => `volume ${id} and server ${serverId}`

/** What ControllerPublishVolume would answer now. */
export const replayPublish = (reading: Reading, pair: Pair, mode: AccessMode): Effect.Effect<Replay> => {
  const unknown = { request: undefined, waitedMillis: 0, asked: 0, watchedMillis: undefined, full: undefined }
  const facts: PublishFacts = { ...pair, mode, ...unknown, fallBacks: undefined, other: undefined }
  const step = (action: PublishAction, now: PublishFacts): Effect.Effect<Step<PublishFacts>> => {
    switch (action._tag) {
      case "Attach":
        return Effect.succeed({ deed: `ask Nova to attach volume ${now.id} to server ${now.serverId}` })
      case "LookElsewhere":
        return Effect.map(lookAtServer(reading, action.serverId), (other) => ({ facts: { ...now, other } }))
      case "CountFallBack":
        return Effect.succeed({ deed: "ask Nova once more" })
      case "Explain":
        return Effect.map(explained(reading, now.id), (said) => ({ error: brokenVolume(action.volume, said) }))
    }
  }
  return Effect.map(replay(`volume ${pair.id}`, facts, decidePublish, step), (answer) => ({
    call: "ControllerPublishVolume",
    about: pairText(pair),
    answer
  }))
}

/** What ControllerUnpublishVolume would answer now. */
export const replayUnpublish = (reading: Reading, pair: Pair, removesStale: boolean): Effect.Effect<Replay> => {
  const nothing = { looks: 0, request: undefined, waitedMillis: 0, asked: 0, watchedMillis: undefined }
  const facts: UnpublishFacts = {
    ...pair,
    server: undefined,
    ...nothing,
    goneMillis: 0,
    removesStale,
    removal: undefined,
    landingMillis: 0
  }
  const step = (action: UnpublishAction, now: UnpublishFacts): Effect.Effect<Step<UnpublishFacts>> => {
    switch (action._tag) {
      case "Detach":
        // A server that is gone, or that refuses, is found out by the request: here it is asked beforehand.
        return now.server === undefined
          ? Effect.succeed({ facts: { ...now, server: pair.server, looks: 1 } })
          : Effect.succeed({ deed: `ask Nova to detach volume ${now.id} from server ${now.serverId}` })
      case "LookAtServer":
        return Effect.succeed({ facts: { ...now, server: pair.server, looks: now.looks + 1 } })
      case "RemoveAttachment":
        return Effect.succeed({ deed: `remove attachment ${action.attachmentId} of Cinder` })
      case "Explain":
        return Effect.map(explained(reading, now.id), (said) => ({
          error: brokenHere(action.volume, now.serverId, said)
        }))
    }
  }
  return Effect.map(replay(`volume ${pair.id}`, facts, decideUnpublish, step), (answer) => ({
    call: "ControllerUnpublishVolume",
    about: pairText(pair),
    answer
  }))
}

/** What ControllerExpandVolume would answer now. */
export const replayExpand = (reading: Reading, volume: Volume, bounds: SizeBounds): Effect.Effect<Replay> => {
  const { id } = volume
  const facts = { id, bounds, volume, request: undefined, waitedMillis: 0 }
  return replay(`volume ${id}`, facts, decideExpand, (action) =>
    action._tag === "Extend"
      ? Effect.succeed({
          deed: `ask Cinder for ${action.sizeGiB} GiB${action.attached ? ", while it is attached" : ""}`
        })
      : Effect.map(reading.cinder.explain(id), (said) => ({
          error: failedExpansion(action.volume, action.dropped, said)
        }))
  ).pipe(Effect.map((answer) => ({ call: "ControllerExpandVolume", about: `volume ${id}`, answer })))
}

/** What DeleteVolume would answer now; that Cinder accepts the request is taken for granted. */
export const replayDelete = (reading: Reading, id: VolumeId, volume: Volume | undefined): Effect.Effect<Replay> => {
  const subject = `volume ${id}`
  const isFree =
    volume !== undefined && ["available", "error", "error_restoring", "error_extending"].includes(volume.status)
  const facts = { id, volume, request: "accepted" as const, waitedMillis: 0 }
  return replay(subject, facts, decideDelete, (action) =>
    action._tag === "LookForSnapshots"
      ? Effect.succeed({ deed: "look which snapshots are in the way" })
      : Effect.map(explained(reading, id), (said) => ({
          error: new Refused({
            subject,
            because: `it is ${volume?.status}: ${said}`,
            remedy: "an administrator of the cloud has to look at it"
          })
        }))
  ).pipe(
    Effect.map(
      (answer): ReplayAnswer =>
        isFree && answer._tag === "Waits" ? { _tag: "Acts", deed: `ask Cinder to delete ${subject}` } : answer
    ),
    Effect.map((answer) => ({ call: "DeleteVolume", about: subject, answer }))
  )
}

const stageDeed = (action: StageAction, { device, path }: StageFacts): string => {
  switch (action._tag) {
    case "MakeDirectory":
      return `make the directory ${path}`
    case "Unmount":
      return `unmount what is dead at ${path}`
    case "RefreshSize":
      return `have the kernel read the size of ${device.path} anew`
    case "Format":
      return `make an ${action.fileSystem} on ${device.path}, which is blank`
    case "Check":
      return `check the ${action.fileSystem} on ${device.path}`
    case "Mount":
      return `mount ${device.path} at ${path}`
    case "Grow":
      return `grow the ${action.fileSystem} on ${device.path}`
    case "Look":
    case "TakePulse":
      return `look at ${device.path}`
  }
}

/** What NodeStageVolume would answer now, on this machine. */
export const replayStage = (host: HostReading["Type"], facts: Omit<StageFacts, "progress">): Effect.Effect<Replay> => {
  const start: StageFacts = { ...facts, progress: noProgress }
  const step = (action: StageAction, now: StageFacts): Effect.Effect<Step<StageFacts>> => {
    const known = (progress: Partial<StageFacts["progress"]>): Step<StageFacts> => ({
      facts: { ...now, progress: { ...now.progress, ...progress } }
    })
    const failing = (error: DomainError): Effect.Effect<Step<StageFacts>> => Effect.succeed({ error })
    switch (action._tag) {
      case "Look":
        return host.contentsOf(now.device).pipe(
          Effect.map((contents) => known({ contents })),
          Effect.catchAll(failing)
        )
      case "TakePulse":
        return host.pulseOf(now.path).pipe(
          Effect.map((pulse) => known({ pulse })),
          Effect.catchAll(failing)
        )
      case "MakeDirectory":
        return Effect.succeed({ facts: { ...now, kind: "directory" as const } })
      case "Unmount":
      case "RefreshSize":
      case "Format":
      case "Check":
      case "Mount":
      case "Grow":
        return Effect.succeed({ deed: stageDeed(action, now) })
    }
  }
  return Effect.map(replay(`volume ${facts.wish.volumeId}`, start, decideStage, step), (answer) => ({
    call: "NodeStageVolume",
    about: `volume ${facts.wish.volumeId}`,
    answer
  }))
}
