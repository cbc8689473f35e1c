import { FileSystem } from "@effect/platform"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Logger, Scope, TestClock } from "effect"
import { loadCloudConf } from "../../src/adapters/config/loadCloudConf.ts"
import type { TlsSettings } from "../../src/adapters/memory/http/httpServer.ts"
import { defaultIdentity } from "../../src/adapters/memory/http/identitySettings.ts"
import { makeOpenStackHttp, type OpenStackHttpOptions } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { layerNoDisks, makeWorld } from "../../src/adapters/memory/index.ts"
import { noProxies } from "../../src/adapters/openstack/proxies.ts"
import { layerCloud } from "../../src/main/cloudLayers.ts"
import { serveClouds } from "../../src/main/rotation.ts"
import { Cinder } from "../../src/ports/Cinder.ts"
import * as certificates from "../support/certificates.ts"
import { type SecretVolume, secretVolume } from "../support/secretVolume.ts"
import { freePort, live, oneGiB, startWired } from "../support/wiredDriver.ts"

const pause = "10 seconds"

/** A cloud with application credentials that come and go. */
const cloudWithCredentials = (http: Omit<OpenStackHttpOptions, "world"> = {}) =>
  Effect.gen(function* () {
    const world = yield* makeWorld({ servers: [{ name: "node-1" }] })
    const { userId, projectId } = world.settings
    const credentials = ["old", "new"].map((id) => ({
      id,
      name: id,
      secret: `secret-of-${id}`,
      userId,
      projectId,
      roles: ["member"]
    }))
    const identity = { ...defaultIdentity(world), applicationCredentials: credentials }
    const cloud = yield* makeOpenStackHttp({ ...http, world, identity })
    /** Deletes it, which ends its tokens. */
    const revoke = (id: string) =>
      Effect.zipRight(
        Effect.sync(() => {
          const index = credentials.findIndex((credential) => credential.id === id)
          if (index >= 0) credentials.splice(index, 1)
        }),
        cloud.revokeTokens
      )
    const logins = Effect.map(cloud.requests.counts, (counts) => counts["identity POST /v3/auth/tokens"] ?? 0)
    return { cloud, world, revoke, logins }
  }).pipe(Effect.provide(layerNoDisks))

const confOf = (authUrl: string, id: string, keys: Readonly<Record<string, string>> = {}) => `[Global]
auth-url = "${authUrl}"
application-credential-id = ${id}
application-credential-secret = "secret-of-${id}"
${Object.entries(keys)
  .map(([key, value]) => `${key} = ${value}\n`)
  .join("")}`

/** The log as it grows. */
const listening = () => {
  const lines: Array<string> = []
  const waiting: Array<() => void> = []
  const logger = Logger.make(({ message, logLevel }) => {
    lines.push(`${logLevel.label} ${[message].flat().map(String).join(" ")}`)
    for (const look of waiting) look()
  })
  const heard = (text: string, times = 1) =>
    Effect.async<void>((resume) => {
      const look = () => {
        if (lines.filter((line) => line.includes(text)).length >= times) resume(Effect.void)
      }
      waiting.push(look)
      look()
    })
  return { lines, heard, layer: Logger.replace(Logger.defaultLogger, logger) }
}

/** Turns of the event loop, until it is so. */
const until = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(condition, (met) =>
    met
      ? Effect.void
      : Effect.zipRight(
          Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
          until(condition)
        )
  )

/** Cinder of the cloud that the volume's cloud.conf describes, and a look at the files by hand. */
const cinderOf = (volume: SecretVolume) =>
  Effect.gen(function* () {
    const cloudsYaml = { file: undefined, cloud: undefined, folders: [] }
    const load = loadCloudConf([volume.path("cloud.conf")], { missingFiles: "refuse", cloudsYaml })
    const served = (yield* serveClouds(load, yield* load, [""])).get("")
    if (served === undefined) return assert.fail("no cloud")
    const options = { userAgent: "", observe: () => undefined, proxies: noProxies, ignoreMicroversions: false }
    const ports = yield* Layer.build(layerCloud(served.cloud, served.live, options))
    return { cinder: Context.get(ports, Cinder), look: served.live.look }
  })

const inTime = <A, E>(
  name: string,
  test: (log: ReturnType<typeof listening>) => Effect.Effect<A, E, Scope.Scope | FileSystem.FileSystem>
) =>
  it.scoped(name, () => {
    const log = listening()
    return test(log).pipe(Effect.provide(Layer.merge(NodeFileSystem.layer, log.layer)))
  })

const inForce = "[Global]: new credentials are in force, from "

describe("rotation", () => {
  inTime("takes over credentials within ten seconds after the Secret changed", (log) =>
    Effect.gen(function* () {
      const { cloud, logins } = yield* cloudWithCredentials()
      const volume = yield* secretVolume({ "cloud.conf": confOf(cloud.authUrl, "old") })
      const { cinder } = yield* cinderOf(volume)
      yield* cinder.findVolumes("pvc-1")
      yield* TestClock.adjust(pause)
      yield* volume.swap({ "cloud.conf": confOf(cloud.authUrl, "new") })
      yield* cinder.findVolumes("pvc-1")
      assert.strictEqual(yield* logins, 1)
      yield* TestClock.adjust(pause)
      yield* log.heard(inForce)
      yield* Effect.all([cinder.findVolumes("pvc-1"), cinder.findVolumes("pvc-2")], { concurrency: 2 })
      assert.strictEqual(yield* logins, 2)
      assert.deepStrictEqual(log.lines, [`INFO ${inForce}${volume.path("cloud.conf")}`])
    })
  )

  inTime("heals a call whose token ended with the old credential, before the files were looked at", (log) =>
    Effect.gen(function* () {
      const { cloud, revoke, logins } = yield* cloudWithCredentials()
      const volume = yield* secretVolume({ "cloud.conf": confOf(cloud.authUrl, "old") })
      const { cinder } = yield* cinderOf(volume)
      yield* cinder.findVolumes("pvc-1")
      yield* volume.swap({ "cloud.conf": confOf(cloud.authUrl, "new") })
      yield* revoke("old")
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc-1"), [])
      assert.strictEqual(yield* logins, 3)
      assert.deepStrictEqual(log.lines, [`INFO ${inForce}${volume.path("cloud.conf")}`])
    })
  )

  inTime("tries new credentials at once although the old ones were refused a moment ago", (log) =>
    Effect.gen(function* () {
      const { cloud, revoke } = yield* cloudWithCredentials()
      yield* revoke("old")
      const volume = yield* secretVolume({ "cloud.conf": confOf(cloud.authUrl, "old") })
      const { cinder } = yield* cinderOf(volume)
      const refused = yield* Effect.flip(cinder.findVolumes("pvc-1"))
      assert.strictEqual(refused.message.includes("application credential is gone"), true)
      yield* volume.swap({ "cloud.conf": confOf(cloud.authUrl, "new") })
      yield* TestClock.adjust(pause)
      yield* log.heard(inForce)
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc-1"), [])
    })
  )

  inTime("goes on with the old token where the new credentials are refused", (log) =>
    Effect.gen(function* () {
      const { cloud, logins } = yield* cloudWithCredentials()
      const volume = yield* secretVolume({ "cloud.conf": confOf(cloud.authUrl, "old") })
      const { cinder } = yield* cinderOf(volume)
      yield* cinder.findVolumes("pvc-1")
      yield* volume.swap({ "cloud.conf": confOf(cloud.authUrl, "unknown") })
      yield* TestClock.adjust(pause)
      yield* log.heard(inForce)
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc-1"), [])
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc-2"), [])
      assert.strictEqual(yield* logins, 2)
      assert.include(log.lines.at(-1), "token not renewed")
    })
  )

  inTime("keeps what is in force while a changed file cannot be used, and says so once", (log) =>
    Effect.gen(function* () {
      const { cloud, revoke } = yield* cloudWithCredentials()
      const volume = yield* secretVolume({ "cloud.conf": confOf(cloud.authUrl, "old") })
      const { cinder, look } = yield* cinderOf(volume)
      const broken: ReadonlyArray<readonly [string, string]> = [
        ["[Global\nsecret-of-new", "stays in force: "],
        [
          confOf(cloud.authUrl, "new").replace(/application-credential-secret.*/, ""),
          "needs application-credential-secret"
        ],
        [confOf(cloud.authUrl, "new", { "ca-file": volume.path("cloud.conf") }), "holds no certificate in PEM form"],
        [confOf(cloud.authUrl, "new", { "ca-file": "/nowhere" }), "/nowhere: [Global] ca-file: cannot be read"]
      ]
      for (const [text, problem] of broken) {
        const before = log.lines.length
        yield* volume.swap({ "cloud.conf": text })
        yield* look
        yield* look
        assert.strictEqual(log.lines.length, before + 1, log.lines.join("\n"))
        assert.include(log.lines.at(-1), problem)
        assert.include(log.lines.at(-1), "WARN")
        assert.deepStrictEqual(yield* cinder.findVolumes("pvc-1"), [])
      }
      yield* volume.swap({ "cloud.conf": confOf(cloud.authUrl, "new") })
      yield* look
      yield* revoke("old")
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc-1"), [])
      assert.notInclude(log.lines.join("\n"), "secret-of")
    })
  )

  inTime("follows clouds.yaml too", (log) =>
    Effect.gen(function* () {
      const { cloud, revoke } = yield* cloudWithCredentials()
      const files = (id: string) => ({
        "cloud.conf": `[Global]\nuse-clouds = true\nclouds-file = ${volume.path("clouds.yaml")}\n`,
        "clouds.yaml": `clouds:
  one:
    auth_type: v3applicationcredential
    auth:
      auth_url: ${cloud.authUrl}
      application_credential_id: ${id}
      application_credential_secret: secret-of-${id}
`
      })
      const volume: SecretVolume = yield* secretVolume({ "cloud.conf": "", "clouds.yaml": "" })
      yield* volume.swap(files("old"))
      const { cinder, look } = yield* cinderOf(volume)
      yield* cinder.findVolumes("pvc-1")
      yield* volume.swap(files("new"))
      yield* look
      yield* revoke("old")
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc-1"), [])
      assert.deepStrictEqual(log.lines, [`INFO ${inForce}${volume.path("cloud.conf")}, ${volume.path("clouds.yaml")}`])
    })
  )

  inTime("names once what takes effect only after a restart", (log) =>
    Effect.gen(function* () {
      const { cloud } = yield* cloudWithCredentials()
      const volume = yield* secretVolume({ "cloud.conf": confOf(cloud.authUrl, "old") })
      const { look } = yield* cinderOf(volume)
      const moved = confOf(`${cloud.authUrl}/`, "old", { region: "south", "os-endpoint-type": "internal" })
      yield* volume.swap({
        "cloud.conf": `${moved}[BlockStorage]\nrescan-on-resize = true\n[Metadata]\nrequest-timeout = 5s\n`
      })
      yield* look
      yield* look
      assert.deepStrictEqual(log.lines, [
        "WARN [Global] auth-url, region, os-endpoint-type: changed, which takes effect when the pod restarts",
        "WARN [BlockStorage] rescan-on-resize: changed, which takes effect when the pod restarts",
        "WARN [Metadata] request-timeout: changed, which takes effect when the pod restarts"
      ])
    })
  )

  inTime("shows the credentials of another Keystone to nobody before the restart that they wait for", (log) =>
    Effect.gen(function* () {
      const { cloud } = yield* cloudWithCredentials()
      const volume = yield* secretVolume({ "cloud.conf": confOf(cloud.authUrl, "old") })
      const { cinder, look } = yield* cinderOf(volume)
      yield* volume.swap({ "cloud.conf": confOf("http://127.0.0.1:9/v3", "new") })
      yield* look
      yield* look
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc-1"), [])
      assert.deepStrictEqual(log.lines, [
        "WARN [Global] auth-url, credentials: changed, which takes effect when the pod restarts"
      ])
      yield* volume.swap({ "cloud.conf": confOf(cloud.authUrl, "new") })
      yield* look
      assert.deepStrictEqual(log.lines.slice(1), [`INFO ${inForce}${volume.path("cloud.conf")}`])
    })
  )

  inTime("uses new certificates for new connections, while a request in flight ends on its own", (log) =>
    Effect.gen(function* () {
      const { cloud } = yield* cloudWithCredentials({ tls: certificates.server })
      const files = (ca: string) => ({
        "cloud.conf": confOf(cloud.authUrl, "old", { "ca-file": volume.path("ca.pem") }),
        "ca.pem": ca
      })
      const volume: SecretVolume = yield* secretVolume({ "cloud.conf": "", "ca.pem": "" })
      yield* volume.swap(files(certificates.ca))
      const { cinder } = yield* cinderOf(volume)
      yield* cinder.findVolumes("pvc-1")
      yield* cloud.faults.add({ service: "volume", delay: "15 seconds", count: 1 })
      const flying = yield* Effect.fork(cinder.findVolumes("pvc-1"))
      yield* until(Effect.map(cloud.faults.met, (met) => met === 1))
      yield* volume.swap(files(certificates.otherCa))
      yield* TestClock.adjust(pause)
      yield* log.heard(`[Global]: new certificates are in force for new connections, from ${volume.path("ca.pem")}`)
      const untrusted = yield* Effect.flip(cinder.findVolumes("pvc-1"))
      assert.strictEqual(untrusted.message.includes("see ca-file"), true)
      yield* TestClock.adjust(pause)
      assert.deepStrictEqual(yield* Fiber.join(flying), [])
    })
  )

  inTime("follows a cloud that changes its authority and asks for certificates of the new one", (log) =>
    Effect.gen(function* () {
      const port = yield* freePort
      const serving = (tls: TlsSettings) =>
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
          const { cloud } = yield* cloudWithCredentials({ port, tls }).pipe(Effect.provideService(Scope.Scope, scope))
          return { authUrl: cloud.authUrl, stop: Scope.close(scope, Exit.void) }
        })
      const { ca, otherCa, client, otherClient, server, otherServer } = certificates
      const first = yield* serving({ ...server, ca })
      const files = (bundle: string, { cert, key }: certificates.Signed) => ({
        "cloud.conf": confOf(first.authUrl, "old", {
          "ca-file": volume.path("ca.pem"),
          "cert-file": volume.path("tls.crt"),
          "key-file": volume.path("tls.key")
        }),
        "ca.pem": bundle,
        "tls.crt": cert,
        "tls.key": key
      })
      const volume: SecretVolume = yield* secretVolume({ "cloud.conf": "", "ca.pem": "", "tls.crt": "", "tls.key": "" })
      yield* volume.swap(files(ca, client))
      const { cinder, look } = yield* cinderOf(volume)
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc-1"), [])

      yield* volume.swap(files(`${ca}${otherCa}`, client))
      yield* look
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc-1"), [])

      yield* first.stop
      yield* serving({ ...otherServer, ca: otherCa })
      yield* volume.swap(files(`${ca}${otherCa}`, { ...otherClient, key: client.key }))
      yield* look
      assert.include(
        log.lines.at(-1),
        `is no certificate in PEM form that belongs to the key in ${volume.path("tls.key")}`
      )
      yield* volume.swap(files(`${ca}${otherCa}`, otherClient))
      yield* look
      assert.deepStrictEqual(yield* cinder.findVolumes("pvc-1"), [])
      assert.notInclude(log.lines.join("\n"), "PRIVATE KEY")
    })
  )

  live(
    "loses no call of the whole driver when its credential is replaced and deleted under load",
    Effect.gen(function* () {
      const { cloud, revoke } = yield* cloudWithCredentials()
      const { csi, config } = yield* startWired(confOf(cloud.authUrl, "old"))
      const create = (name: string) => csi.createVolume({ name, ...oneGiB })
      yield* create("pvc-first")
      const files = yield* FileSystem.FileSystem
      const names = Array.from({ length: 40 }, (_, index) => `pvc-${index}`)
      const creating = yield* Effect.fork(Effect.forEach(names, create, { concurrency: 8 }))
      yield* files.writeFileString(`${config}.new`, confOf(cloud.authUrl, "new"))
      yield* files.rename(`${config}.new`, config)
      yield* revoke("old")
      const volumes = yield* Fiber.join(creating)
      assert.strictEqual(new Set(volumes.map(({ volume }) => volume?.volumeId)).size, names.length)
      assert.strictEqual((yield* csi.listVolumes()).entries.length, names.length + 1)
    })
  )
})
