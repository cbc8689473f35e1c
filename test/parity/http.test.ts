import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect, Either } from "effect"
import { makeOpenStackHttp, type OpenStackHttpOptions } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { layerNoDisks, makeWorld } from "../../src/adapters/memory/index.ts"
import { parseOptions } from "../../src/main/options.ts"
import * as certificates from "../support/certificates.ts"
import { type ForwardProxyOptions, forwardProxy } from "../support/forwardProxy.ts"
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

describe("P-10 over HTTP", () => {
  live(
    "P-10 HTTPS_PROXY: every request goes through tunnels, the metadata service does not",
    Effect.gen(function* () {
      const { otherServer } = certificates
      const cloud = yield* cloudOf({ publicHost: "cloud.test", tls: otherServer })
      const { otherCa } = yield* certificateFiles
      const proxy = yield* forwardProxy({ credentials: "me:p@ss" })
      const { code } = yield* created(confWith(cloud.authUrl, { "ca-file": otherCa }), {
        HTTPS_PROXY: `http://me:p%40ss@127.0.0.1:${proxy.port}`
      })
      assert.strictEqual(code, 0)
      const { host } = new URL(cloud.authUrl)
      assert.deepStrictEqual(new Set(proxy.tunnels), new Set([host]))
      assert.isAbove(cloud.requests.total(), proxy.tunnels.length)
    })
  )
})
