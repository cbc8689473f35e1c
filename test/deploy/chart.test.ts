import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { parse } from "yaml"
import { version } from "../../src/main/version.ts"
import { containerOf, driverOf, objectOf, podOf, titlesOf, workloadOf, workloadsOf } from "./support/objects.ts"
import { valueSets } from "./support/renderings.ts"
import { lintChart, objectsOf, problemsOf, project, proofs, renderChart } from "./support/tools.ts"

const chartFile = (name: string) =>
  readFileSync(join(project, "deploy", "charts", "openstack-cinder-csi", name), "utf8")

/** Values that are refused, and the path that the message has to name. */
const mistakes: ReadonlyArray<readonly [string, object]> = [
  ["/timeout", { timeout: 5 }],
  ["/timeout", { timeout: "soon" }],
  ["/logVerbosityLevel", { logVerbosityLevel: "high" }],
  ["/csi/plugin/image/tag", { csi: { plugin: { image: { tag: 1.36 } } } }],
  ["/csi/plugin/image/pullPolicy", { csi: { plugin: { image: { pullPolicy: "Sometimes" } } } }],
  ["/csi/attacher/extraArgs/0", { csi: { attacher: { extraArgs: [5] } } }],
  ["/csi/livenessprobe/timeoutSeconds", { csi: { livenessprobe: { timeoutSeconds: "10s" } } }],
  ["/csi/plugin/controllerPlugin/replicas", { csi: { plugin: { controllerPlugin: { replicas: "two" } } } }],
  ["/csi/plugin/nodePlugin/kubeletDir", { csi: { plugin: { nodePlugin: { kubeletDir: "var/lib/kubelet" } } } }],
  ["/csi/plugin/nodePlugin", { csi: { plugin: { nodePlugin: { toleration: [] } } } }],
  ["/csi/plugin/httpEndpoint/port", { csi: { plugin: { httpEndpoint: { port: 70000 } } } }],
  ["/csiDriver/nodeAllocatableUpdatePeriodSeconds", { csiDriver: { nodeAllocatableUpdatePeriodSeconds: 5 } }],
  ["/secret/enabled", { secret: { enabled: "yes" } }],
  ["/storageClass/delete/volumeBindingMode", { storageClass: { delete: { volumeBindingMode: "Late" } } }],
  ["", { pvcAnnotation: true }]
]

proofs("the chart", () => {
  it("has nothing that helm lint complains of", () => {
    assert.deepStrictEqual(lintChart({}), [])
  })

  it("is of the version that the driver tells", () => {
    const { version: ofChart, appVersion } = parse(chartFile("Chart.yaml"))
    assert.deepStrictEqual([ofChart, appVersion], [version, version])
  })

  for (const [name, values] of Object.entries(valueSets)) {
    it(`is what an API server takes: ${name}`, () => {
      const objects = objectsOf(renderChart(values()))
      assert.isAbove(objects.length, 10)
      assert.deepStrictEqual(problemsOf(objects), [])
    })
  }

  for (const [path, values] of mistakes) {
    it(`refuses ${JSON.stringify(values)} and says where`, () => {
      const [problem = ""] = renderChart(values).problems
      assert.include(problem, `at '${path}'`)
    })
  }

  it("leaves out what Kubernetes does not know yet", () => {
    const specIn = (kubernetesVersion: string) =>
      objectOf(objectsOf(renderChart({}, { kubernetesVersion })), "CSIDriver", "cinder.csi.openstack.org")["spec"]
    assert.notProperty(specIn("1.32.9"), "nodeAllocatableUpdatePeriodSeconds")
    assert.propertyVal(specIn("1.33.0"), "nodeAllocatableUpdatePeriodSeconds", 60)
    assert.propertyVal(specIn("1.37.0-gke.100"), "nodeAllocatableUpdatePeriodSeconds", 60)
    assert.include(renderChart({}, { kubernetesVersion: "1.28.0" }).problems.join(), "the chart is for Kubernetes")
  })

  it("can be a part of another chart, which may switch it on and give values to all of its parts", () => {
    assert.deepStrictEqual(renderChart({ enabled: true, global: { imageRegistry: "r" } }).problems, [])
  })

  it("starts the assistant anew when its settings change, as it reads them when it starts", () => {
    const podWith = (config: string) => {
      const objects = objectsOf(renderChart({ failoverAssistant: { enabled: true, config } }))
      return JSON.stringify(workloadOf(objects, "failover-assistant").spec.template.metadata)
    }
    assert.notStrictEqual(
      podWith("[FailoverAssistant]\ndry-run = true"),
      podWith("[FailoverAssistant]\ndry-run = false")
    )
  })

  it("lets a time limit that is set win over those of the single sidecars", () => {
    const timeouts = (values: object) =>
      podOf(objectsOf(renderChart(values)), "controllerplugin").containers.flatMap(({ args }) =>
        args.filter((arg) => arg.startsWith("--timeout="))
      )
    assert.deepStrictEqual(timeouts({}), ["--timeout=2m", "--timeout=60s", "--timeout=60s", "--timeout=60s"])
    assert.deepStrictEqual(timeouts({ timeout: "3m" }), Array(4).fill("--timeout=3m"))
  })

  it("names images of their own for controller and node, where they are set", () => {
    const plugin = {
      image: { repository: "r/driver", tag: "2" },
      controllerPlugin: { image: { tag: "2-controller" } },
      nodePlugin: { image: { repository: "r/node" } }
    }
    const objects = objectsOf(renderChart({ csi: { plugin } }))
    assert.strictEqual(podOf(objects, "controllerplugin").containers[0]?.image, "r/driver:2-controller")
    assert.strictEqual(podOf(objects, "nodeplugin").containers[0]?.image, "r/node:2")
  })

  it("has the node plugin's health asked at another port where the values say so, and the controller's as ever", () => {
    const objects = objectsOf(renderChart({ csi: { plugin: { nodePlugin: { healthPort: 9809 } } } }))
    assert.deepStrictEqual(problemsOf(objects), [])
    const asked = (ending: "controllerplugin" | "nodeplugin") => {
      const pod = podOf(objects, ending)
      const port = driverOf(pod).ports?.find(({ name }) => name === "healthz")?.containerPort
      return [port, containerOf(pod, "liveness-probe").args.filter((arg) => arg.startsWith("--health-port"))]
    }
    assert.deepStrictEqual(asked("nodeplugin"), [9809, ["--health-port=9809"]])
    assert.deepStrictEqual(asked("controllerplugin"), [9808, []])
  })

  it("has the failover assistant reach the cloud as the controller does", () => {
    const hostAliases = [{ ip: "10.0.0.1", hostnames: ["keystone"] }]
    const nodeSelector = { "kubernetes.io/os": "linux", cloud: "near" }
    const toleration = { key: "cloud", operator: "Exists" }
    const env = [{ name: "HTTPS_PROXY", value: "http://proxy.example.com:3128" }]
    const controllerPlugin = { hostAliases, nodeSelector, tolerations: [toleration] }
    const values = { failoverAssistant: { enabled: true }, csi: { plugin: { extraEnv: env, controllerPlugin } } }
    const objects = objectsOf(renderChart(values))
    assert.deepStrictEqual(problemsOf(objects), [])
    for (const pod of [podOf(objects, "controllerplugin"), podOf(objects, "failover-assistant")]) {
      assert.deepInclude(Object(pod), { hostAliases, nodeSelector })
      assert.deepInclude(Object(pod).tolerations, toleration)
      assert.deepStrictEqual(pod.containers[0]?.env, env)
    }
    assert.lengthOf(Object(podOf(objects, "failover-assistant")).tolerations, 3)
  })

  it("names what is missing in the notes", () => {
    assert.include(renderChart({}).notes, "names no registry")
    assert.include(renderChart({}).notes, "A Secret\nis safer")
    const { notes } = renderChart({ secret: { enabled: true }, csi: { plugin: { image: { repository: "r/driver" } } } })
    assert.notInclude(notes, "names no registry")
    assert.notInclude(notes, "is safer")
  })

  it("has its objects named in the notes and in docs/operations.md as they are", () => {
    const rendered = renderChart({ secret: { filename: "my.conf" } })
    assert.include(rendered.notes, "exec deployment/openstack-cinder-csi-controllerplugin -c cinder-csi-plugin")
    assert.include(rendered.notes, "doctor --cloud-config=/etc/config/my.conf")
    const page = readFileSync(join(project, "docs/operations.md"), "utf8")
    for (const { kind, metadata, spec } of workloadsOf(objectsOf(rendered))) {
      const { app, component } = spec.template.metadata.labels
      assert.include(page, `| \`${kind.toLowerCase()}/${metadata.name}\` |`)
      assert.include(page, `| \`-l app=${app},component=${component}\` |`)
    }
  })

  it("has a budget for evictions only where there are several controllers", () => {
    const budgets = (replicas: number) =>
      titlesOf(objectsOf(renderChart({ csi: { plugin: { controllerPlugin: { replicas } } } }))).filter((title) =>
        title.startsWith("PodDisruptionBudget")
      )
    assert.lengthOf(budgets(2), 1)
    assert.lengthOf(budgets(1), 0)
  })
})
