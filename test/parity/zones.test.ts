import { assert, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect } from "effect"
import { cloudConf, live, oneGiB } from "../support/wiredDriver.ts"
import { onCloud, withBlockStorage } from "./support/onCloud.ts"
import { inZone, pairsOf, regionKey, zoneKey } from "./support/topology.ts"

const withZoneMap = (map: string) => (authUrl: string) => `${cloudConf(authUrl)}availability-zone-map = ${map}\n`

const inZones = (...zones: ReadonlyArray<string>) => ({
  accessibilityRequirements: {
    requisite: zones.map((zone) => inZone(zone)),
    preferred: zones.map((zone) => inZone(zone))
  }
})

const twoZones = { volumeZones: [{ name: "nova" }, { name: "az2" }] }

type OnCloud = Pick<Effect.Effect.Success<ReturnType<typeof onCloud>>, "csi" | "world">

/** Where a new volume is, by the answer and by Cinder. */
const madeBy = ({ csi, world }: OnCloud, request: Parameters<OnCloud["csi"]["createVolume"]>[0]) =>
  Effect.gen(function* () {
    const { volume } = yield* csi.createVolume({ name: "pvc-1", ...oneGiB, ...request })
    const { zone } = yield* world.cinder.showVolume(volume?.volumeId ?? "")
    return { topology: pairsOf(volume?.accessibleTopology), zone }
  })

describe("the zone of a volume", () => {
  live(
    "P-19 is answered as Cinder has it, under upstream's key alone",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: twoZones })
      const asked = { requisite: [inZone("az2", { [regionKey]: "one" })], preferred: [] }
      assert.deepStrictEqual(yield* madeBy(cloud, { accessibilityRequirements: asked }), {
        topology: [{ [zoneKey]: "az2" }],
        zone: "az2"
      })
      assert.deepStrictEqual(yield* madeBy(cloud, { name: "pvc-2" }), {
        topology: [{ [zoneKey]: "nova" }],
        zone: "nova"
      })
    })
  )

  live(
    "P-19 is the class's before the request's, and the first preferred before a requisite one",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: twoZones })
      const parameters = new Map([["availability", "az2"]])
      assert.strictEqual((yield* madeBy(cloud, { ...inZones("nova"), parameters })).zone, "az2")
      const order = { requisite: [inZone("nova"), inZone("az2")], preferred: [inZone("az2"), inZone("nova")] }
      assert.strictEqual((yield* madeBy(cloud, { name: "pvc-2", accessibilityRequirements: order })).zone, "az2")
    })
  )

  live(
    "P-19 is neither asked for nor answered with --with-topology=false",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: twoZones, flags: ["--with-topology=false"] })
      assert.deepStrictEqual(yield* madeBy(cloud, inZones("az2")), { topology: [], zone: "nova" })
    })
  )

  live(
    "P-19 is the next of the request when the first has no room",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: { volumeZones: [{ name: "nova", capacityGiB: 0 }, { name: "az2" }] } })
      assert.deepStrictEqual(yield* madeBy(cloud, inZones("nova", "az2")), {
        topology: [{ [zoneKey]: "az2" }],
        zone: "az2"
      })
    })
  )

  live(
    "P-19 is never outside the request, although Cinder falls back to another",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud({ world: { ...twoZones, availabilityZoneFallback: true } })
      const refusal = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...oneGiB, ...inZones("mars") }))
      assert.strictEqual(refusal.code, status.FAILED_PRECONDITION)
      assert.include(refusal.details, "Cinder's zones are nova, az2")
      assert.deepStrictEqual((yield* world.cinder.listVolumes({})).rows, [])
      const next = yield* madeBy({ csi, world }, { name: "pvc-2", ...inZones("mars", "az2") })
      assert.deepStrictEqual(next, { topology: [{ [zoneKey]: "az2" }], zone: "az2" })
    })
  )

  live(
    "P-19 is found behind a label that is no zone of Cinder, and answered as the label",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: { volumeZones: [{ name: "nova" }, { name: "my zone" }] } })
      assert.deepStrictEqual(yield* madeBy(cloud, inZones("my-zone")), {
        topology: [{ [zoneKey]: "my-zone" }],
        zone: "my zone"
      })
    })
  )

  live(
    "P-19 that is refused is answered with the zones that there are",
    Effect.gen(function* () {
      const { csi } = yield* onCloud({ world: twoZones })
      const refusal = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...oneGiB, ...inZones("mars") }))
      assert.strictEqual(refusal.code, status.INVALID_ARGUMENT)
      assert.include(refusal.details, "Cinder's zones are nova, az2")
    })
  )

  live(
    "P-19 is mapped there and back, without a word with Cinder about its zones",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: twoZones, conf: withZoneMap("my zone=az2, west=az2") })
      assert.deepStrictEqual(yield* madeBy(cloud, inZones("west")), {
        topology: [{ [zoneKey]: "my-zone" }, { [zoneKey]: "west" }],
        zone: "az2"
      })
      const { counts } = cloud.cloud.requests
      assert.isUndefined((yield* counts)["volume GET /os-availability-zone"])
      assert.deepStrictEqual(yield* madeBy(cloud, { name: "pvc-2", ...inZones("nova") }), {
        topology: [{ [zoneKey]: "nova" }],
        zone: "nova"
      })
    })
  )

  live(
    "P-19 is mapped by the map of the volume's own cloud",
    Effect.gen(function* () {
      const section = (name: string, authUrl: string, map: string) =>
        withZoneMap(map)(authUrl).replace("[Global]", `[Global "${name}"]`)
      const cloud = yield* onCloud({
        world: twoZones,
        conf: (authUrl) => section("one", authUrl, "west=nova") + section("two", authUrl, "west=az2"),
        flags: ["--cloud-name=one,two"]
      })
      for (const [name, zone] of [
        ["one", "nova"],
        ["two", "az2"]
      ] as const) {
        const secrets = new Map([["cloud", name]])
        assert.deepStrictEqual(yield* madeBy(cloud, { name, secrets, ...inZones("west") }), {
          topology: [{ [zoneKey]: "west" }],
          zone
        })
      }
    })
  )

  live(
    "P-12 ignore-volume-az answers with the preferred places as they came and takes what Cinder chose",
    Effect.gen(function* () {
      const cloud = yield* onCloud({
        world: { ...twoZones, availabilityZoneFallback: true },
        conf: withBlockStorage("ignore-volume-az = true")
      })
      const preferred = [inZone("west", { [regionKey]: "one" }), inZone("az2", { [regionKey]: "one" })]
      const asked = { requisite: preferred, preferred }
      assert.deepStrictEqual(yield* madeBy(cloud, { accessibilityRequirements: asked }), {
        topology: pairsOf(preferred),
        zone: "nova"
      })
      assert.deepStrictEqual(yield* madeBy(cloud, { name: "pvc-2" }), { topology: [], zone: "nova" })
    })
  )

  live(
    "P-12 without ignore-volume-az the volume's own zone is answered",
    Effect.gen(function* () {
      const cloud = yield* onCloud({ world: twoZones, conf: withBlockStorage("ignore-volume-az = false") })
      const preferred = [inZone("az2", { [regionKey]: "one" })]
      assert.deepStrictEqual(
        (yield* madeBy(cloud, { accessibilityRequirements: { requisite: preferred, preferred } })).topology,
        [{ [zoneKey]: "az2" }]
      )
    })
  )
})
