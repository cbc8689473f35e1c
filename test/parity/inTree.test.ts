import { assert, describe } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { bytesOf } from "../../src/domain/Capacity.ts"
import { migrated, noDeployTools, objectsOf } from "../deploy/support/tools.ts"
import { mountCapability, oneGiB } from "../support/wiredDriver.ts"
import { liveUnless } from "./support/needs.ts"
import { onCloud } from "./support/onCloud.ts"
import { inZone, zoneKey } from "./support/topology.ts"

const Migrated = Schema.Struct({
  spec: Schema.Struct({
    csi: Schema.Struct({ driver: Schema.String, volumeHandle: Schema.String, fsType: Schema.String }),
    nodeAffinity: Schema.Unknown
  })
})
const Class = Schema.Struct({ parameters: Schema.Record({ key: Schema.String, value: Schema.String }) })

/** A volume of the plug-in that was part of Kubernetes, as it made it. */
const inTreeVolume = (volumeID: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name: "pvc-1", labels: { "topology.kubernetes.io/zone": "nova" } },
  spec: {
    capacity: { storage: "1Gi" },
    accessModes: ["ReadWriteOnce"],
    cinder: { volumeID, fsType: "xfs" },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: "topology.kubernetes.io/zone", operator: "In", values: ["nova"] }] }
        ]
      }
    }
  }
})

const inTreeClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "fast" },
  provisioner: "kubernetes.io/cinder",
  parameters: { fsType: "xfs", availability: "nova" }
}

const asKubernetes = liveUnless(noDeployTools)

describe("volumes of the in-tree plug-in", () => {
  asKubernetes(
    "P-40 are published, grown and deleted under the handle that Kubernetes translates them to, on nodes of our zone label",
    Effect.gen(function* () {
      const { csi, world, nodeIds } = yield* onCloud()
      const { id } = yield* world.cinder.createVolume({
        name: "kubernetes-dynamic-pvc-1",
        sizeGiB: 1,
        metadata: { "kubernetes.io/created-for/pvc/name": "claim" }
      })
      const [object] = objectsOf(migrated([inTreeVolume(id)]))
      const { csi: source, nodeAffinity } = Schema.decodeUnknownSync(Migrated)(object).spec
      assert.deepStrictEqual(source, { driver: (yield* csi.getPluginInfo()).name, volumeHandle: id, fsType: "xfs" })
      assert.include(JSON.stringify(nodeAffinity), `"key":"${zoneKey}","operator":"In","values":["nova"]`)
      const of = { volumeId: source.volumeHandle, nodeId: nodeIds[0] ?? "" }
      const capability = mountCapability(source.fsType)
      const { publishContext } = yield* csi.controllerPublishVolume({
        ...of,
        volumeCapability: capability,
        volumeContext: new Map()
      })
      assert.isTrue(publishContext.has("DevicePath"))
      yield* csi.controllerUnpublishVolume(of)
      const grown = yield* csi.controllerExpandVolume({
        volumeId: of.volumeId,
        capacityRange: { requiredBytes: bytesOf(2), limitBytes: 0n }
      })
      assert.strictEqual(grown.capacityBytes, bytesOf(2))
      yield* csi.deleteVolume({ volumeId: of.volumeId })
      assert.deepStrictEqual((yield* world.cinder.listVolumes({})).rows, [])
    })
  )

  asKubernetes(
    "P-40 are made from a class whose parameters Kubernetes translates",
    Effect.gen(function* () {
      const { csi, world } = yield* onCloud()
      const [object] = objectsOf(migrated([inTreeClass]))
      const { parameters } = Schema.decodeUnknownSync(Class)(object)
      assert.deepStrictEqual(parameters, { "csi.storage.k8s.io/fstype": "xfs", availability: "nova" })
      const given = new Map(Object.entries(parameters).filter(([key]) => !key.startsWith("csi.storage.k8s.io/")))
      const { volume } = yield* csi.createVolume({
        ...oneGiB,
        name: "pvc-2",
        parameters: given,
        accessibilityRequirements: { requisite: [inZone("nova")], preferred: [inZone("nova")] }
      })
      assert.deepStrictEqual(volume?.accessibleTopology, [{ segments: new Map([[zoneKey, "nova"]]) }])
      assert.lengthOf((yield* world.cinder.listVolumes({ name: "pvc-2" })).rows, 1)
    })
  )
})
