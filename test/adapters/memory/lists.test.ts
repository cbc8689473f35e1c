import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, TestClock } from "effect"
import type { Sort } from "../../../src/adapters/memory/worldRequests.ts"
import { inWorld, twoServers } from "./inWorld.ts"

const liveClock = Layer.setClock(Clock.make())

const oldestFirst: Sort = { key: "created_at", direction: "asc" }

describe("lists of the World", () => {
  it.effect("are newest first unless asked otherwise", () =>
    inWorld({}, ({ cinder }) =>
      Effect.gen(function* () {
        yield* Effect.forEach(["a", "b", "c"], (name) => cinder.createVolume({ sizeGiB: 1, name }))
        const names = (sort?: Sort) =>
          Effect.map(cinder.listVolumes({ sort }), ({ rows }) => rows.map(({ name }) => name).join(""))
        assert.deepStrictEqual([yield* names(), yield* names(oldestFirst)], ["cba", "abc"])
      })
    )
  )

  it.effect("find every volume of a name, renamed ones by the new name alone", () =>
    inWorld({}, ({ cinder }) =>
      Effect.gen(function* () {
        const first = yield* cinder.createVolume({ sizeGiB: 1, name: "twice" })
        const second = yield* cinder.createVolume({ sizeGiB: 1, name: "twice" })
        const third = yield* cinder.createVolume({ sizeGiB: 1, name: "twice" })
        yield* cinder.updateVolume(second.id, { name: "once" })
        yield* cinder.updateVolume(first.id, { name: "other" })
        yield* cinder.updateVolume(first.id, { name: "twice" })
        const { rows } = yield* cinder.listVolumes({ name: "twice", sort: oldestFirst })
        assert.deepStrictEqual(
          rows.map(({ id }) => id),
          [first.id, third.id]
        )
      })
    )
  )

  it.effect("match any of several statuses, all pairs of metadata, the zone and the size", () =>
    inWorld({ volumeZones: [{ name: "nova" }, { name: "mars" }], latencies: { delete: "1 second" } }, ({ cinder }) =>
      Effect.gen(function* () {
        const make = (name: string, sizeGiB: number, zone: string, metadata: Record<string, string>) =>
          cinder.createVolume({ name, sizeGiB, zone, metadata })
        yield* make("a", 1, "nova", { app: "x", tier: "db" })
        yield* make("b", 2, "mars", { app: "x" })
        const going = yield* make("c", 1, "nova", {})
        yield* cinder.deleteVolume(going.id, { cascade: false })
        const names = (request: Parameters<typeof cinder.listVolumes>[0]) =>
          Effect.map(cinder.listVolumes({ ...request, sort: oldestFirst }), ({ rows }) =>
            rows.map(({ name }) => name).join("")
          )
        assert.deepStrictEqual(
          [
            yield* names({ status: ["deleting", "creating"] }),
            yield* names({ status: ["deleting", "available"] }),
            yield* names({ metadata: { app: "x" } }),
            yield* names({ metadata: { app: "x", tier: "db" } }),
            yield* names({ zone: ["mars"] }),
            yield* names({ sizeGiB: 1 })
          ],
          ["c", "abc", "ab", "a", "b", "ac"]
        )
      })
    )
  )

  it.effect("walk by marker through every row once, also while rows vanish", () =>
    inWorld({}, ({ cinder }) =>
      Effect.gen(function* () {
        const ids = yield* Effect.map(Effect.replicateEffect(cinder.createVolume({ sizeGiB: 1 }), 5), (volumes) =>
          volumes.map(({ id }) => id)
        )
        const first = yield* cinder.listVolumes({ limit: 2, sort: oldestFirst })
        yield* cinder.deleteVolume(ids[0] ?? "", { cascade: false })
        const second = yield* cinder.listVolumes({ limit: 2, sort: oldestFirst, marker: ids[1] })
        const third = yield* cinder.listVolumes({ limit: 2, sort: oldestFirst, marker: ids[3] })
        assert.deepStrictEqual(
          [first, second, third].map(({ rows, full }) => [rows.map(({ id }) => ids.indexOf(id)), full]),
          [
            [[0, 1], true],
            [[2, 3], true],
            [[4], false]
          ]
        )
      })
    )
  )

  it.effect("answer 404 to a marker that is gone and an empty page to limit 0", () =>
    inWorld({}, ({ cinder }) =>
      Effect.gen(function* () {
        yield* cinder.createVolume({ sizeGiB: 1 })
        const fault = yield* Effect.flip(cinder.listVolumes({ marker: "gone" }))
        const { rows } = yield* cinder.listVolumes({ limit: 0 })
        assert.deepStrictEqual([fault.status, fault.message, rows], [404, "Volume gone could not be found.", []])
      })
    )
  )

  it.effect("join several time bounds with OR and leave out volumes that were never updated", () =>
    inWorld({ latencies: { create: "1 hour" } }, ({ cinder }) =>
      Effect.gen(function* () {
        yield* cinder.createVolume({ sizeGiB: 1, name: "a" })
        yield* TestClock.adjust("10 seconds")
        const { createdAt } = yield* cinder.createVolume({ sizeGiB: 1, name: "b" })
        const names = (request: Parameters<typeof cinder.listVolumes>[0]) =>
          Effect.map(cinder.listVolumes({ ...request, sort: oldestFirst }), ({ rows }) =>
            rows.map(({ name }) => name).join("")
          )
        assert.strictEqual(yield* names({ createdAt: [{ operator: "gte", millis: createdAt }] }), "b")
        assert.strictEqual(yield* names({ createdAt: [{ operator: "lt", millis: createdAt }] }), "a")
        assert.strictEqual(
          yield* names({
            createdAt: [
              { operator: "gte", millis: createdAt },
              { operator: "lt", millis: createdAt }
            ]
          }),
          "ab"
        )
      })
    )
  )

  it.effect("leave out volumes without updatedAt from every bound on it", () =>
    inWorld({ latencies: { schedule: "1 hour" } }, ({ cinder }) =>
      Effect.gen(function* () {
        yield* cinder.createVolume({ sizeGiB: 1 })
        const { rows } = yield* cinder.listVolumes({ updatedAt: [{ operator: "neq", millis: 5000 }] })
        assert.lengthOf(rows, 0)
      })
    )
  )

  it.effect("give servers by a pattern that matches anywhere in the name", () =>
    inWorld({ servers: twoServers }, ({ nova }) =>
      Effect.gen(function* () {
        const names = (name: string) =>
          Effect.map(nova.listServers({ name }), ({ rows }) => rows.map((server) => server.name))
        assert.deepStrictEqual([yield* names("ode-[2-9]$"), yield* names("node")], [["node-2"], ["node-2", "node-1"]])
      })
    )
  )

  it.effect("hold 10,000 volumes and find one by name as quickly as among few", () =>
    inWorld({}, ({ cinder, calls }) =>
      Effect.gen(function* () {
        yield* Effect.forEach(Array.from({ length: 10_000 }), (_, position) =>
          cinder.createVolume({ sizeGiB: 1, name: `pvc-${position}`, metadata: { app: `${position % 10}` } })
        )
        const clocked = <A, E>(work: Effect.Effect<A, E>) => Effect.map(Effect.timed(work), ([took]) => took)
        const byName = cinder.listVolumes({ name: "pvc-7777" })
        const took = yield* clocked(Effect.replicateEffect(byName, 1000, { discard: true })).pipe(
          Effect.provide(liveClock)
        )
        const walk = yield* clocked(
          cinder.listVolumes({ metadata: { app: "3" }, limit: 1000, sort: oldestFirst })
        ).pipe(Effect.provide(liveClock))
        const { rows } = yield* byName
        assert.strictEqual(rows[0]?.name, "pvc-7777")
        assert.isBelow(Duration.toMillis(took), 1000)
        assert.isBelow(Duration.toMillis(walk), 500)
        assert.strictEqual((yield* calls.counts).createVolume, 10_000)
      })
    )
  )
})
