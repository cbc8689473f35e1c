import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import type { ObservedRequest } from "../../../src/adapters/openstack/observer.ts"
import { CallDeadline } from "../../../src/domain/CallDeadline.ts"
import type { CloudFailure } from "../../../src/domain/errors.ts"
import { noHints } from "../../../src/domain/SchedulerHints.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { Cinder, type NewVolume } from "../../../src/ports/Cinder.ts"
import { Nova } from "../../../src/ports/Nova.ts"
import {
  cinderPath,
  fakeCloud,
  fault,
  novaPath,
  openStackAt,
  tokenRefused,
  tokenReply,
  tokensPath,
  wireVolume
} from "../../support/fakeCloud.ts"
import { inTurn, type Reply, type Script, type ScriptedServer, scriptedServer } from "../../support/ScriptedServer.ts"

const id = VolumeId("v1")
const volumePath = `${cinderPath}/volumes/v1`
const volumesPath = `${cinderPath}/volumes`
const shown: Reply = { status: 200, body: { volume: wireVolume("v1") } }
const created: Reply = { status: 202, body: { volume: wireVolume("v2", { status: "creating" }) } }
const spec: NewVolume = {
  name: "pvc-1",
  description: "",
  sizeGiB: 1,
  zone: undefined,
  volumeType: undefined,
  source: undefined,
  hints: noHints,
  metadata: {}
}

const withCloud = <A, E>(script: Script, test: (server: ScriptedServer) => Effect.Effect<A, E, Cinder | Nova>) =>
  Effect.flatMap(fakeCloud(script), (server) => Effect.provide(test(server), openStackAt(server.url)))

const show = Effect.flatMap(Cinder, (cinder) => cinder.getVolume(id))
const create = Effect.flatMap(Cinder, (cinder) => cinder.createVolume(spec))
const remove = Effect.flatMap(Cinder, (cinder) => cinder.deleteVolume(id))

/** The failure's reason; other errors by their tag. */
const reasonOf = <A, E extends CloudFailure | { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => ("reason" in error ? error.reason : error._tag))

describe("a request to a service", () => {
  it.scopedLive("carries token, global request id, user agent and asks for JSON", () =>
    withCloud(
      () => shown,
      (server) =>
        Effect.gen(function* () {
          yield* show
          const headers = server.seen.at(-1)?.headers ?? {}
          assert.strictEqual(headers["x-auth-token"], "token-1")
          assert.strictEqual(headers["accept"], "application/json")
          assert.strictEqual(headers["user-agent"], "effect-cinder-csi")
          assert.match(String(headers["x-openstack-request-id"]), /^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
          assert.isUndefined(headers["openstack-api-version"])
          assert.isUndefined(headers["traceparent"])
        })
    )
  )

  it.scopedLive("shares one login among a hundred concurrent calls of both services", () =>
    withCloud(
      ({ path }) => (path.startsWith(novaPath) ? fault(404, "itemNotFound", "Instance s could not be found.") : shown),
      (server) =>
        Effect.gen(function* () {
          const { getServer } = yield* Nova
          const calls = Array.from({ length: 50 }, () => [show, Effect.flip(getServer(ServerId("s")))]).flat()
          yield* Effect.all(calls, { concurrency: "unbounded" })
          assert.strictEqual(server.count("POST", tokensPath), 1)
          assert.strictEqual(server.count("GET", volumePath), 50)
        })
    )
  )

  it.scopedLive("keeps connections for the requests that follow", () =>
    withCloud(
      () => shown,
      (server) =>
        Effect.gen(function* () {
          for (let round = 0; round < 10; round++) yield* Effect.all([show, show, show], { concurrency: "unbounded" })
          assert.strictEqual(server.count("GET", volumePath), 30)
          assert.isAtMost(server.connections(), 4)
        })
    )
  )

  it.scopedLive("asks for no versions where the catalogue's URLs have none", () =>
    Effect.gen(function* () {
      const paths = { cinder: "/volume", nova: "/compute" }
      const server = yield* fakeCloud(
        () => shown,
        (origin) => tokenReply("token-1", origin, 3600, paths)
      )
      yield* Effect.provide(Effect.zipRight(show, show), openStackAt(server.url))
      assert.deepStrictEqual(
        server.seen.map(({ path }) => path),
        [tokensPath, volumePath, volumePath]
      )
    })
  )

  it.scopedLive("keeps at most sixteen requests of a service under way", () => {
    let now = 0
    let most = 0
    return withCloud(
      () => {
        now += 1
        most = Math.max(most, now)
        setTimeout(() => (now -= 1), 50)
        return { ...shown, delayMillis: 50 }
      },
      () =>
        Effect.gen(function* () {
          yield* Effect.all(
            Array.from({ length: 60 }, () => show),
            { concurrency: "unbounded" }
          )
          assert.strictEqual(most, 16)
        })
    )
  })

  it.scopedLive("logs in once more after a 401 and repeats the request once, also a POST", () => {
    const turn = inTurn(tokenRefused, created)
    return withCloud(turn, (server) =>
      Effect.gen(function* () {
        yield* create
        assert.strictEqual(server.count("POST", tokensPath), 2)
        assert.deepStrictEqual(
          server.seen.filter(({ path }) => path === volumesPath).map(({ headers }) => headers["x-auth-token"]),
          ["token-1", "token-2"]
        )
      })
    )
  })

  it.scopedLive.each([
    {
      is: "VolumeNotFound",
      reason: reasonOf(show),
      answer: fault(404, "itemNotFound", "Volume v1 could not be found.")
    },
    {
      is: "QuotaExceeded",
      reason: reasonOf(create),
      answer: fault(413, "overLimit", "VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded")
    }
  ])("reads what comes with a new token: $is", ({ is, reason, answer }) =>
    withCloud(inTurn(tokenRefused, answer), () => Effect.map(reason, (read) => assert.strictEqual(read, is)))
  )

  it.scopedLive("gives up after the second 401", () =>
    withCloud(
      () => tokenRefused,
      (server) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* reasonOf(show), "unauthenticated")
          assert.strictEqual(server.count("GET", volumePath), 2)
          assert.strictEqual(server.count("POST", tokensPath), 2)
        })
    )
  )

  it.scopedLive("fetches one token for many requests whose token was refused together", () =>
    withCloud(
      ({ headers }) => (headers["x-auth-token"] === "token-1" ? { ...tokenRefused, delayMillis: 20 } : shown),
      (server) =>
        Effect.gen(function* () {
          yield* Effect.all(
            Array.from({ length: 16 }, () => show),
            { concurrency: "unbounded" }
          )
          assert.strictEqual(server.count("POST", tokensPath), 2)
        })
    )
  )

  it.scopedLive("does not log in again after a 403", () =>
    withCloud(
      () => fault(403, "forbidden", "Policy doesn't allow it."),
      (server) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* reasonOf(show), "forbidden")
          assert.strictEqual(server.count("POST", tokensPath), 1)
        })
    )
  )

  it.scopedLive.each([
    ["a reset", { cut: "before" }],
    ["an answer that breaks off", { cut: "within" }],
    ["a 500", fault(500, "computeFault", "The server has either erred.")],
    ["a 502 in HTML", { status: 502, body: "<html>Bad Gateway</html>" }],
    ["a 503", { status: 503 }],
    ["a 504", { status: 504, body: "" }],
    ["a 429", { status: 429, headers: { "Retry-After": "0" } }]
  ] as ReadonlyArray<readonly [string, Reply]>)("reads again after %s", ([, reply]) => {
    const turn = inTurn(reply, shown)
    return withCloud(turn, (server) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* show).id, id)
        assert.strictEqual(server.count("GET", volumePath), 2)
      })
    )
  })

  it.scopedLive("reads at most four times", () =>
    withCloud(
      () => ({ status: 502 }),
      (server) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* reasonOf(show), "unanswered")
          assert.strictEqual(server.count("GET", volumePath), 4)
        })
    )
  )

  it.scopedLive.each([
    ["a reset", { cut: "before" }, "unanswered"],
    ["an answer that breaks off", { cut: "within" }, "unanswered"],
    ["a 500", { status: 500 }, "unanswered"],
    ["a 504", { status: 504 }, "unanswered"],
    ["a 409", fault(409, "conflictingRequest", "no"), "conflict"],
    ["a 400", fault(400, "badRequest", "no"), "invalid"],
    ["JSON that is none", { status: 202, body: '{"volume":' }, "malformed"],
    ["HTML", { status: 200, body: "<html>Login</html>" }, "malformed"],
    ["JSON of another shape", { status: 202, body: { volume: { id: "v2" } } }, "malformed"]
  ] as ReadonlyArray<readonly [string, Reply, string]>)("never repeats a POST after %s", ([, reply, reason]) =>
    withCloud(
      () => reply,
      (server) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* reasonOf(create), reason)
          assert.strictEqual(server.count("POST", volumesPath), 1)
        })
    )
  )

  it.scopedLive.each([
    ["a 503", { status: 503 }],
    ["a 429", { status: 429 }],
    ["a 413 that limits the rate", { status: 413, headers: { "Retry-After": "1" }, body: "rate" }]
  ] as ReadonlyArray<readonly [string, Reply]>)("repeats a POST after %s, which did nothing", ([, reply]) => {
    const turn = inTurn(reply, created)
    return withCloud(turn, (server) =>
      Effect.gen(function* () {
        yield* create
        assert.strictEqual(server.count("POST", volumesPath), 2)
      })
    )
  })

  it.scopedLive("repeats a deletion after a reset", () => {
    const turn = inTurn({ cut: "before" }, { status: 202 })
    return withCloud(turn, (server) =>
      Effect.gen(function* () {
        yield* remove
        assert.strictEqual(server.count("DELETE", volumePath), 2)
      })
    )
  })

  it.scopedLive("gives all callers the pause that a service asks for", () => {
    const turn = inTurn({ status: 429, headers: { "Retry-After": "1" } }, shown)
    return withCloud(turn, (server) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(show)
        yield* server.arrival("GET", volumePath, 1)
        yield* Effect.yieldNow()
        const before = yield* Clock.currentTimeMillis
        yield* Fiber.join(first)
        yield* show
        assert.isAtLeast((yield* Clock.currentTimeMillis) - before, 900)
        assert.strictEqual(server.count("GET", volumePath), 3)
      })
    )
  })

  it.scopedLive("does not begin a pause that outlasts the caller's deadline", () =>
    withCloud(
      () => ({ status: 429, headers: { "Retry-After": "30" } }),
      (server) =>
        Effect.gen(function* () {
          const before = yield* Clock.currentTimeMillis
          assert.strictEqual(yield* reasonOf(Effect.provideService(show, CallDeadline, before + 1_000)), "throttled")
          assert.strictEqual(yield* reasonOf(Effect.provideService(show, CallDeadline, before + 1_000)), "throttled")
          assert.strictEqual(server.count("GET", volumePath), 1)
        })
    )
  )

  it.scopedLive("ends a read at the caller's deadline", () =>
    withCloud(
      () => ({ hang: true }),
      () =>
        Effect.gen(function* () {
          const before = yield* Clock.currentTimeMillis
          assert.strictEqual(yield* reasonOf(Effect.provideService(show, CallDeadline, before + 200)), "unanswered")
          assert.isBelow((yield* Clock.currentTimeMillis) - before, 2_000)
        })
    )
  )

  it.scopedLive("sends nothing when the deadline has passed", () =>
    withCloud(
      () => created,
      (server) =>
        Effect.gen(function* () {
          yield* show.pipe(Effect.ignore)
          const now = yield* Clock.currentTimeMillis
          assert.strictEqual(yield* reasonOf(Effect.provideService(create, CallDeadline, now)), "unreachable")
          assert.strictEqual(server.count("POST", volumesPath), 0)
        })
    )
  )

  it.scopedLive("drops a read whose caller leaves, but carries a POST through", () =>
    withCloud(
      ({ method }) => (method === "GET" ? { hang: true } : { ...created, delayMillis: 150 }),
      (server) =>
        Effect.gen(function* () {
          const reading = yield* Effect.fork(show)
          yield* server.arrival("GET", volumePath, 1)
          yield* Fiber.interrupt(reading)
          let told = false
          const creating = yield* create.pipe(
            Effect.onExit(() =>
              Effect.sync(() => {
                told = true
              })
            ),
            Effect.fork
          )
          yield* server.arrival("POST", volumesPath, 1)
          const before = yield* Clock.currentTimeMillis
          yield* Fiber.interrupt(creating)
          assert.isTrue(told)
          assert.isAtLeast((yield* Clock.currentTimeMillis) - before, 100)
        })
    )
  )

  it.scopedLive("reports each request to the observer under the plugin's label", () =>
    Effect.gen(function* () {
      const observed: Array<ObservedRequest> = []
      const turn = inTurn({ status: 503 }, shown)
      const server = yield* fakeCloud(turn)
      yield* Effect.provide(
        show,
        openStackAt(server.url, (one) => observed.push(one))
      )
      assert.deepStrictEqual(
        observed.map(({ request, failed }) => [request, failed]),
        [
          ["token_create", false],
          ["volume_get", true],
          ["volume_get", false]
        ]
      )
    })
  )

  it.scopedLive("meets a cloud that is out of reach at the first call, not before", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(
        Effect.map(
          scriptedServer(() => ({ status: 500 })),
          ({ url }) => url
        )
      )
      const now = yield* Clock.currentTimeMillis
      const reason = reasonOf(create).pipe(Effect.provideService(CallDeadline, now + 1_500))
      assert.strictEqual(yield* Effect.provide(reason, openStackAt(gone)), "unreachable")
    })
  )

  it.scopedLive("says which endpoints the catalog has when none fits", () =>
    Effect.gen(function* () {
      const server = yield* fakeCloud(
        () => shown,
        () => ({
          status: 201,
          headers: { "X-Subject-Token": "t" },
          body: {
            token: {
              issued_at: "2026-01-01T00:00:00.000000Z",
              expires_at: "2026-01-01T01:00:00.000000Z",
              project: { id: "p1" },
              catalog: [{ type: "image", endpoints: [{ interface: "public", region: "r1", url: "http://i" }] }]
            }
          }
        })
      )
      const failure = yield* Effect.flip(Effect.provide(show, openStackAt(server.url)))
      assert.include(failure.message, "no endpoint for block storage v3")
      assert.include(failure.message, "the catalog has: image public in r1")
    })
  )
})
