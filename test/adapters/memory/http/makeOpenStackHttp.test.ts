import { type RequestOptions, request } from "node:https"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope, TestClock } from "effect"
import { certificate, privateKey } from "./certificate.ts"
import { ask, json, makeCloud, newVolume } from "./client.ts"

const middlewareRefusal = {
  error: {
    code: 401,
    title: "Unauthorized",
    message: "The request you have made requires authentication."
  }
}

describe("makeOpenStackHttp", () => {
  it.scoped("serves everything on one port below a path for each service", () =>
    Effect.gen(function* () {
      const { http } = yield* makeCloud({ servers: [{ name: "node-1" }] })
      const origins = [http.authUrl, http.endpoints.volume, http.endpoints.compute, http.metadataUrl]
      assert.strictEqual(new Set(origins.map((url) => new URL(url).host)).size, 1)
      assert.strictEqual((yield* ask(http.endpoints.volume.replace("/v3", "/"))).status, 300)
      assert.strictEqual((yield* ask(http.endpoints.compute)).status, 200)
      const document = json(yield* ask(`${http.metadataUrl}/openstack/latest/meta_data.json`))
      assert.deepInclude(document, { name: "node-1", availability_zone: "nova" })
    })
  )

  it.scoped("lets the metadata service answer for another server", () =>
    Effect.gen(function* () {
      const { http } = yield* makeCloud({ servers: [{ name: "node-1" }, { name: "node-2" }] })
      yield* http.playServer("node-2")
      assert.deepInclude(json(yield* ask(`${http.metadataUrl}/openstack/latest/meta_data.json`)), { name: "node-2" })
    })
  )

  it.scoped("answers an expired token as the middleware does, with where to get another", () =>
    Effect.gen(function* () {
      const { volume, http } = yield* makeCloud({}, { tokenLife: "10 minutes" })
      assert.strictEqual((yield* volume("/volumes")).status, 200)
      yield* TestClock.adjust("10 minutes")
      const answer = yield* volume("/volumes")
      assert.strictEqual(answer.status, 401)
      assert.deepStrictEqual(json(answer), middlewareRefusal)
      assert.strictEqual(answer.headers["www-authenticate"], `Keystone uri="${http.authUrl}"`)
    })
  )

  it.scoped("refuses revoked tokens at once", () =>
    Effect.gen(function* () {
      const { volume, compute, http } = yield* makeCloud()
      assert.strictEqual((yield* volume("/volumes")).status, 200)
      yield* http.revokeTokens
      assert.deepStrictEqual([(yield* volume("/volumes")).status, (yield* compute("/servers")).status], [401, 401])
    })
  )

  it.scoped("goes on trusting a revoked token for as long as services cache what Keystone said", () =>
    Effect.gen(function* () {
      const { volume, compute, http } = yield* makeCloud({}, { tokenCache: "5 minutes" })
      yield* volume("/volumes")
      yield* http.revokeTokens
      assert.strictEqual((yield* volume("/volumes")).status, 200)
      assert.strictEqual((yield* compute("/servers")).status, 401)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* volume("/volumes")).status, 401)
    })
  )

  it.scoped("counts requests by template", () =>
    Effect.gen(function* () {
      const { volume, http } = yield* makeCloud()
      const created = yield* volume("/volumes", newVolume())
      const id = /"id":"([^"]+)"/.exec(created.text)?.[1]
      yield* http.requests.reset
      yield* volume(`/volumes/${id}`)
      yield* volume("/volumes/unknown")
      yield* volume("/nothing")
      assert.deepStrictEqual(yield* http.requests.counts, { "volume GET /volumes/{id}": 2, "volume GET (none)": 1 })
      const [first] = yield* http.requests.recent
      assert.deepInclude(first, { status: 200, microversion: "volume 3.60", template: "/volumes/{id}" })
    })
  )

  it.scoped("writes the URLs of the catalog as the cloud is set up", () =>
    Effect.gen(function* () {
      const { logIn, http, world } = yield* makeCloud(
        {},
        { catalog: { volumeType: "block-storage", projectInVolumeUrl: false, regions: ["North", "South"] } }
      )
      const { text } = yield* logIn({
        identity: {
          methods: ["application_credential"],
          application_credential: { id: "c5a0f1d27b3e4c869a1f0e2d3c4b5a69", secret: "application-secret" }
        }
      })
      const { token } = JSON.parse(text)
      const storage = token.catalog.find(({ type }: { readonly type: string }) => type === "block-storage")
      assert.deepInclude(storage.endpoints[0], { region: "North", interface: "public", url: http.endpoints.volume })
      assert.strictEqual(storage.endpoints.length, 6)
      assert.strictEqual(token.project.id, world.settings.projectId)
    })
  )

  it.effect("closes open connections and ends requests in progress with its scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { http, volume } = yield* Scope.extend(makeCloud(), scope)
      yield* http.faults.add({ service: "volume", delay: "1 hour" })
      const waiting = yield* Effect.fork(Effect.exit(volume("/volumes")))
      while ((yield* http.faults.met) === 0)
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isFailure(yield* waiting))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ask(http.authUrl))))
    })
  )

  it.scoped("speaks TLS, to clients with a certificate alone where it is told so", () =>
    Effect.gen(function* () {
      const { http } = yield* makeCloud({}, { tls: { key: privateKey, cert: certificate, ca: certificate } })
      const get = (options: RequestOptions) =>
        Effect.async<number, string>((resume) => {
          const outgoing = request(http.authUrl, { ...options, agent: false, ca: certificate }, (incoming) => {
            incoming.resume()
            resume(Effect.succeed(incoming.statusCode ?? 0))
          })
          outgoing.on("error", (error) => resume(Effect.fail(error.message)))
          outgoing.end()
        })
      assert.match(http.authUrl, /^https:/)
      assert.strictEqual(yield* get({ key: privateKey, cert: certificate }), 200)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(get({}))))
    })
  )

  it.scoped("refuses bodies larger than the services take", () =>
    Effect.gen(function* () {
      const { volume } = yield* makeCloud()
      const answer = yield* volume("/volumes", newVolume({ description: "x".repeat(120_000) }))
      assert.strictEqual(answer.status, 413)
      assert.isUndefined(answer.headers["retry-after"])
    })
  )
})
