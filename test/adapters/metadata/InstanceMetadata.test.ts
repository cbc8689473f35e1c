import type { RequestListener } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer, Logger } from "effect"
import { layerInstanceMetadata, type MetadataOptions } from "../../../src/adapters/metadata/InstanceMetadata.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { InstanceMetadata } from "../../../src/ports/InstanceMetadata.ts"
import { machine } from "./machine.ts"
import { document, inTurn, otherId, serve, serverId, telling } from "./metadataServer.ts"

const build = (options: Partial<MetadataOptions>) =>
  Effect.map(
    Layer.build(
      layerInstanceMetadata({ searchOrder: ["metadataService"], requestTimeout: Duration.seconds(10), ...options })
    ),
    (context) => InstanceMetadata.of(context.unsafeMap.get(InstanceMetadata.key))
  )

const collecting = () => {
  const lines: Array<string> = []
  const logger = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ logLevel, message }) => void lines.push(`${logLevel.label} ${String(message)}`))
  )
  return { lines, logger }
}

describe("who this machine is", () => {
  it.live("is told by the metadata service", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      const { url } = yield* serve(telling(document()))
      const metadata = yield* build({ ...roots, baseUrls: [url] })
      assert.deepStrictEqual(yield* metadata.identity, {
        serverId: ServerId(serverId),
        zone: "zone-a",
        source: "metadata service"
      })
    }).pipe(Effect.scoped)
  )

  it.live("is asked once and remembered", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      const { url, requests } = yield* serve(telling(document()))
      const metadata = yield* build({ ...roots, baseUrls: [url] })
      const first = yield* metadata.identity
      assert.deepStrictEqual(yield* metadata.identity, first)
      assert.strictEqual(requests.length, 1)
    }).pipe(Effect.scoped)
  )

  it.live("is asked once by many callers at the same time", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      const { url, requests } = yield* serve(telling(document()))
      const metadata = yield* build({ ...roots, baseUrls: [url] })
      const answers = yield* Effect.all(
        Array.from({ length: 20 }, () => metadata.identity),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(answers.map((answer) => answer.serverId)).size, 1)
      assert.strictEqual(requests.length, 1)
    }).pipe(Effect.scoped)
  )

  it.live("is found although the caller that began the search goes away", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      let release: () => void = () => undefined
      const { url, requests } = yield* serve((request, response) => {
        release = () => telling(document())(request, response)
      })
      const metadata = yield* build({ ...roots, baseUrls: [url] })
      const first = yield* Effect.fork(metadata.identity)
      while (requests.length === 0) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      const second = yield* Effect.fork(metadata.identity)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      release()
      assert.strictEqual((yield* Fiber.join(second)).serverId, serverId)
      assert.strictEqual(requests.length, 1)
    }).pipe(Effect.scoped)
  )

  it.live("is asked anew after a failure, which says what was tried", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      const { url } = yield* serve(inTurn(telling("", 404), telling(document())))
      const metadata = yield* build({ ...roots, baseUrls: [url] })
      const failure = yield* Effect.flip(metadata.identity)
      assert.strictEqual(failure.tried.length, 2)
      assert.strictEqual(failure.tried[0], `metadata service: ${url}: answered 404`)
      assert.match(failure.tried[1] ?? "", /^cloud-init: .*ENOENT/)
      assert.strictEqual((yield* metadata.identity).serverId, serverId)
    }).pipe(Effect.scoped)
  )

  it.live("is told by cloud-init if nothing better answers, with a warning", () =>
    Effect.gen(function* () {
      const { roots, note } = yield* machine
      note(serverId)
      const { url } = yield* serve(telling("", 404))
      const { lines, logger } = collecting()
      const metadata = yield* build({ ...roots, baseUrls: [url] })
      const identity = yield* Effect.provide(metadata.identity, logger)
      assert.deepStrictEqual(identity, { serverId: ServerId(serverId), zone: undefined, source: "cloud-init" })
      assert.deepStrictEqual(lines, [`WARN only cloud-init's note tells that this is server ${serverId}`])
    }).pipe(Effect.scoped)
  )

  it.live("is told by the metadata service although cloud-init's note contradicts it, with a warning", () =>
    Effect.gen(function* () {
      const { roots, note } = yield* machine
      note(otherId)
      const { url } = yield* serve(telling(document()))
      const { lines, logger } = collecting()
      const metadata = yield* build({ ...roots, baseUrls: [url] })
      assert.strictEqual((yield* Effect.provide(metadata.identity, logger)).serverId, serverId)
      assert.deepStrictEqual(lines, [
        `WARN the metadata service says this is server ${serverId}, cloud-init's note says ${otherId}`
      ])
    }).pipe(Effect.scoped)
  )

  it.live("is asked of the sources in the order that is set", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      const { url } = yield* serve(telling("", 404))
      const metadata = yield* build({ ...roots, searchOrder: ["metadataService", "configDrive"], baseUrls: [url] })
      const { tried } = yield* Effect.flip(metadata.identity)
      assert.deepStrictEqual(
        tried.map((line) => line.split(":")[0]),
        ["metadata service", "config drive", "cloud-init"]
      )
    }).pipe(Effect.scoped)
  )
})

describe("where the disks of this machine are", () => {
  const disk = { bus: "scsi", address: "0:0:0:2", serial: otherId }
  const described = document(serverId, "zone-a", [{ type: "disk", ...disk }])

  /** A clock that stands still until it is set. */
  const settableClock = Effect.map(Effect.clock, (real) => {
    let now = 0
    const clock: Clock.Clock = {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => now,
      currentTimeMillis: Effect.sync(() => now),
      unsafeCurrentTimeNanos: () => BigInt(now) * 1_000_000n,
      currentTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
      sleep: (duration) => real.sleep(duration)
    }
    const set = (millis: number) => {
      now = millis
    }
    return { clock, set }
  })

  it.live("is asked anew once the answer has aged, since disks come and go", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      const { url, requests } = yield* serve(inTurn(telling(document()), telling(described)))
      const metadata = yield* build({ ...roots, baseUrls: [url] })
      const { clock, set } = yield* settableClock
      const disks = Effect.withClock(metadata.disks, clock)
      assert.deepStrictEqual(yield* disks, [])
      set(4_999)
      assert.deepStrictEqual(yield* disks, [])
      assert.strictEqual(requests.length, 1)
      set(5_000)
      assert.deepStrictEqual(yield* disks, [disk])
    }).pipe(Effect.scoped)
  )

  it.live("is as old as the question, however long the answer took", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      const { clock, set } = yield* settableClock
      const slow: RequestListener = (request, response) => {
        set(4_000)
        telling(document())(request, response)
      }
      const { url } = yield* serve(inTurn(slow, telling(described)))
      const disks = Effect.withClock((yield* build({ ...roots, baseUrls: [url] })).disks, clock)
      assert.deepStrictEqual(yield* disks, [])
      set(5_000)
      assert.deepStrictEqual(yield* disks, [disk])
    }).pipe(Effect.scoped)
  )

  it.live("is not known while the service is silent, and why is logged", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      const { url } = yield* serve(telling("away", 503))
      const metadata = yield* build({ ...roots, baseUrls: [url] })
      const { lines, logger } = collecting()
      assert.deepStrictEqual(yield* Effect.provide(metadata.disks, logger), [])
      assert.match(lines.join(), /^WARN the metadata service does not tell where disks are: .*503/)
    }).pipe(Effect.scoped)
  )

  it.live("is not asked where the search order leaves the service out", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      const { url, requests } = yield* serve(telling(described))
      const metadata = yield* build({ ...roots, baseUrls: [url], searchOrder: ["configDrive"] })
      assert.deepStrictEqual(yield* metadata.disks, [])
      assert.strictEqual(requests.length, 0)
    }).pipe(Effect.scoped)
  )
})
