import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { layerClusterView } from "../../../src/adapters/kubernetes/ClusterViewKubernetes.ts"
import { bytesIn } from "../../../src/adapters/kubernetes/quantity.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { ClusterView } from "../../../src/ports/ClusterView.ts"
import { podAt } from "../../support/kubernetes/access.ts"
import { type KubernetesApi, kubernetesApi, refusal } from "../../support/kubernetes/kubernetesApi.ts"
import { live, temporaryFolder } from "../../support/wiredDriver.ts"

const driver = "cinder.csi.openstack.org"
const token = "secret-token-1"
const madeAt = Date.parse("2026-01-01T00:00:00Z")

const inCluster = <A, E>(test: (api: KubernetesApi, view: ClusterView["Type"]) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.gen(function* () {
    const api = yield* kubernetesApi()
    api.tokens.add(token)
    const pod = yield* podAt(yield* temporaryFolder, api.port, token)
    const userAgent = "cinder-csi-plugin/test"
    const layer = layerClusterView({ ...pod, kubeconfig: "", userAgent, driver, limit: "15 seconds" })
    return yield* test(api, yield* Effect.flatMap(Layer.build(layer), (built) => Effect.provide(ClusterView, built)))
  })

const csi = (volumeHandle: string, more: object = {}) => ({ spec: { csi: { driver, volumeHandle }, ...more } })

describe("the volumes that Kubernetes has on record", () => {
  live(
    "are read page by page, those of other drivers left out",
    inCluster((api, { volumes }) =>
      Effect.gen(function* () {
        for (const name of ["a", "b", "c"]) api.storage.put("PersistentVolume", name, csi(`volume of ${name}`))
        api.storage.put("PersistentVolume", "other", { spec: { csi: { driver: "other", volumeHandle: "x" } } })
        api.storage.put("PersistentVolume", "nfs", { spec: { nfs: { server: "s", path: "/" } } })
        assert.deepStrictEqual(
          (yield* volumes).map(({ name }) => name),
          ["a", "b", "c"]
        )
        assert.strictEqual(api.count("GET", "/api/v1/persistentvolumes"), 3)
      })
    )
  )

  live(
    "are shown with all that is compared with the cloud",
    inCluster((api, { volumes }) =>
      Effect.gen(function* () {
        const zone = { key: "topology.cinder.csi.openstack.org/zone", operator: "In", values: ["az-1"] }
        const others = { key: "kubernetes.io/os", operator: "In", values: ["linux"] }
        api.storage.put("PersistentVolume", "pv-1", {
          ...csi("v1", {
            capacity: { storage: "10Gi" },
            persistentVolumeReclaimPolicy: "Retain",
            storageClassName: "fast",
            claimRef: { namespace: "shop", name: "data" },
            nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [others, zone] }] } }
          }),
          status: { phase: "Released", lastPhaseTransitionTime: "2026-02-01T00:00:00Z" }
        })
        api.storage.put("PersistentVolume", "pv-2", { spec: { cinder: { volumeID: "v2" } } })
        const used = { fsType: "", attributes: {}, mountOptions: [], accessModes: [], isBlock: false, deleting: false }
        assert.deepStrictEqual(yield* volumes, [
          {
            name: "pv-1",
            uid: "uid of pv-1",
            driver,
            volumeId: VolumeId("v1"),
            capacityBytes: 10n * 1024n ** 3n,
            phase: "Released",
            phaseSince: Date.parse("2026-02-01T00:00:00Z"),
            problem: undefined,
            reclaimPolicy: "Retain",
            className: "fast",
            claim: { namespace: "shop", name: "data" },
            zones: ["az-1"],
            createdAt: madeAt,
            ...used
          },
          {
            name: "pv-2",
            uid: "uid of pv-2",
            driver: undefined,
            volumeId: VolumeId("v2"),
            capacityBytes: undefined,
            phase: "",
            phaseSince: undefined,
            problem: undefined,
            reclaimPolicy: "",
            className: undefined,
            claim: undefined,
            zones: [],
            createdAt: madeAt,
            ...used
          }
        ])
      })
    )
  )

  live(
    "have attachments, nodes, classes and snapshots",
    inCluster((api, { attachments, plugins, storageClasses, snapshots }) =>
      Effect.gen(function* () {
        const metadata = (name: string) => ({ name, uid: name, creationTimestamp: "2026-01-01T00:00:00Z" })
        const attachment = (name: string, attacher: string, source: object, attached: boolean) =>
          api.cluster.attachments.set(name, {
            metadata: metadata(name),
            spec: { attacher, nodeName: "node-1", source },
            status: { attached }
          })
        attachment("va-1", driver, { persistentVolumeName: "pv-1" }, true)
        attachment("va-2", driver, { inlineVolumeSpec: { csi: { driver, volumeHandle: "v2" } } }, false)
        attachment("va-3", "other", { persistentVolumeName: "pv-3" }, true)
        api.cluster.register("node-1", driver, "s1")
        api.cluster.register("node-2", "other", "s2")
        api.storage.put("StorageClass", "fast", { provisioner: driver, parameters: { type: "ssd" } })
        api.storage.put("StorageClass", "plain", { provisioner: driver })
        api.storage.put("StorageClass", "other", { provisioner: "other" })
        api.storage.put("VolumeSnapshotContent", "c-1", { spec: { driver }, status: { snapshotHandle: "s1" } })
        api.storage.put("VolumeSnapshotContent", "c-2", { spec: { driver, source: { snapshotHandle: "s2" } } })
        api.storage.put("VolumeSnapshotContent", "c-3", { spec: { driver, source: { volumeHandle: "v1" } } })
        api.storage.put("VolumeSnapshotContent", "c-4", { spec: { driver: "other" } })
        const common = { nodeName: "node-1", deleting: false, error: undefined, createdAt: madeAt }
        assert.deepStrictEqual(yield* attachments, [
          { name: "va-1", uid: "va-1", volumeName: "pv-1", volumeId: undefined, attached: true, ...common },
          { name: "va-2", uid: "va-2", volumeName: undefined, volumeId: VolumeId("v2"), attached: false, ...common }
        ])
        assert.deepStrictEqual(yield* plugins, [
          { nodeName: "node-1", serverId: ServerId("s1"), allocatable: undefined }
        ])
        const plain = { provisioner: driver, waitsForPod: false, expandable: false, isDefault: false }
        assert.deepStrictEqual(yield* storageClasses, [
          { name: "fast", parameters: { type: "ssd" }, ...plain },
          { name: "plain", parameters: {}, ...plain }
        ])
        assert.deepStrictEqual(yield* snapshots, [
          { name: "c-1", handle: "s1" },
          { name: "c-2", handle: "s2" },
          { name: "c-3", handle: undefined }
        ])
        assert.isTrue(api.seen.every(({ method }) => method === "GET"))
      })
    )
  )

  live(
    "have no snapshots where the cluster does not know them, which is not the same as an empty list",
    inCluster((api, { snapshots }) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* snapshots, [])
        api.storage.forget("VolumeSnapshotContent")
        assert.isUndefined(yield* snapshots)
      })
    )
  )

  live(
    "are not taken for none where Kubernetes does not know them",
    inCluster((api, { volumes }) =>
      Effect.gen(function* () {
        api.storage.forget("PersistentVolume")
        assert.include((yield* Effect.flip(volumes)).message, "could not list persistentvolumes")
      })
    )
  )

  live(
    "are read anew when Kubernetes has forgotten where the list was to go on",
    inCluster((api, { volumes }) =>
      Effect.gen(function* () {
        for (const name of ["a", "b", "c"]) api.storage.put("PersistentVolume", name, csi(name))
        api.upset.push(refusal(410, "Expired", "The provided continue parameter is too old"))
        assert.strictEqual((yield* volumes).length, 3)
      })
    )
  )

  live(
    "need a right, which is named",
    inCluster((api, { volumes }) =>
      Effect.gen(function* () {
        api.upset.push(refusal(403, "Forbidden", 'User "system:serviceaccount:a:b" cannot list resource'))
        const { message } = yield* Effect.flip(volumes)
        assert.include(message, "could not list persistentvolumes")
        assert.include(message, "let the user or service account list persistentvolumes")
        assert.notInclude(message, token)
      })
    )
  )
})

describe("a quantity of Kubernetes", () => {
  it.each([
    ["10Gi", 10n * 1024n ** 3n],
    ["1.5Gi", 1_610_612_736n],
    ["5G", 5_000_000_000n],
    ["1073741824", 1_073_741_824n],
    ["1e9", 1_000_000_000n],
    ["2Ti", 2n * 1024n ** 4n],
    ["1500m", 2n],
    ["", undefined],
    ["much", undefined],
    ["10GB", undefined]
  ])("is read: %s", (text, bytes) => assert.strictEqual(bytesIn(text), bytes))
})
