import * as Http from "node:http"
import * as Https from "node:https"
import { createServer, type Server } from "node:net"
import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Layer, Redacted, type Scope } from "effect"
import { exchangeWith } from "../../../src/adapters/openstack/exchange.ts"
import { classify, type Outcome } from "../../../src/adapters/openstack/failures.ts"
import { type ConnectionOptions, layerHttpClient, type TlsOptions } from "../../../src/adapters/openstack/httpClient.ts"
import { Keystone, layerKeystone } from "../../../src/adapters/openstack/Keystone.ts"
import { readProxies } from "../../../src/adapters/openstack/proxies.ts"
import { otherCa, otherServer } from "../../support/certificates.ts"
import { forwardProxy } from "../../support/forwardProxy.ts"
import { freePort } from "../../support/wiredDriver.ts"

const listening = (
  server: Server & { readonly closeAllConnections?: () => void }
): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.sync(() => {
        server.closeAllConnections?.()
        server.close()
      })
  )

/** Tells each request's target and Host, and from which connection it came. */
const talkative = () => {
  const connections: Array<unknown> = []
  const respond: Http.RequestListener = (request, response) => {
    if (!connections.includes(request.socket)) connections.push(request.socket)
    const authorized = request.headers["proxy-authorization"] === undefined ? "" : " with the proxy's credentials"
    response.end(`${request.url} of ${request.headers.host}${authorized} on ${connections.indexOf(request.socket)}`)
  }
  return respond
}

const exchanging = (
  env: Readonly<Record<string, string>>,
  urls: ReadonlyArray<string>,
  tls: TlsOptions = { ca: otherCa },
  connection: ConnectionOptions = {}
): Effect.Effect<ReadonlyArray<Outcome>> =>
  Effect.gen(function* () {
    const exchange = exchangeWith(yield* HttpClient.HttpClient)
    return yield* Effect.forEach(urls, (url) =>
      exchange({ method: "POST", url, headers: {}, body: { name: "x" }, timeoutMillis: 5_000 })
    )
  }).pipe(Effect.provide(layerHttpClient(tls, { ...connection, proxies: Either.getOrThrow(readProxies(env)) })))

const said = (outcome: Outcome | undefined) =>
  outcome?._tag === "answered" ? outcome.body : outcome === undefined ? "nothing" : classify(outcome).detail

const faultOf = (outcomes: ReadonlyArray<Outcome>) => {
  const [outcome] = outcomes
  if (outcome === undefined) return assert.fail("no exchange")
  const { reason, lasting, detail } = classify(outcome)
  return { reason, lasting, detail }
}

describe("through a proxy", () => {
  it.scopedLive("https goes through one tunnel, kept for the next request, unseen by the proxy", () =>
    Effect.gen(function* () {
      const port = yield* listening(Https.createServer(otherServer, talkative()))
      const proxy = yield* forwardProxy({ credentials: "me:p@ss" })
      const url = `https://cloud.test:${port}/v3?a=b`
      const outcomes = yield* exchanging({ HTTPS_PROXY: `http://me:p%40ss@127.0.0.1:${proxy.port}` }, [url, url])
      const expected = `/v3?a=b of cloud.test:${port} on 0`
      assert.deepStrictEqual(outcomes.map(said), [expected, expected])
      assert.deepStrictEqual(proxy.tunnels, [`cloud.test:${port}`])
      assert.deepStrictEqual(proxy.requests, [])
    })
  )

  it.scopedLive("http goes as requests for the whole URL, with credentials for the proxy alone", () =>
    Effect.gen(function* () {
      const port = yield* listening(Http.createServer(talkative()))
      const proxy = yield* forwardProxy({ credentials: "me:secret" })
      const url = `http://cloud.test:${port}/v3?a=b`
      const outcomes = yield* exchanging({ HTTP_PROXY: `me:secret@127.0.0.1:${proxy.port}` }, [url, url])
      assert.deepStrictEqual(
        outcomes.map(said).map((text) => text.replace(/ on .*/, "")),
        [`/v3?a=b of cloud.test:${port}`, `/v3?a=b of cloud.test:${port}`]
      )
      assert.deepStrictEqual(proxy.requests, [`POST ${url}`, `POST ${url}`])
    })
  )

  it.scopedLive("a proxy that is itself spoken to over TLS carries both", () =>
    Effect.gen(function* () {
      const secure = yield* listening(Https.createServer(otherServer, talkative()))
      const plain = yield* listening(Http.createServer(talkative()))
      const proxy = yield* forwardProxy({ tls: otherServer })
      const address = `https://127.0.0.1:${proxy.port}`
      const urls = [`https://cloud.test:${secure}/`, `http://cloud.test:${plain}/`]
      const outcomes = yield* exchanging({ HTTPS_PROXY: address, HTTP_PROXY: address }, urls)
      assert.deepStrictEqual(outcomes.map(said), [`/ of cloud.test:${secure} on 0`, `/ of cloud.test:${plain} on 0`])
      assert.deepStrictEqual([proxy.tunnels.length, proxy.requests.length], [1, 1])
    })
  )

  it.scopedLive("nothing goes that NO_PROXY or this machine keeps away from it", () =>
    Effect.gen(function* () {
      const port = yield* listening(Http.createServer(talkative()))
      const proxy = yield* forwardProxy()
      const env = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: "cloud.test" }
      const [outcome] = yield* exchanging(env, [`http://127.0.0.1:${port}/`])
      assert.strictEqual(said(outcome), `/ of 127.0.0.1:${port} on 0`)
      assert.strictEqual(faultOf(yield* exchanging(env, [`http://cloud.test:${port}/`])).reason, "unreachable")
      assert.deepStrictEqual([...proxy.tunnels, ...proxy.requests], [])
    })
  )

  const secret = "sesame-open"

  it.scopedLive.each(["https", "http"] as const)(
    "%s is unreachable for good where the proxy does not know us",
    (scheme) =>
      Effect.gen(function* () {
        const proxy = yield* forwardProxy({ credentials: "me:right" })
        const variable = `${scheme.toUpperCase()}_PROXY`
        const fault = faultOf(
          yield* exchanging({ [variable]: `http://me:${secret}@127.0.0.1:${proxy.port}` }, [
            `${scheme}://cloud.test:5000/`
          ])
        )
        assert.deepStrictEqual([fault.reason, fault.lasting], ["unreachable", true])
        assert.include(fault.detail, `refuses the user and password in ${variable} (HTTP status 407)`)
        assert.notInclude(fault.detail, secret)
      })
  )

  it.scopedLive.each(["https", "http"] as const)(
    "no second login is tried over %s where the proxy does not know us, lest it locks the account",
    (scheme) =>
      Effect.gen(function* () {
        const proxy = yield* forwardProxy({ credentials: "me:right" })
        const env = { [`${scheme.toUpperCase()}_PROXY`]: `http://me:${secret}@127.0.0.1:${proxy.port}` }
        const auth = { _tag: "token", token: Redacted.make("t"), scope: undefined } as const
        const keystone = layerKeystone({ authUrl: `${scheme}://cloud.test:5000`, auth }).pipe(
          Layer.provide(layerHttpClient({}, { proxies: Either.getOrThrow(readProxies(env)) }))
        )
        const failures = yield* Effect.provide(
          Effect.flatMap(Keystone, ({ session }) => Effect.replicateEffect(Effect.flip(session), 3)),
          keystone
        )
        assert.deepStrictEqual(
          failures.map(({ reason }) => reason),
          ["unreachable", "unreachable", "unreachable"]
        )
        assert.strictEqual(proxy.tunnels.length + proxy.requests.length, 1)
      })
  )

  it.scopedLive("https is unreachable where the proxy refuses the tunnel", () =>
    Effect.gen(function* () {
      const proxy = yield* forwardProxy({ refusal: 403 })
      const env = { HTTPS_PROXY: `http://me:${secret}@127.0.0.1:${proxy.port}` }
      const fault = faultOf(yield* exchanging(env, ["https://cloud.test:5000/"]))
      assert.deepStrictEqual(fault, {
        reason: "unreachable",
        lasting: false,
        detail: `the proxy 127.0.0.1:${proxy.port} of HTTPS_PROXY: refuses to connect (HTTP status 403 Refused)`
      })
    })
  )

  it.scopedLive.each(["https", "http"] as const)("%s is unreachable where the proxy is down", (scheme) =>
    Effect.gen(function* () {
      const port = yield* freePort
      const variable = `${scheme}_proxy`
      const env = { [variable]: `http://me:${secret}@127.0.0.1:${port}` }
      const fault = faultOf(yield* exchanging(env, [`${scheme}://cloud.test:5000/`]))
      assert.deepStrictEqual(fault, {
        reason: "unreachable",
        lasting: false,
        detail: `the proxy 127.0.0.1:${port} of ${variable}: connect ECONNREFUSED 127.0.0.1:${port}`
      })
    })
  )

  it.scopedLive("https is unreachable where nobody listens behind the proxy", () =>
    Effect.gen(function* () {
      const proxy = yield* forwardProxy()
      const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
      const fault = faultOf(yield* exchanging(env, [`https://cloud.test:${yield* freePort}/`]))
      assert.deepStrictEqual([fault.reason, fault.lasting], ["unreachable", false])
      assert.include(fault.detail, `the proxy 127.0.0.1:${proxy.port} of HTTPS_PROXY`)
    })
  )

  it.scopedLive("https is unreachable where the tunnel is lost before TLS is agreed on", () =>
    Effect.gen(function* () {
      const port = yield* listening(Http.createServer().on("connection", (socket) => socket.destroy()))
      const proxy = yield* forwardProxy()
      const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
      const fault = faultOf(yield* exchanging(env, [`https://cloud.test:${port}/`]))
      assert.deepStrictEqual([fault.reason, fault.lasting], ["unreachable", false])
    })
  )

  it.scopedLive.each([true, false])("https to where no TLS is spoken says so in plain words (proxy: %s)", (through) =>
    Effect.gen(function* () {
      const port = yield* listening(Http.createServer())
      const proxy = yield* forwardProxy()
      const env: Readonly<Record<string, string>> = through ? { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` } : {}
      const fault = faultOf(yield* exchanging(env, [`https://${through ? "cloud.test" : "127.0.0.1"}:${port}/`]))
      const behind = through ? ` (behind the proxy 127.0.0.1:${proxy.port} of HTTPS_PROXY)` : ""
      assert.deepStrictEqual(fault, {
        reason: "unreachable",
        lasting: false,
        detail: `TLS: wrong version number${behind}`
      })
    })
  )

  it.scopedLive("connecting is over at its limit, tunnel included", () =>
    Effect.gen(function* () {
      const proxy = yield* forwardProxy({ silent: true })
      const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
      const fault = faultOf(yield* exchanging(env, ["https://cloud.test:5000/"], {}, { connectTimeoutMillis: 100 }))
      assert.deepStrictEqual([fault.reason, fault.lasting], ["unreachable", false])
      assert.include(fault.detail, "no connection within 0.1 s")
    })
  )

  it.scopedLive("connecting is over at its limit, TLS behind the tunnel included", () =>
    Effect.gen(function* () {
      const port = yield* listening(createServer((socket) => socket.resume()))
      const proxy = yield* forwardProxy()
      const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
      const fault = faultOf(yield* exchanging(env, [`https://cloud.test:${port}/`], {}, { connectTimeoutMillis: 200 }))
      assert.deepStrictEqual(fault, {
        reason: "unreachable",
        lasting: false,
        detail: `no connection within 0.2 s (behind the proxy 127.0.0.1:${proxy.port} of HTTPS_PROXY)`
      })
    })
  )

  it.scopedLive("the cloud's certificate is verified all the same", () =>
    Effect.gen(function* () {
      const port = yield* listening(Https.createServer(otherServer, talkative()))
      const proxy = yield* forwardProxy()
      const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
      const untrusted = faultOf(yield* exchanging(env, [`https://cloud.test:${port}/`], {}))
      assert.deepStrictEqual([untrusted.reason, untrusted.lasting], ["unreachable", true])
      assert.include(untrusted.detail, "see ca-file")
      const misnamed = faultOf(yield* exchanging(env, [`https://other.test:${port}/`]))
      assert.deepStrictEqual([misnamed.reason, misnamed.lasting], ["unreachable", true])
      assert.include(misnamed.detail, "for another name than the one in the URL")
    })
  )
})
