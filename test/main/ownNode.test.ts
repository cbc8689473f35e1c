import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import { parseAllDocuments } from "yaml"
import { parseGoDuration } from "../../src/adapters/config/goDuration.ts"
import { startupTaint } from "../../src/domain/OwnNode.ts"
import { runAwaitDrain } from "../../src/main/awaitDrain.ts"
import { podAt } from "../support/kubernetes/access.ts"
import { kubernetesApi, refusal } from "../support/kubernetes/kubernetesApi.ts"
import { rightsGiven, rightsUsed } from "../support/kubernetes/rights.ts"
import { live, startWired, temporaryFolder } from "../support/wiredDriver.ts"

const driver = "cinder.csi.openstack.org"
const other = { key: "dedicated", value: "db", effect: "NoSchedule", timeAdded: "2026-11-30T15:00:00Z" }
const coming = { spec: { taints: [{ key: startupTaint, effect: "NoExecute" }, other] } }

const cluster = Effect.gen(function* () {
  const api = yield* kubernetesApi()
  api.tokens.add("t")
  api.cluster.putNode("node-1", coming)
  return { api, pod: yield* podAt(yield* temporaryFolder, api.port, "t") }
})

const until = (isSo: () => boolean) =>
  Effect.repeat(Effect.sync(isSo), { until: (so) => so, schedule: Schedule.spaced("5 millis") })

const nodeFlags = ["--provide-controller-service=false"]
const withTaint = "[BlockStorage]\nremove-startup-taint = true\n"

describe("a node with remove-startup-taint", () => {
  live(
    "takes its taint away when kubelet has registered the driver, and no other taint",
    Effect.gen(function* () {
      const { api, pod } = yield* cluster
      api.upset.push(refusal(503, "ServiceUnavailable", "later"))
      yield* startWired(withTaint, nodeFlags, { pod }, { NODE_NAME: "node-1" })
      yield* until(() => api.seen.length > 2)
      assert.deepStrictEqual(api.cluster.node("node-1")?.["spec"], coming.spec)
      api.cluster.register("node-1", driver, "s")
      yield* until(() => api.count("PATCH", "/api/v1/nodes/node-1") === 1)
      assert.deepStrictEqual(api.cluster.node("node-1")?.["spec"], { taints: [other] })
      // Of the node as it was looked at: the only one so far, and thus with the first version.
      assert.deepInclude(api.seen.find(({ method }) => method === "PATCH")?.body, {
        metadata: { resourceVersion: "101" }
      })
    })
  )

  live(
    "does not take what an earlier node of its name registered for its own",
    Effect.gen(function* () {
      const { api, pod } = yield* cluster
      api.cluster.register("node-1", driver, "s")
      api.cluster.removeNode("node-1")
      api.cluster.putNode("node-1", { ...coming, metadata: { uid: "another uid" } })
      yield* startWired(withTaint, nodeFlags, { pod }, { NODE_NAME: "node-1" })
      yield* until(() => api.count("GET", "/apis/storage.k8s.io/v1/csinodes/node-1") > 1)
      assert.strictEqual(api.count("PATCH", "/api/v1/nodes/node-1"), 0)
      api.cluster.register("node-1", driver, "s")
      yield* until(() => api.count("PATCH", "/api/v1/nodes/node-1") === 1)
    })
  )

  live(
    "looks again where somebody else changed the node at the same time",
    Effect.gen(function* () {
      const { api, pod } = yield* cluster
      api.cluster.register("node-1", driver, "s")
      api.refuseNext("PATCH", refusal(409, "Conflict", "the object has been modified"))
      yield* startWired(withTaint, nodeFlags, { pod }, { NODE_NAME: "node-1" })
      yield* until(() => api.count("PATCH", "/api/v1/nodes/node-1") === 2)
      assert.deepStrictEqual(api.cluster.node("node-1")?.["spec"], { taints: [other] })
    })
  )

  live(
    "does not start where it cannot know its node or how to ask Kubernetes",
    Effect.gen(function* () {
      const nameless = yield* Effect.flip(startWired(withTaint, nodeFlags))
      assert.include(nameless.message, "remove-startup-taint needs the node's name in the variable NODE_NAME")
      const noPod = yield* Effect.flip(startWired(withTaint, nodeFlags, {}, { NODE_NAME: "node-1" }))
      assert.include(noPod.message, "remove-startup-taint needs the Kubernetes API: this is no pod")
    })
  )

  live(
    "asks Kubernetes nothing unless it is told to",
    Effect.gen(function* () {
      const { api, pod } = yield* cluster
      yield* startWired("", nodeFlags, { pod }, { NODE_NAME: "node-1" })
      assert.deepStrictEqual(api.seen, [])
    })
  )
})

const attachment = (attacher: string, nodeName: string) => ({
  metadata: { name: "a" },
  spec: { attacher, nodeName, source: { persistentVolumeName: "pv-1" } }
})

describe("await-drain", () => {
  live(
    "ends when the node has no volume of this driver any more",
    Effect.gen(function* () {
      const { api, pod } = yield* cluster
      api.cluster.putNode("node-1", {
        spec: { unschedulable: true },
        status: { volumesInUse: ["kubernetes.io/csi/other^v2"], volumesAttached: [] }
      })
      api.cluster.attachments.set("a", attachment(driver, "node-2"))
      api.cluster.attachments.set("b", attachment("other", "node-1"))
      yield* runAwaitDrain(["--node=node-1"], {}, pod)
      assert.deepStrictEqual(
        api.seen.map(({ path }) => path),
        ["/api/v1/nodes/node-1", "/apis/storage.k8s.io/v1/volumeattachments", "/api/v1/nodes/node-1"]
      )
    })
  )

  live(
    "names what is still there",
    Effect.gen(function* () {
      const { api, pod } = yield* cluster
      api.cluster.putNode("node-1", { spec: { unschedulable: true } })
      for (const name of ["x", "y"]) api.cluster.attachments.set(name, attachment(driver, "node-2"))
      api.cluster.attachments.set("a", attachment(driver, "node-1"))
      const still = yield* Effect.flip(runAwaitDrain(["--within=1s"], { NODE_NAME: "node-1" }, pod))
      assert.include(still.message, "volumes are still here: pv-1")
      api.cluster.putNode("node-1", { status: { volumesInUse: [`kubernetes.io/csi/${driver}^v1`] } })
      const used = yield* Effect.flip(runAwaitDrain(["--within=1s"], { NODE_NAME: "node-1" }, pod))
      assert.include(used.message, "volumes are still here: v1")
      api.cluster.removeNode("node-1")
      const gone = yield* Effect.flip(runAwaitDrain(["--within=1s"], { NODE_NAME: "node-1" }, pod))
      assert.include(gone.message, "volumes are still here: pv-1")
    })
  )

  live(
    "does not take an answer that it cannot read for an empty node",
    Effect.gen(function* () {
      const { api, pod } = yield* cluster
      api.upset.push({ status: 200, body: "{}" })
      const error = yield* Effect.flip(runAwaitDrain(["--node=node-1", "--within=1s"], {}, pod))
      assert.include(error.message, "could not read node node-1: the answer of Kubernetes cannot be read")
    })
  )

  live(
    "refuses flags of no use",
    Effect.gen(function* () {
      assert.include((yield* Effect.flip(runAwaitDrain(["--within=soon"], {}))).message, "--within takes a time")
      assert.include((yield* Effect.flip(runAwaitDrain([], {}))).message, "await-drain needs the node's name")
      const root = yield* temporaryFolder
      yield* Effect.promise(() => writeFile(join(root, "config"), "{}"))
      const flags = ["--node=n", `--kubeconfig=${join(root, "config")}`]
      assert.include((yield* Effect.flip(runAwaitDrain(flags, {}))).message, "has no current-context")
    })
  )
})

const manifest = (name: string) =>
  parseAllDocuments(readFileSync(join(import.meta.dirname, "../../deploy/kubernetes", name), "utf8")).map((document) =>
    document.toJS()
  )

describe("the manifests of a node that comes and goes", () => {
  const objects = manifest("components/node-hooks/rbac.yaml")
  const [patch] = manifest("components/node-hooks/daemonset-patch.yaml")
  const [daemonSet] = manifest("base/node/daemonset.yaml").filter(({ kind }) => kind === "DaemonSet")
  const added = patch.spec.template.spec
  const patched = daemonSet.spec.template.spec

  live(
    "give it the rights that it uses and no others, and to the node plugin's account",
    Effect.gen(function* () {
      const { api, pod } = yield* cluster
      api.cluster.register("node-1", driver, "s")
      yield* startWired(withTaint, nodeFlags, { pod }, { NODE_NAME: "node-1" })
      yield* until(() => api.count("PATCH", "/api/v1/nodes/node-1") === 1)
      api.cluster.putNode("node-1", { spec: { unschedulable: true } })
      yield* runAwaitDrain(["--node=node-1"], {}, pod)
      const roles = objects.filter(({ kind }) => kind === "ClusterRole")
      assert.deepStrictEqual(rightsGiven(roles), rightsUsed(api.seen))
      const [binding] = objects.filter(({ kind }) => kind === "ClusterRoleBinding")
      assert.deepStrictEqual(
        objects.map(({ kind }) => kind),
        ["ClusterRole", "ClusterRoleBinding"]
      )
      assert.strictEqual(binding.roleRef.name, roles[0].metadata.name)
      assert.deepStrictEqual(binding.subjects, [
        { kind: "ServiceAccount", name: patched.serviceAccountName, namespace: daemonSet.metadata.namespace }
      ])
    })
  )

  it("keep the driver registered until it has ended, since kubelet unmounts nothing without", () => {
    const registrar = "node-driver-registrar"
    const [before] = patched.containers.filter(({ name }: { readonly name: string }) => name === registrar)
    assert.deepStrictEqual(added.initContainers, [{ ...before, restartPolicy: "Always" }])
    assert.deepInclude(added.containers, { name: registrar, $patch: "delete" })
  })

  live(
    "add to containers that the DaemonSet has, and give the hook the time that it may take",
    Effect.gen(function* () {
      const named = (wanted: string) => (container: { readonly name: string }) => container.name === wanted
      for (const { name } of added.containers) assert.isTrue(patched.containers.some(named(name)))
      const plugin = added.containers.find(named("cinder-csi-plugin"))
      assert.deepStrictEqual(plugin.env, [
        { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }
      ])
      const [program, command, ...flags] = plugin.lifecycle.preStop.exec.command
      assert.deepStrictEqual([program, command], ["/bin/cinder-csi-plugin", "await-drain"])
      const within = parseGoDuration(String(flags[0]).replace("--within=", ""))
      assert.isAbove(added.terminationGracePeriodSeconds, Duration.toSeconds(within ?? Duration.infinity))
      const { api, pod } = yield* cluster
      yield* runAwaitDrain(flags, { NODE_NAME: "node-1" }, pod)
      assert.strictEqual(api.count("GET", "/api/v1/nodes/node-1"), 1)
    })
  )
})
