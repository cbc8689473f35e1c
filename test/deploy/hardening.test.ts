import { assert, it } from "@effect/vitest"
import {
  containersOf,
  driverOf,
  podOf,
  type Selector,
  titleOf,
  type Workload,
  workloadOf,
  workloadsOf
} from "./support/objects.ts"
import { asManifests, renderings } from "./support/renderings.ts"
import { type KubernetesObject, kustomize, objectsOf, proofs, renderChart, unrestricted } from "./support/tools.ts"

interface Budget extends KubernetesObject {
  readonly spec: { readonly selector: Selector }
}
const isBudget = (object: KubernetesObject): object is Budget => object.kind === "PodDisruptionBudget"

const nodesOf = (workloads: ReadonlyArray<Workload>) => workloads.filter(({ kind }) => kind === "DaemonSet")

/** What of a pod may hold credentials of the cloud. */
const secretSources = /"(secret|secretName|projected|\/etc\/config)"/

proofs("the pods", () => {
  it("of controller and assistant meet the Pod Security Standard restricted", () => {
    for (const objects of [
      objectsOf(kustomize("overlays", "full")),
      objectsOf(renderChart({ ...asManifests, failoverAssistant: { enabled: true } }))
    ]) {
      const controllers = workloadsOf(objects).filter(({ kind }) => kind === "Deployment")
      assert.lengthOf(controllers, 2)
      assert.deepStrictEqual(unrestricted(controllers), [])
    }
  })

  it("of a controller that reads the machine's files miss that standard in these files and their owner alone", () => {
    const controllers = workloadsOf(objectsOf(renderChart({}))).filter(({ kind }) => kind === "Deployment")
    const missed = unrestricted(controllers).map((problem) => /: (.*?) \(/.exec(problem)?.[1])
    assert.deepStrictEqual(missed, ["restricted volume types", "runAsNonRoot != true", "runAsUser=0"])
  })

  it("of nodes have one privileged container", () => {
    for (const objects of [objectsOf(kustomize("base")), objectsOf(renderChart({}))]) {
      for (const { name, securityContext } of podOf(objects, "nodeplugin").containers) {
        if (name === "cinder-csi-plugin") assert.strictEqual(securityContext?.["privileged"], true)
        else {
          assert.notProperty(securityContext, "privileged")
          assert.deepStrictEqual(securityContext?.["capabilities"], { drop: ["ALL"] })
          assert.strictEqual(securityContext?.["allowPrivilegeEscalation"], false)
        }
      }
    }
  })

  it("write nowhere but into volumes, and say what they need", () => {
    for (const [rendering, objects] of renderings()) {
      for (const { name, securityContext, resources } of workloadsOf(objects).flatMap(({ spec }) =>
        containersOf(spec.template.spec)
      )) {
        // The Go driver's own values give its sidecars no security context and no resources, and values win.
        assert.strictEqual(securityContext?.["readOnlyRootFilesystem"], true, `${rendering}: ${name}`)
        if (!rendering.includes("as they are")) {
          assert.hasAllKeys(resources?.requests, ["cpu", "memory"], `${rendering}: ${name}`)
        }
      }
    }
  })

  it("of nodes see no credentials, unless they are asked to", () => {
    for (const [rendering, objects] of renderings()) {
      const nodes = nodesOf(workloadsOf(objects))
      assert.isAbove(nodes.length, 0, rendering)
      for (const { spec } of nodes) {
        const { volumes, containers } = spec.template.spec
        const seen = volumes.filter((volume) => secretSources.test(JSON.stringify(volume)))
        if (rendering.includes("see the controller's file")) {
          assert.deepStrictEqual(seen, [{ name: "cloud-config", secret: { secretName: "cloud-config" } }])
        } else {
          assert.deepStrictEqual(seen, [], rendering)
          assert.notMatch(JSON.stringify(containers), /secretKeyRef|secretRef/, rendering)
        }
      }
    }
  })

  it("get a token of Kubernetes only where something uses it", () => {
    for (const [rendering, objects] of renderings()) {
      for (const { metadata, spec, kind } of workloadsOf(objects)) {
        const { automountServiceAccountToken, containers } = spec.template.spec
        const hooked = containers.some(({ env }) => env?.some(({ name }) => name === "NODE_NAME"))
        const needed = kind === "Deployment" || hooked
        assert.strictEqual(automountServiceAccountToken, needed, `${rendering}: ${metadata.name}`)
      }
      for (const account of objects.filter(({ kind }) => kind === "ServiceAccount")) {
        if (account.metadata.name === "csi-cinder-failover-assistant") continue
        assert.strictEqual(account["automountServiceAccountToken"], false, rendering)
      }
    }
  })

  it("live longer than the driver takes to end: 25 seconds, and the hook's 5 minutes", () => {
    for (const [rendering, objects] of renderings()) {
      for (const { spec } of workloadsOf(objects)) {
        const pod = spec.template.spec
        const hooked = JSON.stringify(pod).includes("await-drain")
        const least = hooked ? 325 : 30
        if (!pod.containers.some(({ name }) => name === "cinder-csi-plugin")) continue
        assert.isAtLeast(pod.terminationGracePeriodSeconds ?? 0, least, rendering)
      }
    }
  })

  it("are asked at the port of the liveness sidecar", () => {
    for (const [rendering, objects] of renderings()) {
      for (const { spec } of workloadsOf(objects)) {
        const pod = spec.template.spec
        if (!pod.containers.some(({ name }) => name === "cinder-csi-plugin")) continue
        const driver = driverOf(pod)
        assert.deepStrictEqual(driver.livenessProbe?.httpGet, { path: "/healthz", port: "healthz" }, rendering)
        assert.strictEqual(driver.ports?.find(({ name }) => name === "healthz")?.containerPort, 9808)
      }
    }
  })

  it("of controllers are kept from being evicted all at once, and no others", () => {
    let budgets = 0
    for (const [rendering, objects] of renderings()) {
      const controller = workloadOf(objects, "controllerplugin")
      const selectors = objects.filter(isBudget).map(({ spec }) => spec.selector.matchLabels)
      budgets += selectors.length
      assert.lengthOf(selectors, (controller.spec.replicas ?? 1) > 1 ? 1 : 0, rendering)
      for (const selector of selectors) {
        const selected = workloadsOf(objects).filter(({ spec }) =>
          Object.entries(selector).every(([key, value]) => spec.template.metadata.labels[key] === value)
        )
        assert.deepStrictEqual(selected.map(titleOf), [titleOf(controller)], rendering)
      }
    }
    assert.isAbove(budgets, 5)
  })

  it("are among the last to be evicted", () => {
    for (const [rendering, objects] of renderings()) {
      for (const { spec, kind } of workloadsOf(objects)) {
        const expected = kind === "DaemonSet" ? "system-node-critical" : "system-cluster-critical"
        assert.strictEqual(spec.template.spec.priorityClassName, expected, rendering)
      }
    }
  })
})
