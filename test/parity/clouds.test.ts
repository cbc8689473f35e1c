import { assert, describe } from "@effect/vitest"
import { Effect, Either, type Scope } from "effect"
import type { CsiClient, RpcFailure } from "../../src/adapters/csi/client.ts"
import { cloudConf, live, mountCapability, oneGiB, startWired } from "../support/wiredDriver.ts"
import { controllerOn, hang, onClouds, secretsFor, section, takeDown, volumeNamesIn } from "./support/onClouds.ts"

const code = { INVALID_ARGUMENT: 3, NOT_FOUND: 5, PERMISSION_DENIED: 7, ABORTED: 10, UNAVAILABLE: 14 }

const codeOf = <A>(call: Effect.Effect<A, RpcFailure, Scope.Scope>) =>
  Effect.map(Effect.either(call), (ended) => (Either.isLeft(ended) ? ended.left.code : 0))

const absentVolume = "6c1c1cb3-8a4f-4d4c-9f0b-000000000000"
const unreachable = "http://127.0.0.1:9"

/** The whole list, page by page, as the attacher reads it. */
const allPages = (csi: CsiClient, maxEntries: number) =>
  Effect.gen(function* () {
    const pages: Array<ReadonlyArray<string>> = []
    let startingToken = ""
    do {
      const { entries, nextToken } = yield* csi.listVolumes({ maxEntries, startingToken })
      pages.push(entries.map(({ volume }) => volume?.volumeId ?? ""))
      startingToken = nextToken
    } while (startingToken !== "")
    return pages
  })

describe("volumes of several clouds", () => {
  live(
    "P-25 ListVolumes shows the volumes of every cloud with their servers, whoever made them",
    Effect.gen(function* () {
      const { csi, plain, north, south, create } = yield* onClouds
      const expected: Array<[string, Array<string>]> = []
      for (const cloud of [plain, north, south]) {
        const volumeId = yield* create(cloud, "pvc-1")
        const [nodeId = "", otherNode = ""] = cloud.nodeIds
        yield* csi.controllerPublishVolume({
          volumeId,
          nodeId,
          volumeCapability: mountCapability(),
          secrets: cloud.secrets
        })
        const foreign = yield* cloud.world.cinder.createVolume({
          name: "made by hand",
          sizeGiB: 2,
          metadata: { "cinder.csi.openstack.org/cluster": "an earlier name" }
        })
        yield* cloud.world.nova.attachVolume(otherNode, foreign.id)
        expected.push([volumeId, [nodeId]], [foreign.id, [otherNode]])
      }
      const { entries, nextToken } = yield* csi.listVolumes()
      assert.sameDeepMembers(
        entries.map(({ volume, status }) => [volume?.volumeId, status?.publishedNodeIds]),
        expected
      )
      assert.strictEqual(entries.length, expected.length)
      assert.strictEqual(nextToken, "")
    })
  )

  live(
    "P-25 ListVolumes goes on from one cloud into the next, in pages of the size asked for",
    Effect.gen(function* () {
      const { csi, plain, north, south, create } = yield* onClouds
      const inPlain = [yield* create(plain, "p1"), yield* create(plain, "p2")]
      const inSouth = [yield* create(south, "s1"), yield* create(south, "s2"), yield* create(south, "s3")]
      const [all = [], ...more] = yield* allPages(csi, 0)
      assert.deepStrictEqual(more, [])
      assert.sameMembers([...all.slice(0, 2)], inPlain)
      assert.sameMembers([...all.slice(2)], inSouth)
      const single = yield* allPages(csi, 1)
      assert.deepStrictEqual(single.flat(), all)
      assert.isTrue(single.every((page) => page.length <= 1))
      const [first, second] = yield* allPages(csi, 4)
      assert.deepStrictEqual([first, second], [all.slice(0, 4), all.slice(4)])
      assert.deepStrictEqual(yield* volumeNamesIn(north), [])
    })
  )

  live(
    "P-25 ListVolumes goes on in the next cloud behind an entry that was deleted meanwhile",
    Effect.gen(function* () {
      const { csi, plain, north, create } = yield* onClouds
      const inPlain = yield* create(plain, "p1")
      const inNorth = yield* create(north, "n1")
      const first = yield* csi.listVolumes({ maxEntries: 1 })
      yield* csi.deleteVolume({ volumeId: inPlain })
      const second = yield* csi.listVolumes({ startingToken: first.nextToken })
      assert.deepStrictEqual(
        [...first.entries, ...second.entries].map(({ volume }) => volume?.volumeId),
        [inPlain, inNorth]
      )
    })
  )

  live(
    "P-25 ListVolumes fails as a whole while one cloud does not answer, and names it",
    Effect.gen(function* () {
      const { csi, north, plain, create } = yield* onClouds
      const volumeId = yield* create(plain, "p1")
      yield* takeDown(north)
      const failure = yield* Effect.flip(csi.listVolumes())
      assert.strictEqual(failure.code, code.UNAVAILABLE)
      assert.include(failure.details, 'the list of volumes is incomplete: cloud "north" failed')
      yield* north.cloud.faults.clear
      assert.deepStrictEqual(yield* allPages(csi, 0), [[volumeId]])
    })
  )

  live(
    "P-25 ListVolumes refuses a negative size, and tokens that lead nowhere",
    Effect.gen(function* () {
      const { csi, north, south, create } = yield* onClouds
      yield* create(north, "n1")
      yield* create(south, "s1")
      assert.strictEqual(yield* codeOf(csi.listVolumes({ maxEntries: -1 })), code.INVALID_ARGUMENT)
      assert.strictEqual(yield* codeOf(csi.listVolumes({ startingToken: "invalid-token" })), code.ABORTED)
      const { nextToken } = yield* csi.listVolumes({ maxEntries: 1 })
      const later = yield* controllerOn([south])
      assert.strictEqual(yield* codeOf(later.csi.listVolumes({ startingToken: nextToken })), code.ABORTED)
    })
  )

  live(
    "P-28 ControllerGetVolume finds a volume in any cloud, with its servers",
    Effect.gen(function* () {
      const { csi, plain, north, south, create } = yield* onClouds
      for (const cloud of [plain, north, south]) {
        const volumeId = yield* create(cloud, "pvc-1")
        const [nodeId = ""] = cloud.nodeIds
        yield* csi.controllerPublishVolume({
          volumeId,
          nodeId,
          volumeCapability: mountCapability(),
          secrets: cloud.secrets
        })
        const { volume, status } = yield* csi.controllerGetVolume({ volumeId })
        assert.deepStrictEqual(
          [volume?.volumeId, volume?.capacityBytes, status?.publishedNodeIds],
          [volumeId, 1_073_741_824n, [nodeId]]
        )
      }
      assert.strictEqual(yield* codeOf(csi.controllerGetVolume({ volumeId: absentVolume })), code.NOT_FOUND)
      assert.strictEqual(yield* codeOf(csi.controllerGetVolume()), code.INVALID_ARGUMENT)
    })
  )

  live(
    "P-28 ControllerGetVolume finds a volume while other clouds are down or do not answer",
    Effect.gen(function* () {
      const { csi, plain, north, south, create } = yield* onClouds
      const volumeId = yield* create(south, "s1")
      yield* takeDown(north)
      yield* hang(plain)
      const found = yield* csi.controllerGetVolume({ volumeId }, { timeout: "5 seconds" })
      assert.strictEqual(found.volume?.volumeId, volumeId)
    })
  )

  live(
    "P-28 ControllerGetVolume does not call a volume absent while a cloud that may have it is down",
    Effect.gen(function* () {
      const { csi, north, create } = yield* onClouds
      const volumeId = yield* create(north, "n1")
      yield* takeDown(north)
      const failure = yield* Effect.flip(csi.controllerGetVolume({ volumeId }))
      assert.strictEqual(failure.code, code.UNAVAILABLE)
      assert.include(failure.details, 'cloud "north" failed')
    })
  )

  live(
    "P-28 ValidateVolumeCapabilities confirms a single node writer in the cloud that its secrets name",
    Effect.gen(function* () {
      const { csi, north, create } = yield* onClouds
      const asked = { volumeId: yield* create(north, "n1"), volumeCapabilities: [mountCapability()] }
      const { confirmed } = yield* csi.validateVolumeCapabilities({ ...asked, secrets: north.secrets })
      assert.deepStrictEqual(confirmed?.volumeCapabilities, asked.volumeCapabilities)
      assert.strictEqual(yield* codeOf(csi.validateVolumeCapabilities(asked)), code.NOT_FOUND)
      const nowhere = { ...asked, volumeId: absentVolume, secrets: north.secrets }
      assert.strictEqual(yield* codeOf(csi.validateVolumeCapabilities(nowhere)), code.NOT_FOUND)
    })
  )

  live(
    "P-29 the key cloud of a secret chooses the cloud of every call",
    Effect.gen(function* () {
      const { csi, plain, north, south, create } = yield* onClouds
      const { secrets } = north
      const volumeId = yield* create(north, "n1")
      const target = { volumeId, nodeId: north.nodeIds[0] ?? "", secrets }
      yield* csi.controllerPublishVolume({ ...target, volumeCapability: mountCapability() })
      yield* csi.controllerExpandVolume({
        volumeId,
        capacityRange: { requiredBytes: 2_147_483_648n, limitBytes: 0n },
        secrets
      })
      const { snapshot } = yield* csi.createSnapshot({ name: "snap-1", sourceVolumeId: volumeId, secrets })
      const snapshotId = snapshot?.snapshotId ?? ""
      assert.strictEqual((yield* csi.listSnapshots({ snapshotId, secrets })).entries.length, 1)
      assert.strictEqual((yield* csi.listSnapshots({ snapshotId })).entries.length, 0)
      const { sizeGiB, attachments } = yield* north.world.cinder.showVolume(volumeId)
      assert.deepStrictEqual([sizeGiB, attachments.length], [2, 1])
      yield* csi.deleteSnapshot({ snapshotId, secrets })
      yield* csi.controllerUnpublishVolume(target)
      yield* csi.deleteVolume({ volumeId })
      assert.deepStrictEqual(yield* volumeNamesIn(north), ["n1"])
      yield* csi.deleteVolume({ volumeId, secrets })
      for (const cloud of [plain, north, south]) assert.deepStrictEqual(yield* volumeNamesIn(cloud), [])
    })
  )

  live(
    "P-29 without secrets, or without the key, a call is for plain [Global]",
    Effect.gen(function* () {
      const { csi, plain } = yield* onClouds
      yield* csi.createVolume({ name: "p1", ...oneGiB })
      yield* csi.createVolume({ name: "p2", ...oneGiB, secrets: new Map([["password", "x"]]) })
      yield* csi.createVolume({ name: "p3", ...oneGiB, secrets: secretsFor("") })
      assert.sameMembers([...(yield* volumeNamesIn(plain))], ["p1", "p2", "p3"])
    })
  )

  live(
    "P-29 a cloud that is not served is INVALID_ARGUMENT before anything else of a call is looked at",
    Effect.gen(function* () {
      const { csi } = yield* onClouds
      const secrets = secretsFor("east")
      const calls = [
        csi.createVolume({ secrets }),
        csi.deleteVolume({ secrets }),
        csi.controllerPublishVolume({ secrets }),
        csi.controllerUnpublishVolume({ secrets }),
        csi.validateVolumeCapabilities({ secrets }),
        csi.controllerExpandVolume({ secrets }),
        csi.createSnapshot({ secrets }),
        csi.deleteSnapshot({ secrets }),
        csi.listSnapshots({ secrets })
      ]
      for (const call of calls) {
        const failure = yield* Effect.flip(call)
        assert.strictEqual(failure.code, code.INVALID_ARGUMENT)
        assert.include(failure.details, 'secrets.cloud is "east", which is not served')
        assert.include(failure.details, 'plain [Global], "north", "south"')
      }
    })
  )

  live(
    "P-29 where plain [Global] is not served, a call without a cloud is told which secret reference is missing",
    Effect.gen(function* () {
      const { north, south } = yield* onClouds
      const { csi } = yield* controllerOn([north, south], "[Global]\nusername = nobody\n")
      const created = yield* Effect.flip(csi.createVolume({ name: "pvc-1", ...oneGiB }))
      assert.strictEqual(created.code, code.INVALID_ARGUMENT)
      assert.include(created.details, "csi.storage.k8s.io/provisioner-secret-name")
      const listed = yield* Effect.flip(csi.listSnapshots())
      assert.include(listed.details, "csi.storage.k8s.io/snapshotter-list-secret-name")
      assert.deepStrictEqual(yield* allPages(csi, 0), [[]])
    })
  )

  live(
    "P-29 a cloud out of reach and one that turns the credentials down end neither the start nor another's calls",
    Effect.gen(function* () {
      const { north, south } = yield* onClouds
      const others = [section("away", unreachable), section("locked", south.cloud.authUrl, "wrong")].join("\n")
      const { csi } = yield* controllerOn([north], others, ["away", "locked"])
      yield* csi.createVolume({ name: "n1", ...oneGiB, secrets: north.secrets })
      assert.deepStrictEqual(yield* volumeNamesIn(north), ["n1"])
      const inCloud = (cloud: string) => csi.createVolume({ name: "pvc-1", ...oneGiB, secrets: secretsFor(cloud) })
      assert.strictEqual(yield* codeOf(inCloud("away")), code.UNAVAILABLE)
      assert.strictEqual(yield* codeOf(inCloud("locked")), code.PERMISSION_DENIED)
    })
  )

  live(
    "P-29 a section that is absent or unusable ends the start",
    Effect.gen(function* () {
      const { north } = yield* onClouds
      const absent = yield* Effect.flip(controllerOn([north], "", ["east"]))
      assert.include(absent.message, 'found no [Global "east"] settings')
      const unusable = yield* Effect.flip(controllerOn([north], '[Global "east"]\nusername = csi\n', ["east"]))
      assert.include(unusable.message, '[Global "east"] needs auth-url')
    })
  )

  live(
    "P-29 node calls ignore secrets",
    Effect.gen(function* () {
      const { csi } = yield* startWired(cloudConf(unreachable), ["--provide-controller-service=false"])
      const target = {
        volumeId: absentVolume,
        stagingTargetPath: "/nowhere/staging",
        targetPath: "/nowhere/target",
        volumePath: "/nowhere/target",
        volumeCapability: mountCapability(),
        capacityRange: oneGiB.capacityRange
      }
      for (const call of [csi.nodePublishVolume, csi.nodeExpandVolume]) {
        const without = yield* Effect.flip(call(target))
        const withSecrets = yield* Effect.flip(call({ ...target, secrets: secretsFor("east") }))
        assert.deepStrictEqual([withSecrets.code, withSecrets.details], [without.code, without.details])
        assert.notStrictEqual(without.code, code.INVALID_ARGUMENT)
      }
    })
  )
})
