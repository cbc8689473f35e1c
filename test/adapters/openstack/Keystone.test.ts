import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, TestClock } from "effect"
import { layerHttpClient } from "../../../src/adapters/openstack/httpClient.ts"
import { Keystone, layerKeystone } from "../../../src/adapters/openstack/Keystone.ts"
import { keystoneOn, tokenReply, tokensPath } from "../../support/fakeCloud.ts"
import { inTurn, type Reply, type ScriptedServer, scriptedServer } from "../../support/ScriptedServer.ts"

/** Runs with a Keystone that gives these replies to logins, in turn. */
const withKeystone = <A, E>(
  replies: ReadonlyArray<(origin: string) => Reply>,
  test: (server: ScriptedServer) => Effect.Effect<A, E, Keystone>
) =>
  Effect.gen(function* () {
    const turn = inTurn(...replies.map((_, index) => ({ status: index })))
    const server = yield* scriptedServer((request) => {
      const reply = turn()
      const index = "status" in reply ? reply.status : 0
      return replies[index]?.(`http://${request.headers.host}`) ?? { status: 500 }
    })
    return yield* Effect.provide(test(server), keystoneOn(server.url))
  })

const token = (id: string, lifeSeconds?: number) => (origin: string) => tokenReply(id, origin, lifeSeconds)
const wrongPassword = () => ({
  status: 401,
  body: { error: { code: 401, title: "Unauthorized", message: "The request you have made requires authentication." } }
})
const always =
  (reply: Reply): ((origin: string) => Reply) =>
  () =>
    reply

const tokenNow = Effect.gen(function* () {
  return Redacted.value((yield* (yield* Keystone).session).token)
})
const logins = (server: ScriptedServer) => server.count("POST", tokensPath)

describe("Keystone", () => {
  it.scoped("makes no request until a token is needed", () =>
    withKeystone([token("a")], (server) =>
      Effect.gen(function* () {
        yield* Keystone
        assert.strictEqual(server.seen.length, 0)
      })
    )
  )

  it.scoped("answers a hundred callers at once with one login", () =>
    withKeystone([token("a")], (server) =>
      Effect.gen(function* () {
        const tokens = yield* Effect.all(
          Array.from({ length: 100 }, () => tokenNow),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(new Set(tokens), new Set(["a"]))
        assert.strictEqual(logins(server), 1)
      })
    )
  )

  it.scoped("lets the login go on for the others when the first caller leaves", () =>
    withKeystone([(origin) => ({ ...tokenReply("a", origin), delayMillis: 100 })], (server) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(tokenNow)
        yield* server.arrival("POST", tokensPath, 1)
        const second = yield* Effect.fork(tokenNow)
        yield* Fiber.interrupt(first)
        assert.strictEqual(yield* Fiber.join(second), "a")
        assert.strictEqual(logins(server), 1)
      })
    )
  )

  it.scoped("sends what Keystone's API asks for", () =>
    withKeystone([token("a")], (server) =>
      Effect.gen(function* () {
        yield* tokenNow
        assert.deepStrictEqual(server.seen[0]?.body, {
          auth: {
            identity: {
              methods: ["password"],
              password: {
                user: { name: "csi", domain: { id: "default" }, password: "correct horse battery staple" }
              }
            },
            scope: { project: { id: "p1" } }
          }
        })
        assert.match(server.seen[0]?.headers["content-type"] ?? "", /^application\/json/)
      })
    )
  )

  it.scoped("renews once ahead of expiry, while the old token serves", () =>
    withKeystone([token("a"), token("b")], (server) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* tokenNow, "a")
        yield* TestClock.adjust("57 minutes")
        assert.strictEqual(yield* tokenNow, "a")
        assert.strictEqual(logins(server), 1)
        yield* TestClock.adjust("70 seconds")
        const tokens = yield* Effect.all([tokenNow, tokenNow, tokenNow], { concurrency: "unbounded" })
        assert.deepStrictEqual(tokens, ["a", "a", "a"])
        yield* server.arrival("POST", tokensPath, 2)
        yield* TestClock.adjust("45 seconds")
        assert.strictEqual(yield* tokenNow, "b")
        assert.strictEqual(logins(server), 2)
      })
    )
  )

  it.scoped("counts a token's life from the answer, whatever Keystone's clock says", () =>
    withKeystone([token("a", 60), token("b", 60)], (server) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* tokenNow, "a")
        yield* TestClock.adjust("29 seconds")
        assert.strictEqual(yield* tokenNow, "a")
        assert.strictEqual(logins(server), 1)
        yield* TestClock.adjust("31 seconds")
        assert.strictEqual(yield* tokenNow, "b")
      })
    )
  )

  it.scoped("goes on with a token that lives although it cannot be renewed", () =>
    withKeystone([token("a"), always({ status: 503 })], (server) =>
      Effect.gen(function* () {
        yield* tokenNow
        yield* TestClock.adjust("3575 seconds")
        assert.strictEqual(yield* tokenNow, "a")
        assert.strictEqual(logins(server), 2)
      })
    )
  )

  it.scoped("drops only the token that was refused", () =>
    withKeystone([token("a"), token("b")], (server) =>
      Effect.gen(function* () {
        const keystone = yield* Keystone
        const old = yield* keystone.session
        yield* keystone.discard(old)
        assert.strictEqual(yield* tokenNow, "b")
        yield* keystone.discard(old)
        assert.strictEqual(yield* tokenNow, "b")
        assert.strictEqual(logins(server), 2)
      })
    )
  )

  it.scoped("answers from memory after a refusal, and asks again after 30 s, then 60 s", () =>
    withKeystone([wrongPassword], (server) =>
      Effect.gen(function* () {
        for (let i = 0; i < 5; i++) {
          const failure = yield* Effect.flip((yield* Keystone).session)
          assert.strictEqual(failure.reason, "unauthenticated")
          assert.strictEqual(failure.service, "Keystone")
        }
        assert.strictEqual(logins(server), 1)
        yield* TestClock.adjust("30 seconds")
        yield* Effect.flip(tokenNow)
        assert.strictEqual(logins(server), 2)
        yield* TestClock.adjust("59 seconds")
        yield* Effect.flip(tokenNow)
        assert.strictEqual(logins(server), 2)
        yield* TestClock.adjust("1 second")
        yield* Effect.flip(tokenNow)
        assert.strictEqual(logins(server), 3)
      })
    )
  )

  it.scoped("takes an application credential that is gone for refused credentials", () =>
    withKeystone(
      [
        always({
          status: 404,
          body: { error: { code: 404, title: "Not Found", message: "Could not find Application Credential: a." } }
        })
      ],
      () =>
        Effect.gen(function* () {
          const failure = yield* Effect.flip((yield* Keystone).session)
          assert.strictEqual(failure.reason, "unauthenticated")
          assert.include(
            failure.message,
            "Could not find Application Credential: a.; the application credential is gone"
          )
        })
    )
  )

  it.scoped("tells the operator when the token belongs to no project", () =>
    withKeystone(
      [
        always({
          status: 201,
          headers: { "X-Subject-Token": "unscoped" },
          body: { token: { issued_at: "2026-01-01T00:00:00.000000Z", expires_at: "2026-01-01T01:00:00.000000Z" } }
        })
      ],
      () =>
        Effect.gen(function* () {
          const failure = yield* Effect.flip((yield* Keystone).session)
          assert.strictEqual(failure.reason, "unauthenticated")
          assert.include(failure.message, "the token is for no project")
        })
    )
  )

  it.scoped("calls a Keystone that is out of order unreachable, and recovers by itself", () =>
    withKeystone([always({ status: 504, body: "<html>Gateway Time-out</html>" }), token("a")], (server) =>
      Effect.gen(function* () {
        const failure = yield* Effect.flip((yield* Keystone).session)
        assert.strictEqual(failure.reason, "unreachable")
        const second = yield* Effect.fork(tokenNow)
        yield* TestClock.adjust("500 millis")
        assert.strictEqual(yield* Fiber.join(second), "a")
        assert.strictEqual(logins(server), 2)
      })
    )
  )

  it.scoped("says so when something else than Keystone answers", () =>
    withKeystone([always({ status: 200, body: "<html>Welcome</html>" })], () =>
      Effect.gen(function* () {
        const failure = yield* Effect.flip((yield* Keystone).session)
        assert.strictEqual(failure.reason, "malformed")
        assert.include(failure.message, "check auth-url")
      })
    )
  )

  it.scoped("fails with unreachable where nobody listens", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(
        Effect.map(
          scriptedServer(() => ({ status: 500 })),
          ({ url }) => url
        )
      )
      const failure = yield* Effect.flip(Effect.provide(tokenNow, keystoneOn(gone)))
      assert.strictEqual(failure.reason, "unreachable")
    })
  )

  it.scoped("does not renew a configured token, which would inherit its expiry", () =>
    Effect.gen(function* () {
      const server = yield* scriptedServer((request) => tokenReply("a", `http://${request.headers.host}`))
      const layer = layerKeystone({
        authUrl: server.url,
        auth: { _tag: "token", token: Redacted.make("given"), scope: undefined }
      }).pipe(Layer.provide(layerHttpClient({})))
      yield* Effect.gen(function* () {
        yield* tokenNow
        yield* TestClock.adjust("2 hours")
        yield* tokenNow
        assert.strictEqual(logins(server), 1)
      }).pipe(Effect.provide(layer))
    })
  )
})
