import * as Https from "node:https"
import * as Net from "node:net"
import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, type Scope } from "effect"
import { exchangeWith } from "../../../src/adapters/openstack/exchange.ts"
import { classify, type Outcome } from "../../../src/adapters/openstack/failures.ts"
import { layerHttpClient, type TlsOptions } from "../../../src/adapters/openstack/httpClient.ts"
import * as certificates from "../../support/certificates.ts"

const listening = <S extends Net.Server>(make: () => S): Effect.Effect<number, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<S>((resume) => {
        const server = make()
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    ),
    (server) => {
      const address = server.address()
      return typeof address === "object" && address !== null ? address.port : 0
    }
  )

const get = (url: string, tls: TlsOptions, connectTimeoutMillis?: number): Effect.Effect<Outcome> =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    exchangeWith(client)({ method: "GET", url, headers: {}, body: undefined, timeoutMillis: 5_000 })
  ).pipe(Effect.provide(layerHttpClient(tls, { connectTimeoutMillis })))

const secured = Effect.gen(function* () {
  const { ca, server } = certificates
  const respond = (_: unknown, response: { readonly end: (text: string) => void }) => response.end("hello")
  const open = yield* listening(() => Https.createServer(server, respond))
  const strict = yield* listening(() =>
    Https.createServer({ ...server, ca, requestCert: true, rejectUnauthorized: true }, respond)
  )
  return { open: `https://127.0.0.1:${open}/`, strict: `https://127.0.0.1:${strict}/` }
})

const bodyOf = (outcome: Outcome) => (outcome._tag === "answered" ? outcome.body : classify(outcome).reason)

describe("layerHttpClient", () => {
  it.scopedLive("trusts the configured authority", () =>
    Effect.gen(function* () {
      const { open } = yield* secured
      assert.strictEqual(bodyOf(yield* get(open, { ca: certificates.ca })), "hello")
    })
  )

  it.scopedLive("trusts nobody else, and knows that another try is in vain", () =>
    Effect.gen(function* () {
      const { open } = yield* secured
      const fault = classify(yield* get(open, {}))
      assert.deepStrictEqual([fault.reason, fault.lasting], ["unreachable", true])
    })
  )

  it.scopedLive("verifies nothing if told so", () =>
    Effect.gen(function* () {
      const { open } = yield* secured
      assert.strictEqual(bodyOf(yield* get(open, { insecure: true })), "hello")
    })
  )

  it.scopedLive("shows the client's certificate", () =>
    Effect.gen(function* () {
      const { strict } = yield* secured
      const { ca, client } = certificates
      const tls = { ca, cert: client.cert, key: Redacted.make(client.key) }
      assert.strictEqual(bodyOf(yield* get(strict, tls)), "hello")
      assert.strictEqual(bodyOf(yield* get(strict, { ca })), "unreachable")
    })
  )

  it.scopedLive("takes a peer that does not speak TLS for unreachable", () =>
    Effect.gen(function* () {
      const port = yield* listening(() => Net.createServer((socket) => socket.end("220 mail\r\n")))
      assert.strictEqual(bodyOf(yield* get(`https://127.0.0.1:${port}/`, {})), "unreachable")
    })
  )

  it.scopedLive("takes a peer that never finishes the handshake for unreachable", () =>
    Effect.gen(function* () {
      const sockets = new Set<Net.Socket>()
      yield* Effect.addFinalizer(() => Effect.sync(() => sockets.forEach((socket) => socket.destroy())))
      const port = yield* listening(() => Net.createServer((socket) => sockets.add(socket)))
      const fault = classify(yield* get(`https://127.0.0.1:${port}/`, {}, 100))
      assert.deepStrictEqual([fault.reason, fault.detail], ["unreachable", "no connection within 0.1 s"])
    })
  )

  it.scopedLive("ends an exchange that takes too long, and says so", () =>
    Effect.gen(function* () {
      const sockets = new Set<Net.Socket>()
      yield* Effect.addFinalizer(() => Effect.sync(() => sockets.forEach((socket) => socket.destroy())))
      const port = yield* listening(() => Net.createServer((socket) => sockets.add(socket)))
      const outcome = yield* Effect.flatMap(HttpClient.HttpClient, (client) =>
        exchangeWith(client)({
          method: "GET",
          url: `http://127.0.0.1:${port}/`,
          headers: {},
          body: undefined,
          timeoutMillis: 100
        })
      ).pipe(Effect.provide(layerHttpClient({})))
      assert.deepStrictEqual(outcome, { _tag: "timedOut", afterMillis: 100 })
    })
  )

  it.live("takes a text that is no URL for unreachable", () =>
    Effect.map(get("nonsense", {}), (outcome) => assert.strictEqual(bodyOf(outcome), "unreachable"))
  )
})
