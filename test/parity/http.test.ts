import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect, Either } from "effect"
import { makeOpenStackHttp, type OpenStackHttpOptions } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { layerNoDisks, makeWorld } from "../../src/adapters/memory/index.ts"
import * as certificates from "../support/certificates.ts"
import { forwardProxy } from "../support/forwardProxy.ts"
import { cloudConf, live, oneGiB, startWired, temporaryFolder } from "../support/wiredDriver.ts"

type Environment = Readonly<Record<string, string>>

const cloudOf = (http: Omit<OpenStackHttpOptions, "world">) =>
  Effect.gen(function* () {
    const world = yield* makeWorld({ servers: [{ name: "node-1" }] })
    return yield* makeOpenStackHttp({ ...http, world })
  }).pipe(Effect.provide(layerNoDisks))

/** The outcome of a CreateVolume on a driver with this configuration: a volume's id or the error's message. */
const created = (conf: string, environment: Environment = {}) =>
  Effect.gen(function* () {
    const { csi } = yield* startWired(conf, ["--provide-node-service=false"], {}, environment)
    const answer = yield* Effect.either(csi.createVolume({ name: "pvc-1", ...oneGiB }))
    return Either.match(answer, {
      onLeft: ({ code, message }) => ({ code, said: message }),
      onRight: ({ volume }) => ({ code: 0, said: volume?.volumeId ?? "" })
    })
  })

/** `[Global]` with more keys. */
const confWith = (authUrl: string, keys: Readonly<Record<string, string>>) =>
  [cloudConf(authUrl), ...Object.entries(keys).map(([key, value]) => `${key} = ${value}\n`)].join("")

/** The test certificates as files, by name. */
const certificateFiles = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const file = (name: string, text: string) =>
    Effect.as(
      Effect.promise(() => writeFile(join(folder, name), text)),
      join(folder, name)
    )
  const { ca, otherCa, client, otherClient } = certificates
  return {
    ca: yield* file("ca.pem", ca),
    otherCa: yield* file("other-ca.pem", otherCa),
    bundle: yield* file("bundle.pem", `${otherCa}${ca}`),
    cert: yield* file("client.pem", client.cert),
    key: yield* file("client.key", client.key),
    otherCert: yield* file("other-client.pem", otherClient.cert),
    otherKey: yield* file("other-client.key", otherClient.key)
  }
})

describe("P-10 the way to the cloud", () => {
  live(
    "P-10 HTTPS_PROXY, with user and password: all requests go through tunnels",
    Effect.gen(function* () {
      const cloud = yield* cloudOf({ publicHost: "cloud.test", tls: certificates.otherServer })
      const { otherCa } = yield* certificateFiles
      const proxy = yield* forwardProxy({ credentials: "me:p@ss" })
      const environment = { HTTPS_PROXY: `http://me:p%40ss@127.0.0.1:${proxy.port}` }
      const { code } = yield* created(confWith(cloud.authUrl, { "ca-file": otherCa }), environment)
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(new Set(proxy.tunnels), new Set([new URL(cloud.authUrl).host]))
      assert.isAbove(yield* cloud.requests.total, proxy.tunnels.length)
      assert.deepStrictEqual(proxy.requests, [])
    })
  )

  live(
    "P-10 http_proxy without a scheme: all requests go to the proxy, with the whole URL",
    Effect.gen(function* () {
      const cloud = yield* cloudOf({ publicHost: "cloud.test" })
      const proxy = yield* forwardProxy()
      const { code } = yield* created(cloudConf(cloud.authUrl), { http_proxy: `127.0.0.1:${proxy.port}` })
      assert.strictEqual(code, 0)
      assert.strictEqual(proxy.requests.length, yield* cloud.requests.total)
      assert.include(proxy.requests, `POST ${cloud.authUrl}/auth/tokens`)
    })
  )

  live(
    "P-10 NO_PROXY with a range, and loopback addresses: nothing goes through the proxy",
    Effect.gen(function* () {
      const proxy = yield* forwardProxy()
      const environment = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }
      const near = yield* cloudOf({})
      assert.strictEqual((yield* created(cloudConf(near.authUrl), environment)).code, 0)
      const anywhere = yield* cloudOf({ publicHost: "0.0.0.0" })
      const exempt = { ...environment, NO_PROXY: "10.0.0.0/8, 0.0.0.0/8" }
      assert.strictEqual((yield* created(cloudConf(anywhere.authUrl), exempt)).code, 0)
      assert.deepStrictEqual(proxy.requests, [])
      assert.strictEqual((yield* created(cloudConf(anywhere.authUrl), environment)).code, 0)
      assert.isNotEmpty(proxy.requests)
    })
  )

  live(
    "P-10 the metadata service is asked directly",
    Effect.gen(function* () {
      const cloud = yield* cloudOf({ publicHost: "0.0.0.0" })
      const proxy = yield* forwardProxy()
      const { csi } = yield* startWired(
        "[Metadata]\nsearch-order = metadataService\n",
        ["--provide-controller-service=false"],
        { metadata: { baseUrls: [cloud.metadataUrl] } },
        { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }
      )
      assert.isNotEmpty((yield* csi.nodeGetInfo()).nodeId)
      assert.deepStrictEqual(proxy.requests, [])
    })
  )

  live(
    "P-10 a proxy that cannot be used ends the controller at start, without telling its password",
    Effect.gen(function* () {
      const conf = cloudConf("http://127.0.0.1:9")
      const refusal = yield* Effect.flip(created(conf, { HTTPS_PROXY: "http://me:sesame#1@proxy:3128" }))
      assert.match(refusal.message, /^HTTPS_PROXY: is not the URL of a proxy/)
      assert.notInclude(refusal.message, "sesame")
    })
  )

  live(
    "P-10 ca-file: trusts the authorities in it and nobody else",
    Effect.gen(function* () {
      const cloud = yield* cloudOf({ tls: certificates.server })
      const { ca, otherCa, bundle } = yield* certificateFiles
      for (const file of [ca, bundle]) {
        assert.strictEqual((yield* created(confWith(cloud.authUrl, { "ca-file": file }))).code, 0)
      }
      for (const keys of [{ "ca-file": otherCa }, {}]) {
        const { code, said } = yield* created(confWith(cloud.authUrl, keys))
        assert.strictEqual(code, 14)
        assert.include(said, "no trusted authority signed the server's certificate: see ca-file")
      }
    })
  )

  live(
    "P-10 a certificate for another name is refused",
    Effect.gen(function* () {
      const cloud = yield* cloudOf({ publicHost: "localhost", tls: certificates.server })
      const { ca } = yield* certificateFiles
      const { code, said } = yield* created(confWith(cloud.authUrl, { "ca-file": ca }))
      assert.strictEqual(code, 14)
      assert.include(said, "the server's certificate is for another name than the one in the URL")
    })
  )

  live(
    "P-10 tls-insecure: true switches verification off, any other spelling does not",
    Effect.gen(function* () {
      const cloud = yield* cloudOf({ publicHost: "localhost", tls: certificates.server })
      assert.strictEqual((yield* created(confWith(cloud.authUrl, { "tls-insecure": "true" }))).code, 0)
      for (const spelling of ["True", "yes", "1", "false"]) {
        assert.strictEqual((yield* created(confWith(cloud.authUrl, { "tls-insecure": spelling }))).code, 14)
      }
    })
  )

  live(
    "P-10 cert-file and key-file: a cloud that asks for the client's certificate gets it",
    Effect.gen(function* () {
      const cloud = yield* cloudOf({ tls: { ...certificates.server, ca: certificates.ca } })
      const { ca, cert, key, otherCert, otherKey } = yield* certificateFiles
      const mutual = confWith(cloud.authUrl, { "ca-file": ca, "cert-file": cert, "key-file": key })
      assert.strictEqual((yield* created(mutual)).code, 0)
      const without = yield* created(confWith(cloud.authUrl, { "ca-file": ca }))
      assert.strictEqual(without.code, 14)
      assert.include(without.said, "see cert-file and key-file")
      const another = { "ca-file": ca, "cert-file": otherCert, "key-file": otherKey }
      assert.strictEqual((yield* created(confWith(cloud.authUrl, another))).code, 14)
    })
  )

  live(
    "P-10 os-endpoint-type and region choose among the catalogue's endpoints",
    Effect.gen(function* () {
      const cloud = yield* cloudOf({ catalog: { interfaces: ["internal"], regions: ["north", "south"] } })
      const inRegion = (type: string, region: string) =>
        created(confWith(cloud.authUrl, { "os-endpoint-type": type, region }))
      assert.strictEqual((yield* inRegion("internal", "south")).code, 0)
      assert.strictEqual((yield* inRegion("internal", '""')).code, 0)
      for (const [type, region] of [
        ["public", "south"],
        ["internal", "west"]
      ] as const) {
        const { code, said } = yield* inRegion(type, region)
        assert.strictEqual(code, 7)
        assert.include(said, `interface ${type} in region ${region}; the catalog has: `)
      }
    })
  )
})
