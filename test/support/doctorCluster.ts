import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { OpenStackHttpOptions, WorldOptions } from "../../src/adapters/memory/index.ts"
import type { DoctorSurroundings } from "../../src/main/doctor/doctor.ts"
import { ca } from "./certificates.ts"
import { assertOnlyReads, cloudToAsk, consult, consultJson } from "./doctor.ts"
import { filesIn, kubeconfigText } from "./kubernetes/access.ts"
import { kubernetesApi } from "./kubernetes/kubernetesApi.ts"
import { wireNode } from "./kubernetes/wireNode.ts"
import { cloudConf } from "./wiredDriver.ts"

export const driver = "cinder.csi.openstack.org"
export const server1 = "11111111-1111-4111-8111-111111111111"
export const server2 = "22222222-2222-4222-8222-222222222222"
export const token = "kubernetes-sentinel-token"

type Json = Readonly<Record<string, unknown>>

interface ClaimOptions {
  readonly name?: string
  readonly size?: string
  readonly className?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly accessModes?: ReadonlyArray<string>
  /** Its persistent volume; with it, it is bound. */
  readonly volume?: string
  readonly capacity?: string
}

/** A cluster with two nodes and a class, a cloud with two servers, and the doctor's flags for both. */
export const hospital = (
  world: WorldOptions = {},
  http: Omit<OpenStackHttpOptions, "world"> = {},
  conf: (authUrl: string) => string = (url) => cloudConf(url)
) =>
  Effect.gen(function* () {
    const servers = [
      { id: server1, name: "vm-1" },
      { id: server2, name: "vm-2" }
    ]
    const { cloud, config, folder, world: made } = yield* cloudToAsk({ servers, ...world }, http, conf)
    const api = yield* kubernetesApi()
    api.tokens.add(token)
    yield* filesIn(folder, { "ca.pem": ca, kubeconfig: kubeconfigText(api.url, { token }) })
    const { put } = api.viewed
    const zone = { "topology.cinder.csi.openstack.org/zone": "nova" }
    for (const [name, id] of [
      ["node-1", server1],
      ["node-2", server2]
    ] as const) {
      api.cluster.putNode(name, { ...wireNode(id, "True", new Date(0)), metadata: { labels: zone, uid: name } })
      api.cluster.register(name, driver, id)
    }
    const putClass = (name: string, more: Json = {}) =>
      api.storage.put("StorageClass", name, { provisioner: driver, ...more })
    putClass("standard")
    for (const name of ["pv-a", "pv-b"]) {
      api.storage.put("PersistentVolume", name, {
        spec: { csi: { driver, volumeHandle: `of ${name}` } },
        status: { phase: "Bound" }
      })
    }

    const putClaim = (options: ClaimOptions = {}) => {
      const { name = "data", size = "2Gi", className = "standard", volume, capacity = size, annotations = {} } = options
      put("persistentvolumeclaims", "shop", name, {
        metadata: { annotations },
        spec: {
          storageClassName: className,
          accessModes: options.accessModes ?? ["ReadWriteOnce"],
          resources: { requests: { storage: size } },
          ...(volume === undefined ? {} : { volumeName: volume })
        },
        status: volume === undefined ? { phase: "Pending" } : { phase: "Bound", capacity: { storage: capacity } }
      })
    }
    const putVolume = (
      handle: string,
      more: { readonly phase?: string; readonly policy?: string; readonly name?: string; readonly driver?: string } = {}
    ) =>
      api.storage.put("PersistentVolume", more.name ?? "pv-1", {
        spec: {
          csi: { driver: more.driver ?? driver, volumeHandle: handle, fsType: "ext4", volumeAttributes: {} },
          claimRef: { namespace: "shop", name: "data" },
          capacity: { storage: "2Gi" },
          accessModes: ["ReadWriteOnce"],
          persistentVolumeReclaimPolicy: more.policy ?? "Delete"
        },
        status: { phase: more.phase ?? "Bound" }
      })
    const wish = (
      nodeName: string,
      attached: boolean,
      more: { readonly deleting?: boolean; readonly error?: string } = {}
    ) =>
      void api.cluster.attachments.set(`va-${nodeName}`, {
        kind: "VolumeAttachment",
        apiVersion: "storage.k8s.io/v1",
        metadata: {
          name: `va-${nodeName}`,
          ...(more.deleting === true ? { deletionTimestamp: "2026-11-30T15:00:00Z" } : {})
        },
        spec: { attacher: driver, nodeName, source: { persistentVolumeName: "pv-1" } },
        status: { attached, ...(more.error === undefined ? {} : { attachError: { message: more.error } }) }
      })
    const newVolume = (type?: string) =>
      Effect.map(
        made.cinder.createVolume({ name: "pvc-1", sizeGiB: 2, ...(type === undefined ? {} : { type }) }),
        ({ id }) => id
      )

    /** A claim whose volume Kubernetes, Cinder and Nova have on node-1. */
    const attachedClaim = Effect.gen(function* () {
      const id = yield* newVolume()
      yield* made.nova.attachVolume(server1, id)
      putClaim({ volume: "pv-1" })
      putVolume(id)
      wish("node-1", true)
      return id
    })

    const flags = [`--cloud-config=${config}`, `--kubeconfig=${join(folder, "kubeconfig")}`]
    const assertUnchanged = Effect.gen(function* () {
      yield* assertOnlyReads(cloud)
      assert.deepStrictEqual(
        api.seen.filter(({ method }) => method !== "GET"),
        []
      )
    })
    return {
      cloud,
      world: made,
      api,
      folder,
      config,
      putClass,
      putClaim,
      putVolume,
      wish,
      newVolume,
      attachedClaim,
      flags,
      assertUnchanged,
      say: (words: ReadonlyArray<string>, surroundings: DoctorSurroundings = {}) =>
        consult([...words, ...flags], {}, surroundings),
      /** The report about an object, after which nothing has been changed anywhere. */
      ask: (words: ReadonlyArray<string>, surroundings: DoctorSurroundings = {}) =>
        Effect.zipLeft(consultJson([...words, ...flags], {}, surroundings), assertUnchanged)
    }
  })
