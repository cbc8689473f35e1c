import { assert, describe, it } from "@effect/vitest"
import { status as grpcStatus } from "@grpc/grpc-js"
import { Clock, Effect, Fiber, TestClock } from "effect"
import { codeOf } from "../../src/adapters/csi/status.ts"
import { World } from "../../src/adapters/memory/index.ts"
import { serverStatus } from "../../src/adapters/memory/worldState.ts"
import { CallDeadline, CallStart } from "../../src/domain/CallDeadline.ts"
import { silence } from "../../src/domain/decisions/explanations.ts"
import { brokenVolume, decidePublish, type PublishFacts } from "../../src/domain/decisions/publish.ts"
import { brokenHere, decideUnpublish, type UnpublishFacts } from "../../src/domain/decisions/unpublish.ts"
import { CloudFailure, type CloudFailureReason, type DomainError, StillWorking } from "../../src/domain/errors.ts"
import { ServerId } from "../../src/domain/Server.ts"
import { VolumeId, volumeStatuses } from "../../src/domain/Volume.ts"
import { VolumeAttachment } from "../../src/domain/VolumeAttachment.ts"
import { attacherMillis } from "../support/attacher.ts"
import { blockOn, controllerOnWorld } from "../support/controllerOnWorld.ts"
import {
  type Answer,
  type Place,
  type ServerState,
  serverStates,
  type VolumeState,
  volumeStates
} from "./decisions/attachmentStates.ts"
import { aServer, attachmentTo, aVolume } from "./decisions/facts.ts"

const ours = ServerId("11111111-1111-4111-8111-111111111111")
const theirs = ServerId("22222222-2222-4222-8222-222222222222")

const calls = ["publish", "unpublish"] as const
type Call = (typeof calls)[number]

/** An answer in which ids are words again. */
const told = (error: DomainError, volume: VolumeId): Answer => ({
  code: grpcStatus[codeOf(error)],
  says: error.message
    .replaceAll(ours, "SERVER")
    .replaceAll(theirs, "OTHER")
    .replaceAll(volume, "VOLUME")
    .replace(/req-[\w-]+/, "REQUEST")
})

const walked = { byDecision: new Set<string>(), inWorld: new Set<string>() }
const walk = (by: keyof typeof walked, call: Call, row: { readonly name: string }) =>
  walked[by].add(`${call}: ${row.name}`)

const active = serverStates[0] ?? assert.fail("no server state")
const stateOf = (call: Call, on: Place, status: (typeof volumeStatuses)[number]): VolumeState =>
  volumeStates.find((row) => row.call === call && row.on === on && row.status === status) ??
  assert.fail("no volume state")
/** What a row of a server speaks of. */
const plainVolume = (call: Call): VolumeState =>
  call === "publish" ? stateOf(call, "nobody", "available") : stateOf(call, "ours", "in-use")

const id = aVolume().id
const attachmentsOf = (on: Place) => (on === "nobody" ? [] : [attachmentTo(on === "ours" ? ours : theirs)])
const volumeOf = ({ status, on }: VolumeState) => aVolume({ status, attachments: attachmentsOf(on), updatedAt: 0 })

const shownServer = ({ vmState, task, locked }: ServerState, volume: VolumeState) =>
  aServer({
    id: ours,
    status: vmState === "FUTURE" || vmState === "UNKNOWN" ? vmState : serverStatus(vmState, task),
    task,
    locked: locked === true,
    volumeIds: vmState === "UNKNOWN" ? undefined : volume.on === "ours" ? [id] : [],
    updatedAt: 0
  })

const failure = (reason: CloudFailureReason, detail: string) =>
  new CloudFailure({
    service: "Nova",
    operation: "do it",
    reason,
    detail: detail.replaceAll("SERVER", ours).replaceAll("OTHER", theirs).replaceAll("VOLUME", id),
    requestId: undefined
  })

const overdue = (verdict: { readonly state: string; readonly overdue: DomainError | undefined }) =>
  told(verdict.overdue ?? new StillWorking({ subject: `volume ${id}`, state: verdict.state }), id)

/** Follows the decision in a cloud that does not change. */
const decidedPublish = (server: ServerState, volume: VolumeState): Answer => {
  let facts: PublishFacts = {
    id,
    serverId: ours,
    volume: volumeOf(volume),
    server: shownServer(server, volume),
    mode: "SINGLE_NODE_WRITER",
    request: undefined,
    waitedMillis: 0,
    asked: 0,
    watchedMillis: undefined,
    full: undefined,
    fallBacks: undefined,
    other: undefined
  }
  for (let step = 0; step < 10; step += 1) {
    const verdict = decidePublish(facts)
    if (verdict._tag === "Done") return { code: "OK" }
    if (verdict._tag === "Refuse") return told(verdict.error, id)
    if (verdict._tag === "Wait") {
      if (verdict.on !== "server" || facts.watchedMillis !== undefined) return overdue(verdict)
      facts = { ...facts, watchedMillis: 0 }
      continue
    }
    const { action } = verdict
    if (action._tag === "Explain") return told(brokenVolume(action.volume, silence), id)
    if (action._tag === "LookElsewhere") facts = { ...facts, other: aServer({ id: theirs, name: "node-2" }) }
    if (action._tag !== "Attach") continue
    const { attaching } = server
    facts = { ...facts, asked: facts.asked + 1 }
    if (volume.refusal !== undefined) {
      facts = { ...facts, request: { _tag: "Refused", failure: failure("invalid", volume.refusal) } }
    } else if (attaching === undefined) {
      return { code: "OK" }
    } else if ("conflict" in attaching) {
      facts = { ...facts, request: { _tag: "Refused", failure: failure("conflict", attaching.conflict) } }
    } else {
      facts = { ...facts, request: { _tag: "Unanswered", failure: failure("unanswered", attaching.silence) } }
    }
  }
  return assert.fail("the decision comes to no end")
}

const decidedUnpublish = (server: ServerState, volume: VolumeState): Answer => {
  let facts: UnpublishFacts = {
    id,
    serverId: ours,
    volume: volumeOf(volume),
    server: undefined,
    looks: 0,
    request: undefined,
    waitedMillis: 0,
    asked: 0,
    watchedMillis: undefined,
    goneMillis: 0,
    removesStale: false,
    removal: undefined,
    landingMillis: 0
  }
  for (let step = 0; step < 10; step += 1) {
    const verdict = decideUnpublish(facts)
    if (verdict._tag === "Done") return { code: "OK" }
    if (verdict._tag === "Refuse") return told(verdict.error, id)
    if (verdict._tag === "Wait") {
      if (verdict.on !== "server" || facts.watchedMillis !== undefined) return overdue(verdict)
      facts = { ...facts, watchedMillis: 0, server: shownServer(server, volume) }
      continue
    }
    const { action } = verdict
    if (action._tag === "Explain") return told(brokenHere(action.volume, ours, silence), id)
    if (action._tag === "LookAtServer") {
      facts = { ...facts, server: shownServer(server, volume), looks: facts.looks + 1 }
      continue
    }
    const { detaching } = server
    facts = { ...facts, asked: facts.asked + 1 }
    if (detaching === "givesUp")
      facts = { ...facts, request: { _tag: "Accepted", requestId: undefined }, waitedMillis: 60_000 }
    else if (detaching !== undefined) {
      facts = { ...facts, request: { _tag: "Refused", failure: failure("conflict", detaching.conflict) } }
    } else if (volume.refusal !== undefined) {
      facts = {
        ...facts,
        request: { _tag: "Refused", failure: failure("invalid", volume.refusal.replace("REQUEST", "req-1")) }
      }
    } else return { code: "OK" }
  }
  return assert.fail("the decision comes to no end")
}

const decided = (call: Call, server: ServerState, volume: VolumeState): Answer =>
  call === "publish" ? decidedPublish(server, volume) : decidedUnpublish(server, volume)

/** Puts a cloud into the state, makes the call and lets its time pass. */
const carriedOut = (call: Call, server: ServerState, volume: VolumeState): Effect.Effect<Answer> =>
  Effect.gen(function* () {
    const { cinder, nova, control } = yield* World
    const attachment = yield* VolumeAttachment
    const created = VolumeId((yield* cinder.createVolume({ name: "v", sizeGiB: 1 })).id)
    if (volume.on !== "nobody") yield* nova.attachVolume(volume.on === "ours" ? ours : theirs, created)
    yield* control.resetVolumeStatus(created, volume.status)
    const { vmState, task, locked, hostDown } = server
    if (vmState === "FUTURE" || vmState === "UNKNOWN") return assert.fail("the World has no such state")
    yield* control.setServer(ours, {
      vmState,
      taskState: task,
      locked: locked === true,
      computeUp: hostDown !== true
    })
    const request = { volumeId: created, serverId: ours, capability: blockOn(), readOnly: false }
    const rpc = call === "publish" ? attachment.publish(request) : attachment.unpublish(created, ours)
    const deadline = (yield* Clock.currentTimeMillis) + attacherMillis
    const fiber = yield* rpc.pipe(
      Effect.match({ onSuccess: (): Answer => ({ code: "OK" }), onFailure: (error) => told(error, created) }),
      Effect.provideService(CallDeadline, deadline),
      Effect.provideService(CallStart, deadline - attacherMillis),
      Effect.fork
    )
    yield* TestClock.adjust(attacherMillis)
    return yield* Fiber.join(fiber)
  }).pipe(
    Effect.orDie,
    Effect.provide(
      controllerOnWorld({
        servers: [
          { id: ours, name: "node-1" },
          { id: theirs, name: "node-2" }
        ],
        latencies: { rpcTimeout: "2 seconds" }
      })
    )
  )

describe.each(calls)("%s, decided", (call) => {
  it.each(serverStates)("with a server that is $name", (server) => {
    walk("byDecision", call, server)
    assert.deepStrictEqual(decided(call, server, plainVolume(call)), server[call])
  })

  it.each(volumeStates.filter((row) => row.call === call))("$name", (volume) => {
    walk("byDecision", call, volume)
    assert.deepStrictEqual(decided(call, active, volume), volume.answer)
  })

  it("heeds the volume first, and the server where Nova is to change something", () => {
    const volumes = volumeStates.filter((row) => row.call === call && row.refusal === undefined)
    for (const server of serverStates) {
      for (const volume of volumes) {
        const witness = server.vmState === "UNKNOWN" && call === "unpublish" && volume.on !== "ours"
        const expected = volume.asksNova || (witness && volume.answer.code === "OK") ? server[call] : volume.answer
        assert.deepStrictEqual(decided(call, server, volume), expected, `${server.name}; ${volume.name}`)
      }
    }
  })
})

describe.each(calls)("%s, carried out", (call) => {
  it.effect.each(serverStates.filter(({ onlyByItself }) => onlyByItself === undefined))(
    "with a server that is $name",
    (server) => {
      walk("inWorld", call, server)
      return Effect.map(carriedOut(call, server, plainVolume(call)), (answer) =>
        assert.deepStrictEqual(answer, server[call])
      )
    }
  )

  it.effect.each(volumeStates.filter((row) => row.call === call))("$name", (volume) => {
    walk("inWorld", call, volume)
    return Effect.map(carriedOut(call, active, volume), (answer) => assert.deepStrictEqual(answer, volume.answer))
  })
})

describe("the tables of states", () => {
  const named = calls.flatMap((call) => [
    ...serverStates.map((row) => ({ row: `${call}: ${row.name}`, alone: row.onlyByItself !== undefined })),
    ...volumeStates.filter((row) => row.call === call).map(({ name }) => ({ row: `${call}: ${name}`, alone: false }))
  ])

  it("have every documented status of a volume, at every place", () => {
    for (const call of calls) {
      for (const on of ["nobody", "ours", "theirs"] as const) {
        for (const status of volumeStatuses) assert.isDefined(stateOf(call, on, status))
      }
    }
    assert.strictEqual(new Set(named.map(({ row }) => row)).size, named.length)
  })

  it("leave no row untested, here or on the cloud in memory", () => {
    const untested = named.filter(
      ({ row, alone }) => !walked.byDecision.has(row) || (!alone && !walked.inWorld.has(row))
    )
    assert.deepStrictEqual(untested, [])
  })
})
