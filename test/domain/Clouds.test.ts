import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import fc from "fast-check"
import { type CloudServices, makeClouds } from "../../src/domain/Clouds.ts"
import { digestOf } from "../../src/domain/cloudTokens.ts"
import { CloudFailure, type DomainError, UnknownPageToken, VolumeNotFound } from "../../src/domain/errors.ts"
import { VolumeId } from "../../src/domain/Volume.ts"
import type { ListedVolume, VolumePage } from "../../src/domain/VolumeProvisioning.ts"

const listed = (id: string): ListedVolume => ({
  volume: { id: VolumeId(id), sizeBytes: 1n, context: {}, source: undefined, topology: [] },
  publishedOn: []
})

const idsOf = (page: VolumePage) => page.entries.map(({ volume }) => volume.id)

const notAsked = () => Effect.dieMessage("not asked")

const cloudWith = (volumes: Pick<CloudServices["volumes"], "get" | "list">): CloudServices => ({
  volumes: { ...volumes, provision: notAsked, remove: notAsked, expand: notAsked, validate: notAsked },
  attachments: { publish: notAsked, unpublish: notAsked },
  snapshots: { create: notAsked, remove: notAsked, list: notAsked }
})

/** Holds these volumes; its tokens are numbers of rows, and it may hand out fewer rows than it is asked for. */
const cloudOf = (ids: ReadonlyArray<string>, cap = Number.POSITIVE_INFINITY): CloudServices =>
  cloudWith({
    get: (id) => (ids.includes(id) ? Effect.succeed(listed(id)) : Effect.fail(new VolumeNotFound({ id }))),
    list: (maxEntries, token) => {
      const start = token === "" ? 0 : Number(token)
      if (!Number.isInteger(start)) return Effect.fail(new UnknownPageToken({ token }))
      const end = Math.min(ids.length, start + Math.min(cap, maxEntries === 0 ? ids.length : maxEntries))
      return Effect.succeed({
        entries: ids.slice(start, end).map(listed),
        nextToken: end < ids.length ? String(end) : undefined
      })
    }
  })

const failure = (reason: CloudFailure["reason"]) =>
  new CloudFailure({ service: "Cinder", operation: "do it", reason, detail: "it hurts", requestId: undefined })

const cloudIn = (trouble: Effect.Effect<never, DomainError>): CloudServices =>
  cloudWith({ get: () => trouble, list: () => trouble })

const broken = (reason: CloudFailure["reason"] = "unreachable") => cloudIn(Effect.fail(failure(reason)))

const over = (clouds: Readonly<Record<string, CloudServices>>) => makeClouds(new Map(Object.entries(clouds)))

const search = (clouds: Readonly<Record<string, CloudServices>>, id = "v") => over(clouds).getVolume(VolumeId(id))

describe("looking for a volume in several clouds", () => {
  it.effect("finds it in any of them", () =>
    Effect.gen(function* () {
      const clouds = over({ a: cloudOf(["v"]), b: cloudOf(["w"]) })
      assert.strictEqual((yield* clouds.getVolume(VolumeId("v"))).volume.id, "v")
      assert.strictEqual((yield* clouds.getVolume(VolumeId("w"))).volume.id, "w")
    })
  )

  it.effect("finds it although another cloud fails or does not answer at all", () =>
    Effect.gen(function* () {
      const found = yield* search({ a: broken("unauthenticated"), b: cloudOf(["v"]), c: cloudIn(Effect.never) })
      assert.strictEqual(found.volume.id, "v")
    })
  )

  it.effect("does not sit out the time limit of a request to another cloud", () =>
    Effect.gen(function* () {
      const limited = cloudIn(
        Effect.timeoutFail(Effect.never, { duration: "1 minute", onTimeout: () => failure("unanswered") })
      )
      const found = yield* search({ a: limited, b: cloudOf(["v"]) })
      assert.strictEqual(found.volume.id, "v")
    })
  )

  it.effect("is not found only if every cloud says so", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(search({ a: cloudOf([]), b: cloudOf(["w"]) }))
      assert.strictEqual(error._tag, "VolumeNotFound")
    })
  )

  it.effect("names the first cloud that failed, and is no end of the matter, where no other has it", () =>
    Effect.gen(function* () {
      for (const reason of ["unreachable", "unauthenticated", "forbidden"] as const) {
        const error = yield* Effect.flip(search({ south: broken(), north: broken(reason), "": cloudOf([]) }))
        assert.strictEqual(error._tag, "NotReady")
        assert.strictEqual(
          error.message,
          `volume v is in none of the clouds that answered, and cloud "north" failed: Cinder could not do it: it hurts`
        )
      }
    })
  )

  it.effect("waits for a cloud that may still have it", () =>
    Effect.gen(function* () {
      const slow = cloudIn(Effect.delay(Effect.fail(failure("unanswered")), "30 seconds"))
      const asked = yield* Effect.fork(Effect.flip(search({ a: cloudOf([]), b: slow })))
      yield* TestClock.adjust("29 seconds")
      assert.isNull(asked.unsafePoll())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(asked))._tag, "NotReady")
    })
  )

  it.effect("is as in that cloud where there is one", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(search({ "": broken("forbidden") })))._tag, "CloudFailure")
    })
  )
})

describe("listing the volumes of several clouds", () => {
  it.effect("gives all at once, cloud by cloud in the order of the names", () =>
    Effect.gen(function* () {
      const clouds = over({ b: cloudOf(["b1", "b2"]), "": cloudOf(["g"]), a: cloudOf(["a1"]), B: cloudOf([]) })
      const page = yield* clouds.listVolumes(0, "")
      assert.deepStrictEqual([idsOf(page), page.nextToken], [["g", "a1", "b1", "b2"], undefined])
      assert.deepStrictEqual([...clouds.served.keys()], ["", "B", "a", "b"])
    })
  )

  it("gives every volume once, in pages of at most the size asked for, however many each cloud has", () =>
    fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ maxLength: 3 }), fc.nat(5), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        (counts, size, cap) =>
          Effect.gen(function* () {
            const idsIn = (name: string) => Array.from({ length: counts[name] ?? 0 }, (_, row) => `${name}/${row}`)
            const names = Object.keys(counts).sort()
            const clouds = makeClouds(new Map(names.map((name) => [name, cloudOf(idsIn(name), cap)])))
            const seen: Array<string> = []
            let token: string | undefined = ""
            while (token !== undefined) {
              const page: VolumePage = yield* clouds.listVolumes(size, token)
              assert.isAtMost(page.entries.length, size)
              seen.push(...idsOf(page))
              token = page.nextToken
            }
            assert.deepStrictEqual(seen, names.flatMap(idsIn))
          }).pipe(Effect.runPromise)
      )
    ))

  it.effect("fails as a whole if one cloud does, and says which: an incomplete list would detach volumes", () =>
    Effect.gen(function* () {
      for (const reason of ["unreachable", "unauthenticated"] as const) {
        const error = yield* Effect.flip(over({ a: cloudOf(["a1"]), b: broken(reason) }).listVolumes(0, ""))
        assert.strictEqual(error._tag, "NotReady")
        assert.strictEqual(
          error.message,
          'the list of volumes is incomplete: cloud "b" failed: Cinder could not do it: it hurts'
        )
      }
    })
  )

  it.effect("fails as that cloud does where there is one", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(over({ "": broken("forbidden") }).listVolumes(0, ""))
      assert.strictEqual(error._tag, "CloudFailure")
    })
  )

  it.effect("goes on under short tokens in clouds whose long names differ in a character", () =>
    Effect.gen(function* () {
      const [one, other] = [`${"region".repeat(40)}1`, `${"region".repeat(40)}2`]
      const first = yield* over({ [one]: cloudOf(["a1"]), [other]: cloudOf(["b1", "b2"]) }).listVolumes(2, "")
      const token = first.nextToken ?? ""
      assert.isAtMost(Buffer.byteLength(token), 128)
      assert.deepStrictEqual(idsOf(first), ["a1", "b1"])
      const both = over({ [one]: cloudOf(["a1", "a2"]), [other]: cloudOf(["b1", "b2"]) })
      assert.deepStrictEqual(idsOf(yield* both.listVolumes(2, token)), ["b2"])
      const alone = over({ [one]: cloudOf(["a1", "a2"]) })
      assert.strictEqual((yield* Effect.flip(alone.listVolumes(2, token)))._tag, "UnknownPageToken")
    })
  )

  it.effect("knows no token of a cloud that is no longer served, nor one that a cloud does not know", () =>
    Effect.gen(function* () {
      const { nextToken = "" } = yield* over({ a: cloudOf(["a1"]), b: cloudOf(["b1"]) }).listVolumes(1, "")
      const left = over({ a: cloudOf(["a1"]) })
      for (const token of [nextToken, "garbage", `c2.${digestOf("a")}.garbage`]) {
        assert.strictEqual((yield* Effect.flip(left.listVolumes(1, token)))._tag, "UnknownPageToken")
      }
    })
  )
})
