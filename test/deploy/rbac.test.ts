import { assert, it } from "@effect/vitest"
import { type Role, rightsOf, rolesOf, titleOf } from "./support/objects.ts"
import { asManifests } from "./support/renderings.ts"
import { type KubernetesObject, kustomize, objectsOf, proofs, renderChart } from "./support/tools.ts"

const looks = ["get", "list", "watch"]
const events = { "/events": ["list", "watch", "create", "update", "patch"] }

/**
 * What the sidecars' own projects publish for the versions that we ship, less what the driver has no use for: groups of
 * snapshots, VolumeAttributesClasses, published capacity. Secrets are for who names some in a class.
 */
const published: Readonly<Record<string, Readonly<Record<string, ReadonlyArray<string>>>>> = {
  "ClusterRole csi-attacher-role": {
    "/persistentvolumes": [...looks, "patch"],
    "storage.k8s.io/csinodes": looks,
    "storage.k8s.io/volumeattachments": [...looks, "patch"],
    "storage.k8s.io/volumeattachments/status": ["patch"]
  },
  "ClusterRole csi-provisioner-role": {
    ...events,
    "/persistentvolumes": [...looks, "create", "patch", "delete"],
    "/persistentvolumeclaims": [...looks, "update"],
    "/nodes": looks,
    "storage.k8s.io/storageclasses": looks,
    "storage.k8s.io/csinodes": looks,
    "storage.k8s.io/volumeattachments": looks,
    "snapshot.storage.k8s.io/volumesnapshots": [...looks, "update"],
    "snapshot.storage.k8s.io/volumesnapshotcontents": ["get", "list"]
  },
  "ClusterRole csi-snapshotter-role": {
    ...events,
    "snapshot.storage.k8s.io/volumesnapshotclasses": looks,
    "snapshot.storage.k8s.io/volumesnapshotcontents": [...looks, "update", "patch"],
    "snapshot.storage.k8s.io/volumesnapshotcontents/status": ["update", "patch"]
  },
  "ClusterRole csi-resizer-role": {
    ...events,
    "/persistentvolumes": [...looks, "patch"],
    "/persistentvolumeclaims": looks,
    "/persistentvolumeclaims/status": ["patch"],
    "/pods": looks
  },
  "Role csi-cinder-leader-election": {
    "coordination.k8s.io/leases": [...looks, "create", "update", "delete"]
  }
}

/** src/adapters/kubernetes/ClusterViewKubernetes.ts */
const readByDoctorAndAudit = {
  "/persistentvolumeclaims": ["get"],
  "/persistentvolumes": ["get", "list"],
  "/pods": ["get"],
  "/nodes": ["get"],
  "/events": ["list"],
  "storage.k8s.io/storageclasses": ["get", "list"],
  "storage.k8s.io/volumeattachments": ["list"],
  "storage.k8s.io/csinodes": ["get", "list"],
  "snapshot.storage.k8s.io/volumesnapshotcontents": ["list"]
}

const listed = (rights: Readonly<Record<string, ReadonlyArray<string>>>) =>
  Object.entries(rights)
    .flatMap(([where, verbs]) => verbs.map((verb) => `${verb} ${where}`))
    .sort()

interface Binding extends KubernetesObject {
  readonly subjects: ReadonlyArray<{ readonly kind: string; readonly name: string; readonly namespace: string }>
  readonly roleRef: { readonly kind: string; readonly name: string }
}
const isBinding = (object: KubernetesObject): object is Binding => object.kind.endsWith("RoleBinding")

/** Roles by the account that they are bound to. */
const boundTo = (objects: ReadonlyArray<KubernetesObject>, account: string): ReadonlyArray<Role> => {
  const bound = objects
    .filter(isBinding)
    .filter(({ subjects }) => subjects.some(({ name }) => name === account))
    .map(({ roleRef }) => `${roleRef.kind} ${roleRef.name}`)
  return rolesOf(objects).filter((role) => bound.includes(titleOf(role)))
}

const both = (): ReadonlyArray<readonly [string, ReadonlyArray<KubernetesObject>]> => [
  ["manifests", objectsOf(kustomize("base"))],
  ["chart", objectsOf(renderChart(asManifests))]
]

proofs("the rights", () => {
  it("of the controller are what its sidecars ask for, role by role, and nothing more", () => {
    for (const [words, objects] of both()) {
      const roles = boundTo(objects, "csi-cinder-controller-sa")
      assert.deepStrictEqual(roles.map(titleOf).sort(), Object.keys(published).sort(), words)
      for (const role of roles) {
        const title = titleOf(role)
        assert.deepStrictEqual([...rightsOf(role.rules)].sort(), listed(published[title] ?? {}), `${words}: ${title}`)
      }
    }
  })

  it("of the controller are enough for doctor and audit, which docs/doctor.md and docs/operations.md have run in its pod", () => {
    for (const [words, objects] of both()) {
      const rights = boundTo(objects, "csi-cinder-controller-sa").flatMap(({ rules }) => rightsOf(rules))
      assert.includeMembers(rights, listed(readByDoctorAndAudit), words)
    }
  })

  it("are bound to accounts of the driver's namespace alone, and no role is bound to nobody", () => {
    for (const [words, objects] of both()) {
      const bindings = objects.filter(isBinding)
      for (const { subjects } of bindings) {
        for (const { kind, namespace, name } of subjects) {
          assert.deepStrictEqual([kind, namespace], ["ServiceAccount", "kube-system"], words)
          assert.isTrue(objects.some((object) => object.kind === kind && object.metadata.name === name))
        }
      }
      assert.lengthOf(bindings, rolesOf(objects).length, words)
    }
  })

  it("of nodes are none, and with the hooks those of the hooks", () => {
    for (const [words, objects] of both()) assert.lengthOf(boundTo(objects, "csi-cinder-node-sa"), 0, words)
    const hooks = ["get /nodes", "patch /nodes", "get storage.k8s.io/csinodes", "list storage.k8s.io/volumeattachments"]
    const roles = boundTo(objectsOf(kustomize("overlays", "full")), "csi-cinder-node-sa")
    assert.deepStrictEqual(
      roles.flatMap(({ rules }) => rightsOf(rules)),
      hooks
    )
  })

  it("on secrets are for the named ones of two clouds, or what the values add", () => {
    const all = (objects: ReadonlyArray<KubernetesObject>) => rolesOf(objects).flatMap(({ rules }) => rightsOf(rules))
    const onSecrets = (objects: ReadonlyArray<KubernetesObject>) =>
      all(objects).filter((right) => right.includes("/secrets"))
    for (const [, objects] of both()) assert.deepStrictEqual(onSecrets(objects), [])
    assert.deepStrictEqual(onSecrets(objectsOf(kustomize("overlays", "two-clouds"))), [
      "get /secrets cloud-north",
      "get /secrets cloud-south"
    ])
    const extraRbac = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get", "list"] }]
    const asked = objectsOf(renderChart({ csi: { snapshotter: { extraRbac }, resizer: { extraRbac: {} } } }))
    assert.deepStrictEqual(onSecrets(asked), ["get /secrets", "list /secrets"])
  })

  it("name no wildcard", () => {
    for (const [, objects] of both()) {
      for (const { rules } of rolesOf(objects)) assert.notInclude(JSON.stringify(rules), '"*"')
    }
  })
})
