import http2 from "node:http2"
import { createConnection } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Clock, Deferred, Effect, Fiber } from "effect"
import { CallDeadline } from "../../../src/domain/CallDeadline.ts"
import { InvalidInput, OperationPending } from "../../../src/domain/errors.ts"
import { makeOperationLocks } from "../../../src/domain/OperationLocks.ts"
import { capturedLogs, driver, mountCapability, provisioned, quiet } from "./stubs.ts"

const create = { name: "pvc-1", volumeCapabilities: [mountCapability] }

/** A DeleteVolume of `vol-1` in bare HTTP/2, for what the client library does not let out. Answers with its status. */
const bareDelete = (path: string, headers: http2.OutgoingHttpHeaders) =>
  Effect.async<string>((resume) => {
    const socket = createConnection({ path })
    const session = http2.connect("http://localhost", { createConnection: () => socket })
    session.on("error", () => {})
    const stream = session.request({
      ":method": "POST",
      ":path": "/csi.v1.Controller/DeleteVolume",
      "content-type": "application/grpc",
      te: "trailers",
      ...headers
    })
    stream.on("error", () => {})
    stream.on("response", (answer) => {
      socket.destroy()
      resume(Effect.succeed(String(answer["grpc-status"])))
    })
    stream.end(Buffer.from([0, 0, 0, 0, 7, 0x0a, 5, ...Buffer.from("vol-1")]))
    return Effect.sync(() => socket.destroy())
  })

describe("A call", () => {
  it.scopedLive("that its client cancels interrupts the work", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const { client } = yield* driver({
        volumes: {
          provision: () =>
            Deferred.succeed(begun, undefined).pipe(
              Effect.zipRight(Effect.never),
              Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
            )
        }
      })
      const call = yield* Effect.fork(client.createVolume(create))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(call)
      yield* Effect.timeout(Deferred.await(interrupted), "5 seconds")
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("whose connection is lost interrupts the work", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const { path } = yield* driver({
        volumes: {
          remove: () =>
            Deferred.succeed(begun, undefined).pipe(
              Effect.zipRight(Effect.never),
              Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
            )
        }
      })
      const call = yield* Effect.fork(bareDelete(path, {}))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(call)
      yield* Effect.timeout(Deferred.await(interrupted), "5 seconds")
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("that outlasts its deadline is answered before it, with what was under way", () =>
    Effect.gen(function* () {
      const { client } = yield* driver({ volumes: { provision: () => Effect.never } })
      const failure = yield* Effect.flip(client.createVolume(create, { timeout: "2 seconds" }))
      assert.strictEqual(failure.code, status.DEADLINE_EXCEEDED)
      assert.strictEqual(
        failure.details,
        "CreateVolume of pvc-1 has not ended in time; the same call takes it up again"
      )
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("tells the domain when its client hangs up", () =>
    Effect.gen(function* () {
      const left = yield* Deferred.make<number>()
      const { client } = yield* driver({
        volumes: {
          remove: () =>
            Effect.gen(function* () {
              yield* Deferred.succeed(left, (yield* CallDeadline) - (yield* Clock.currentTimeMillis))
            })
        }
      })
      yield* client.deleteVolume({ volumeId: "vol-1" }, { timeout: "60 seconds" })
      const milliseconds = yield* Deferred.await(left)
      assert.isAbove(milliseconds, 50_000)
      assert.isAtMost(milliseconds, 60_000)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("without a deadline leaves the domain to its own budgets", () =>
    Effect.gen(function* () {
      const deadline = yield* Deferred.make<number>()
      const { client } = yield* driver({
        volumes: { remove: () => Effect.flatMap(CallDeadline, (at) => Effect.asVoid(Deferred.succeed(deadline, at))) }
      })
      yield* client.deleteVolume({ volumeId: "vol-1" })
      assert.strictEqual(yield* Deferred.await(deadline), Number.POSITIVE_INFINITY)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("without a deadline is bounded by the driver's budget", () =>
    Effect.gen(function* () {
      const { client } = yield* driver({ volumes: { provision: () => Effect.never } }, { budget: "200 millis" })
      const failure = yield* Effect.flip(client.createVolume(create))
      assert.strictEqual(failure.code, status.DEADLINE_EXCEEDED)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("is answered at its deadline while a change goes on, which keeps its lock until it has ended", () =>
    Effect.gen(function* () {
      const exclusively = yield* makeOperationLocks
      const permission = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<void>()
      const { client } = yield* driver({
        staging: {
          stage: ({ volumeId }) =>
            exclusively([volumeId], Effect.uninterruptible(Deferred.await(permission))).pipe(
              Effect.ensuring(Deferred.succeed(ended, undefined)),
              Effect.uninterruptible
            )
        }
      })
      const stage = { volumeId: "vol-1", stagingTargetPath: "/staging", volumeCapability: mountCapability }
      const first = yield* Effect.flip(client.nodeStageVolume(stage, { timeout: "300 millis" }))
      assert.strictEqual(first.code, status.DEADLINE_EXCEEDED)
      const second = yield* Effect.flip(client.nodeStageVolume(stage))
      assert.strictEqual(second.code, status.ABORTED)
      yield* Deferred.succeed(permission, undefined)
      yield* Deferred.await(ended)
      yield* client
        .nodeStageVolume(stage)
        .pipe(Effect.retry({ while: ({ code }) => code === status.ABORTED }), Effect.timeout("5 seconds"))
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("that dies is answered INTERNAL without its cause, and the next one is served", () =>
    Effect.gen(function* () {
      const { lines, layer } = capturedLogs()
      const { client } = yield* driver({
        volumes: { remove: () => Effect.die(new Error("a bug with a detail")) }
      }).pipe(Effect.provide(layer))
      const failure = yield* Effect.flip(client.deleteVolume({ volumeId: "vol-1" }))
      assert.strictEqual(failure.code, status.INTERNAL)
      assert.strictEqual(failure.details, "internal error of the driver; its log has the cause")
      assert.deepStrictEqual(yield* client.probe(), { ready: true })
      assert.isTrue(lines.some((line) => line.includes("a bug with a detail") && line.includes("DeleteVolume")))
    })
  )

  it.scopedLive("whose handler throws instead of failing is answered INTERNAL", () =>
    Effect.gen(function* () {
      const { client } = yield* driver({
        volumes: {
          remove: () => {
            throw new Error("thrown")
          }
        }
      })
      assert.strictEqual((yield* Effect.flip(client.deleteVolume({ volumeId: "vol-1" }))).code, status.INTERNAL)
      assert.deepStrictEqual(yield* client.probe(), { ready: true })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("whose answer does not fit the wire is answered INTERNAL", () =>
    Effect.gen(function* () {
      const { client } = yield* driver({
        volumes: { provision: () => Effect.succeed({ ...provisioned, sizeBytes: 2n ** 63n }) }
      })
      assert.strictEqual((yield* Effect.flip(client.createVolume(create))).code, status.INTERNAL)
      assert.deepStrictEqual(yield* client.probe(), { ready: true })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("runs beside a hundred others", () =>
    Effect.gen(function* () {
      const all = yield* Deferred.make<void>()
      let running = 0
      const { client } = yield* driver({
        volumes: {
          remove: () =>
            Effect.suspend(() => {
              running += 1
              return running === 100 ? Deferred.succeed(all, undefined) : Deferred.await(all)
            })
        }
      })
      const calls = Array.from({ length: 100 }, (_, index) => client.deleteVolume({ volumeId: `vol-${index}` }))
      yield* Effect.all(calls, { concurrency: "unbounded", discard: true }).pipe(Effect.timeout("10 seconds"))
    }).pipe(Effect.provide(quiet))
  )
})

describe("The log of calls", () => {
  const linesOf = (
    run: (client: Effect.Effect.Success<ReturnType<typeof driver>>["client"]) => Effect.Effect<unknown>
  ) =>
    Effect.gen(function* () {
      const { lines, layer } = capturedLogs()
      const { client } = yield* driver({
        volumes: {
          provision: ({ name }) =>
            name === "bad"
              ? Effect.fail(new InvalidInput({ field: "parameters[type]", problem: "names no volume type" }))
              : name === "busy"
                ? Effect.fail(new OperationPending({ subject: name }))
                : Effect.succeed(provisioned)
        }
      }).pipe(Effect.provide(layer))
      yield* run(client)
      return lines.map((line) => JSON.parse(line))
    })

  it.scopedLive("has one line for a change that succeeded, with its ids", () =>
    Effect.gen(function* () {
      const [[level, message, annotations], ...more] = yield* linesOf((client) =>
        Effect.exit(client.createVolume(create))
      )
      assert.strictEqual(level, "INFO")
      assert.deepStrictEqual(message, ["OK"])
      assert.strictEqual(annotations.method, "CreateVolume")
      assert.strictEqual(annotations.name, "pvc-1")
      assert.isNumber(annotations.milliseconds)
      assert.deepStrictEqual(more, [])
    })
  )

  it.scopedLive("has one line for a call that failed, with code and reason", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf((client) => Effect.exit(client.createVolume({ ...create, name: "bad" })))
      assert.deepStrictEqual(
        lines.map(([level, message]) => [level, message]),
        [["WARN", ["INVALID_ARGUMENT: parameters[type] names no volume type"]]]
      )
    })
  )

  it.scopedLive("has no line for a read that succeeded", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* linesOf((client) => Effect.exit(client.probe())), [])
    })
  )

  it.scopedLive("names the cloud that a secret chose, also on lines of the work, and nothing else of the secret", () =>
    Effect.gen(function* () {
      const { lines, layer } = capturedLogs()
      const { client } = yield* driver({
        cloudNames: ["", "north"],
        volumes: { remove: (id) => (id === "vol-1" ? Effect.logWarning("on the way") : Effect.void) }
      }).pipe(Effect.provide(layer))
      const told = (cloud: string) => ({ secrets: new Map(Object.entries({ cloud, password: "hunter2-secret" })) })
      yield* client.deleteVolume({ volumeId: "vol-1", ...told("north") })
      yield* Effect.flip(client.createVolume({ name: "pvc-1", ...told("north") }))
      yield* client.deleteVolume({ volumeId: "vol-2", ...told("") })
      yield* Effect.flip(client.deleteVolume({ volumeId: "vol-3", ...told("nroth") }))
      const read = lines.map((line) => JSON.parse(line))
      assert.deepStrictEqual(
        read.map(([, [message], { method, cloud }]) => [message.split(" ", 2)[0], method, cloud]),
        [
          ["on", "DeleteVolume", "north"],
          ["OK", "DeleteVolume", "north"],
          ["INVALID_ARGUMENT:", "CreateVolume", "north"],
          ["OK", "DeleteVolume", undefined],
          ["INVALID_ARGUMENT:", "DeleteVolume", undefined]
        ]
      )
      assert.notInclude(lines.join(), "hunter2")
    })
  )

  it.scopedLive("never holds secrets, mount flags, contexts or parameters", () =>
    Effect.gen(function* () {
      const secrets = new Map([["password", "hunter2-secret"]])
      const capability = {
        ...mountCapability,
        accessType: {
          $case: "mount" as const,
          value: { fsType: "ext4", mountFlags: ["credentials=hunter2-flag"], volumeMountGroup: "" }
        }
      }
      const hidden = new Map([["k", "hunter2-map"]])
      const lines = yield* linesOf((client) =>
        Effect.all(
          [
            client.createVolume({ ...create, secrets, volumeCapabilities: [capability], parameters: hidden }),
            client.createVolume({ name: "bad", secrets, volumeCapabilities: [capability], parameters: hidden }),
            client.createVolume({
              name: "no-mode",
              secrets,
              volumeCapabilities: [{ ...capability, accessMode: undefined }]
            }),
            client.controllerPublishVolume({ volumeId: "v", nodeId: "n", volumeCapability: capability, secrets }),
            client.nodeStageVolume({
              volumeId: "v",
              stagingTargetPath: "/s",
              volumeCapability: capability,
              secrets,
              publishContext: hidden
            }),
            client.nodePublishVolume({
              volumeId: "v",
              targetPath: "/t",
              volumeCapability: capability,
              secrets,
              volumeContext: hidden
            })
          ].map(Effect.exit)
        )
      )
      assert.strictEqual(lines.length, 6)
      assert.notInclude(JSON.stringify(lines), "hunter2")
    })
  )
})

describe("A request whose deadline has passed", () => {
  it.scopedLive("starts nothing", () =>
    Effect.gen(function* () {
      let began = false
      const { path, client } = yield* driver({
        volumes: {
          remove: () =>
            Effect.sync(() => {
              began = true
            })
        }
      })
      assert.strictEqual(yield* bareDelete(path, { "grpc-timeout": "1n" }), String(status.DEADLINE_EXCEEDED))
      yield* client.probe()
      assert.isFalse(began)
    }).pipe(Effect.provide(quiet))
  )
})
