import { assert, it } from "@effect/vitest"
import type { Workload } from "./support/objects.ts"
import { rolesOf, titleOf, workloadsOf } from "./support/objects.ts"
import { asManifests } from "./support/renderings.ts"
import { type KubernetesObject, kustomize, objectsOf, proofs, renderChart } from "./support/tools.ts"

type Objects = ReadonlyArray<KubernetesObject>

/** What chart and manifests call differently, because the Go driver's do. */
const byRole: Readonly<Record<string, string>> = {
  "csi-cinder-controllerplugin": "controllerplugin",
  "csi-cinder-nodeplugin": "nodeplugin",
  "openstack-cinder-csi-controllerplugin": "controllerplugin",
  "openstack-cinder-csi-nodeplugin": "nodeplugin"
}
const roleOf = ({ metadata }: KubernetesObject) => byRole[metadata.name] ?? metadata.name

/** Names by role, without the labels by which each selects its own. */
const comparable = (object: KubernetesObject): unknown =>
  JSON.parse(
    JSON.stringify({ ...object, metadata: { ...object.metadata, name: roleOf(object), labels: {} } }, (key, value) =>
      ["matchLabels", "labels"].includes(key) ? {} : value
    )
  )

const comparableAll = (objects: Objects) =>
  Object.fromEntries(objects.map((object) => [`${object.kind} ${roleOf(object)}`, comparable(object)]))

const plain = () => objectsOf(kustomize("base"))

/** As `plain`, of the chart. */
const chart = (more: object = {}) => objectsOf(renderChart({ ...asManifests, ...more }))

const driverArgs = ({ spec }: Workload) => spec.template.spec.containers[0]?.args

proofs("chart and manifests", () => {
  it("are the same objects but for their names and labels", () => {
    assert.deepStrictEqual(comparableAll(chart()), comparableAll(plain()))
  })

  it("have the same optional objects", () => {
    const optional = ["csi-cinder-node-hooks", "csi-cinder-failover-assistant"]
    const those = (objects: Objects) =>
      comparableAll(objects.filter(({ metadata }) => optional.includes(metadata.name)))
    const ours = those(
      chart({
        failoverAssistant: { enabled: true },
        csi: { plugin: { ...asManifests.csi.plugin, nodePlugin: { hooks: { enabled: true } } } }
      })
    )
    const full = those(objectsOf(kustomize("overlays", "full")))
    assert.isAbove(Object.keys(full).length, 6)
    assert.deepStrictEqual(Object.keys(ours).sort(), Object.keys(full).sort())
    for (const title of Object.keys(full)) {
      if (!title.startsWith("Deployment")) assert.deepStrictEqual(ours[title], full[title])
    }
  })

  it("give the same arguments where metrics and settings of nodes are asked for", () => {
    const values = {
      csi: {
        plugin: {
          ...asManifests.csi.plugin,
          httpEndpoint: { enabled: true },
          nodePlugin: { config: "[BlockStorage]", hooks: { enabled: true }, httpEndpoint: { enabled: true } }
        }
      }
    }
    const argsOf = (objects: Objects): Readonly<Record<string, ReadonlyArray<string>>> =>
      Object.fromEntries(
        workloadsOf(objects).map((workload) => [roleOf(workload), [...(driverArgs(workload) ?? [])].sort()])
      )
    const full = argsOf(objectsOf(kustomize("overlays", "full")))
    const ours = argsOf(chart(values))
    assert.hasAllKeys(ours, ["controllerplugin", "nodeplugin"])
    for (const [role, args] of Object.entries(ours)) assert.deepStrictEqual(args, full[role], role)
  })

  it("have a role for each sidecar under the Go driver's name", () => {
    const names = (objects: Objects) => rolesOf(objects).map(titleOf).sort()
    assert.deepStrictEqual(names(chart()), names(plain()))
    assert.includeMembers(
      names(plain()),
      ["attacher", "provisioner", "resizer", "snapshotter"].map((name) => `ClusterRole csi-${name}-role`)
    )
  })
})
