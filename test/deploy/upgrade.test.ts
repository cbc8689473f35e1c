import { assert, it } from "@effect/vitest"
import { objectOf, titleOf, workloadOf } from "./support/objects.ts"
import { asManifests, upstreamValues, valueSets } from "./support/renderings.ts"
import {
  type KubernetesObject,
  kustomize,
  manifestsOfUpstream,
  objectsOf,
  problemsOfUpdate,
  proofs,
  renderChart,
  upstreamChart
} from "./support/tools.ts"

type Objects = ReadonlyArray<KubernetesObject>

/** Objects of the Go driver that ours do without; what they allow is no longer used. */
const leftBehind = ["ClusterRole csi-nodeplugin-role", "ClusterRoleBinding csi-nodeplugin-binding"]

const chartOfUpstream = (values: object, name: string): Objects =>
  objectsOf(renderChart(values, { chart: upstreamChart, name }))

/** Puts each object of ours in the place of the Go driver's of that kind and name. */
const problemsOfReplacing = (old: Objects, ours: Objects): ReadonlyArray<string> =>
  old.flatMap((before) => {
    const title = titleOf(before)
    const after = ours.find((object) => titleOf(object) === title)
    if (after === undefined) return leftBehind.includes(title) ? [] : [`${title} would be left behind`]
    return problemsOfUpdate(before, after)
  })

const spec = (objects: Objects, kind: string, name: string): unknown => objectOf(objects, kind, name)["spec"]

proofs("over an installation of the Go driver", () => {
  it("the manifests can be applied", () => {
    const old = manifestsOfUpstream()
    assert.isAbove(old.length, 12)
    assert.deepStrictEqual(problemsOfReplacing(old, objectsOf(kustomize("base"))), [])
  })

  for (const [name, values] of Object.entries(valueSets)) {
    it(`the chart can be installed with the same values: ${name}`, () => {
      const old = chartOfUpstream({ storageClass: { enabled: true } }, "any-release")
      const ours = objectsOf(renderChart(values(), { name: "any-release" }))
      const problems = problemsOfReplacing(old, ours)
      const chosen = name === "everything that is optional" ? ["StorageClass csi-cinder-sc-delete: spec"] : []
      assert.lengthOf(problems, chosen.length, problems.join("\n"))
    })
  }

  it("the chart can be installed under other names", () => {
    const values = { nameOverride: "cinder", extraLabels: { team: "storage" }, ...asManifests }
    const old = chartOfUpstream(values, "storage")
    const ours = objectsOf(renderChart(values, { name: "storage" }))
    assert.deepStrictEqual(problemsOfReplacing(old, ours), [])
    assert.strictEqual(workloadOf(ours, "nodeplugin").metadata.name, "cinder-nodeplugin")
  })

  it("all that Kubernetes lets nobody change is told apart", () => {
    const old = chartOfUpstream({}, "cinder")
    const ours = objectsOf(renderChart({}, { name: "cinder" }))
    const changed = (kind: string, name: string, change: object) => {
      const object = objectOf(ours, kind, name)
      return problemsOfUpdate(objectOf(old, kind, name), { ...object, ...change })
    }
    const driver = spec(ours, "CSIDriver", "cinder.csi.openstack.org")
    for (const [field, value] of [
      ["volumeLifecycleModes", ["Persistent"]],
      ["attachRequired", false]
    ] as const) {
      const problems = changed("CSIDriver", "cinder.csi.openstack.org", {
        spec: { ...Object(driver), [field]: value }
      })
      assert.include(problems.join(), "field is immutable", field)
    }
    for (const change of [
      { provisioner: "other" },
      { reclaimPolicy: "Retain" },
      { volumeBindingMode: "WaitForFirstConsumer" },
      { parameters: { type: "ssd" } }
    ]) {
      assert.isNotEmpty(changed("StorageClass", "csi-cinder-sc-delete", change), JSON.stringify(change))
    }
    for (const part of ["controllerplugin", "nodeplugin"] as const) {
      const { kind, metadata, spec: ofWorkload } = workloadOf(ours, part)
      const labels = { ...ofWorkload.selector.matchLabels, more: "x" }
      const template = { ...ofWorkload.template, metadata: { labels } }
      const problems = changed(kind, metadata.name, {
        spec: { ...ofWorkload, selector: { matchLabels: labels }, template }
      })
      assert.include(problems.join(), "spec.selector: Invalid value")
    }
    const binding = { roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" } }
    assert.include(changed("ClusterRoleBinding", "csi-attacher-binding", binding).join(), "roleRef: Invalid value")
  })

  it("what kubelet and existing volumes know of the driver stays", () => {
    for (const [old, ours] of [
      [manifestsOfUpstream(), objectsOf(kustomize("base"))],
      [chartOfUpstream(upstreamValues(), "cinder"), objectsOf(renderChart(upstreamValues()))]
    ] as const) {
      for (const field of ["attachRequired", "podInfoOnMount", "volumeLifecycleModes"]) {
        const name = "cinder.csi.openstack.org"
        assert.deepStrictEqual(
          Object(spec(ours, "CSIDriver", name))[field],
          Object(spec(old, "CSIDriver", name))[field],
          field
        )
      }
      const registration = /plugins\/cinder\.csi\.openstack\.org\/csi\.sock/
      assert.match(JSON.stringify(workloadOf(old, "nodeplugin")), registration)
      assert.match(JSON.stringify(workloadOf(ours, "nodeplugin")), registration)
    }
  })
})
