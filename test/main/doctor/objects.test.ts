import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import type { DoctorReport } from "../../../src/main/doctor/reportJson.ts"
import { consultJson, findingIn, inTheCloud, statusIn } from "../../support/doctor.ts"
import { hospital, server1, server2, token } from "../../support/doctorCluster.ts"
import { filesIn, kubeconfigText, podAt } from "../../support/kubernetes/access.ts"

const pvc = ["pvc", "shop/data"]
const failedIn = ({ findings }: DoctorReport) =>
  findings.filter(({ status }) => status === "failed").map(({ id }) => id)
const answerIn = (report: DoctorReport, call: string) => {
  const answer = report.answers.find((one) => one.call === call)
  assert.isDefined(answer, `${call} is among ${report.answers.map((one) => one.call).join(", ")}`)
  return answer ?? assert.fail(call)
}

describe("a chain that holds", () => {
  inTheCloud(
    "is told link by link, and nothing is asked but to see",
    Effect.gen(function* () {
      const { ask, attachedClaim } = yield* hospital()
      const id = yield* attachedClaim
      const report = yield* ask(pvc)
      assert.deepStrictEqual(failedIn(report), [])
      assert.strictEqual(report.exitCode, 0)
      assert.deepStrictEqual(
        report.findings.map((finding) => `${finding.id} ${finding.status}`),
        [
          "kubernetes.pvc ok",
          "kubernetes.class ok",
          "kubernetes.pv ok",
          "cinder.volume ok",
          "kubernetes.attachment ok",
          "nova.server ok",
          "node.device skipped"
        ]
      )
      assert.deepStrictEqual(answerIn(report, "ControllerPublishVolume"), {
        call: "ControllerPublishVolume",
        about: `volume ${id} and server ${server1}`,
        answer: "done",
        code: "OK",
        message: "nothing is left to do"
      })
      assert.include(findingIn(report, "kubernetes.attachment").evidence.join(), "Cinder: attached; Nova: attached")
    })
  )

  inTheCloud(
    "is the same from the persistent volume, the volume, the pod and the node",
    Effect.gen(function* () {
      const { api, ask, attachedClaim } = yield* hospital()
      const id = yield* attachedClaim
      api.viewed.put("pods", "shop", "web", {
        spec: { nodeName: "node-1", volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data" } }] },
        status: { phase: "Running" }
      })
      for (const words of [
        ["pv", "pv-1"],
        ["volume", id],
        ["pod", "shop/web"],
        ["node", "node-1"]
      ]) {
        const report = yield* ask(words)
        assert.strictEqual(report.exitCode, 0, words.join(" "))
        assert.strictEqual(statusIn(report, "kubernetes.attachment"), "ok")
        assert.strictEqual(statusIn(report, "nova.server"), "ok")
        assert.strictEqual(statusIn(report, "cinder.volume"), "ok")
      }
    })
  )
})

describe("a claim that is Pending", () => {
  inTheCloud(
    "because a quota stands in the way",
    Effect.gen(function* () {
      const { ask, putClaim } = yield* hospital({ quotas: { gigabytes: 1 } })
      putClaim()
      const report = yield* ask(pvc)
      const answer = answerIn(report, "CreateVolume")
      assert.strictEqual(answer.code, "FailedPrecondition")
      assert.include(answer.message, "gigabytes: 0 of 1 used, 1 left, 2 asked for")
      assert.deepStrictEqual(failedIn(report), ["driver.create"])
      assert.strictEqual(report.exitCode, 1)
    })
  )

  inTheCloud(
    "because its class names a type that Cinder does not have",
    Effect.gen(function* () {
      const { ask, putClaim, putClass } = yield* hospital()
      putClass("standard", { parameters: { type: "fsat" } })
      putClaim()
      const answer = answerIn(yield* ask(pvc), "CreateVolume")
      assert.strictEqual(answer.code, "InvalidArgument")
      assert.include(answer.message, 'parameters["type"]')
      assert.include(answer.message, "There are: fast")
    })
  )

  inTheCloud(
    "because the zone of its node is none of Cinder's",
    Effect.gen(function* () {
      const { ask, putClaim } = yield* hospital({ volumeZones: [{ name: "ceph" }] })
      putClaim({ annotations: { "volume.kubernetes.io/selected-node": "node-1" } })
      const answer = answerIn(yield* ask(pvc), "CreateVolume")
      assert.strictEqual(answer.code, "InvalidArgument")
      assert.include(answer.message, "Cinder's zones are ceph")
    })
  )

  inTheCloud(
    "because its zone has no room, as the driver said and Cinder tells",
    Effect.gen(function* () {
      const { api, ask, putClaim, world } = yield* hospital({ volumeZones: [{ name: "nova", capacityGiB: 1 }] })
      putClaim()
      const mark = { "cinder.csi.openstack.org/cluster": "" }
      const remains = yield* world.cinder.createVolume({ name: "pvc-uid-of-data", sizeGiB: 2, metadata: mark })
      api.viewed.warn(
        "PersistentVolumeClaim",
        "shop",
        "data",
        "ProvisioningFailed",
        "failed to provision volume: rpc error: code = ResourceExhausted desc = no room in zone nova: no backend"
      )
      const report = yield* ask(pvc)
      const last = findingIn(report, "kubernetes.answer")
      assert.strictEqual(last.status, "failed")
      assert.include(last.evidence.join(), "ResourceExhausted: no room in zone nova")
      assert.include(last.remedy, "make room")
      assert.include(
        answerIn(report, "CreateVolume").message,
        `delete volume ${remains.id} in zone nova, which is error`
      )
      assert.strictEqual(report.events[0]?.reason, "ProvisioningFailed")
    })
  )

  inTheCloud(
    "because nobody asks the driver yet, or it is not the driver's",
    Effect.gen(function* () {
      const { ask, putClaim, putClass } = yield* hospital()
      putClass("late", { volumeBindingMode: "WaitForFirstConsumer" })
      putClass("other", { provisioner: "ebs.csi.aws.com" })
      putClaim({ className: "late" })
      const late = yield* ask(pvc)
      assert.strictEqual(statusIn(late, "driver.create"), "skipped")
      assert.include(findingIn(late, "kubernetes.class").remedy, "start a pod")
      assert.strictEqual(late.exitCode, 0)
      putClaim({ className: "other" })
      assert.deepStrictEqual(failedIn(yield* ask(pvc)), ["kubernetes.class"])
      putClaim({ className: "none" })
      assert.include(findingIn(yield* ask(pvc), "kubernetes.class").evidence.join(), "there is no StorageClass none")
    })
  )

  inTheCloud(
    "because it asks for what would destroy a file system",
    Effect.gen(function* () {
      const { ask, putClaim } = yield* hospital()
      putClaim({ accessModes: ["ReadWriteMany"] })
      const answer = answerIn(yield* ask(pvc), "CreateVolume")
      assert.strictEqual(answer.code, "InvalidArgument")
      assert.include(answer.message, "would destroy it")
    })
  )

  inTheCloud(
    "for a moment only",
    Effect.gen(function* () {
      const { ask, putClaim } = yield* hospital()
      putClaim()
      const report = yield* ask(pvc)
      assert.strictEqual(answerIn(report, "CreateVolume").message, "ask Cinder for 2 GiB")
      assert.strictEqual(report.exitCode, 0)
    })
  )
})

describe("a persistent volume", () => {
  inTheCloud(
    "that is released and still attached is not deleted, and is told so",
    Effect.gen(function* () {
      const { ask, attachedClaim, putVolume } = yield* hospital()
      putVolume(yield* attachedClaim, { phase: "Released" })
      const report = yield* ask(["pv", "pv-1"])
      const answer = answerIn(report, "DeleteVolume")
      assert.strictEqual(answer.code, "FailedPrecondition")
      assert.include(answer.message, `attached to server ${server1}`)
      assert.strictEqual(report.exitCode, 1)
    })
  )

  inTheCloud(
    "that is released and free would be deleted, or is kept",
    Effect.gen(function* () {
      const { ask, newVolume, putVolume } = yield* hospital()
      const id = yield* newVolume()
      putVolume(id, { phase: "Released" })
      assert.strictEqual(
        answerIn(yield* ask(["pv", "pv-1"]), "DeleteVolume").message,
        `ask Cinder to delete volume ${id}`
      )
      putVolume(id, { phase: "Released", policy: "Retain" })
      const kept = yield* ask(["pv", "pv-1"])
      assert.deepStrictEqual(kept.answers, [])
      assert.include(findingIn(kept, "kubernetes.pv").remedy, "spec.claimRef")
    })
  )

  inTheCloud(
    "that Kubernetes made for Cinder before there was a driver is this driver's",
    Effect.gen(function* () {
      const { ask, api, newVolume } = yield* hospital()
      const id = yield* newVolume()
      api.storage.put("PersistentVolume", "pv-1", {
        spec: {
          cinder: { volumeID: id, fsType: "ext4" },
          capacity: { storage: "2Gi" },
          accessModes: ["ReadWriteOnce"]
        },
        status: { phase: "Available" }
      })
      for (const words of [
        ["pv", "pv-1"],
        ["volume", id]
      ]) {
        const report = yield* ask(words)
        assert.deepStrictEqual(failedIn(report), [])
        assert.include(findingIn(report, "kubernetes.pv").evidence, `volume ${id} of Cinder`)
        assert.strictEqual(findingIn(report, "cinder.volume").status, "ok")
      }
    })
  )

  inTheCloud(
    "whose volume is gone from Cinder, or that is another driver's",
    Effect.gen(function* () {
      const { ask, putVolume } = yield* hospital()
      putVolume(server2)
      assert.deepStrictEqual(failedIn(yield* ask(["pv", "pv-1"])), ["cinder.volume"])
      putVolume("x", { driver: "nfs.csi.k8s.io" })
      const other = yield* ask(["pv", "pv-1"])
      assert.include(findingIn(other, "kubernetes.pv").evidence.join(), "belongs to nfs.csi.k8s.io")
    })
  )
})

describe("an attachment", () => {
  inTheCloud(
    "that Kubernetes has and Cinder has not",
    Effect.gen(function* () {
      const { ask, newVolume, putClaim, putVolume, wish } = yield* hospital()
      putClaim({ volume: "pv-1" })
      putVolume(yield* newVolume())
      wish("node-1", true)
      const report = yield* ask(pvc)
      assert.deepStrictEqual(failedIn(report), ["kubernetes.attachment"])
      assert.include(findingIn(report, "kubernetes.attachment").evidence.join(), "takes it for attached, and it is not")
      assert.include(findingIn(report, "kubernetes.attachment").remedy, "external-attacher")
      wish("node-1", false, { error: "rpc error: x" })
      const waiting = yield* ask(pvc)
      assert.deepStrictEqual(failedIn(waiting), [])
      assert.include(answerIn(waiting, "ControllerPublishVolume").message, "ask Nova to attach")
      assert.include(findingIn(waiting, "kubernetes.attachment").evidence.join(), "last error: rpc error: x")
    })
  )

  inTheCloud(
    "to another server stands in the way, and nobody in the cluster asks for it",
    Effect.gen(function* () {
      const { ask, newVolume, putClaim, putVolume, wish, world } = yield* hospital()
      const id = yield* newVolume()
      yield* world.nova.attachVolume(server2, id)
      putClaim({ volume: "pv-1" })
      putVolume(id)
      wish("node-1", false)
      const report = yield* ask(pvc)
      const answer = answerIn(report, "ControllerPublishVolume")
      assert.strictEqual(answer.code, "FailedPrecondition")
      assert.include(answer.message, `attached to server ${server2} (vm-2), which is ACTIVE`)
      assert.sameMembers(failedIn(report), ["kubernetes.attachment", "cinder.stray"])
      assert.include(findingIn(report, "cinder.stray").remedy, `openstack server remove volume ${server2} ${id}`)
    })
  )

  inTheCloud(
    "that is to end goes through the decision to detach",
    Effect.gen(function* () {
      const { ask, attachedClaim, wish, world } = yield* hospital()
      const id = yield* attachedClaim
      wish("node-1", true, { deleting: true })
      assert.include(answerIn(yield* ask(pvc), "ControllerUnpublishVolume").message, "ask Nova to detach")
      yield* world.control.setServer(server1, { vmState: "paused" })
      const paused = answerIn(yield* ask(pvc), "ControllerUnpublishVolume")
      assert.strictEqual(paused.code, "Unavailable")
      assert.include(paused.message, "unpause it")
      yield* world.control.loseServer(server1)
      const gone = yield* ask(pvc)
      assert.include(answerIn(gone, "ControllerUnpublishVolume").message, "although Nova has no such server")
      assert.strictEqual(statusIn(gone, "nova.server"), "failed")
      assert.isAbove(id.length, 0)
    })
  )
})

describe("a server", () => {
  inTheCloud(
    "that is locked, off, in rescue or on a host that is down",
    Effect.gen(function* () {
      const { ask, attachedClaim, world } = yield* hospital()
      yield* attachedClaim
      const remedyAfter = (change: Parameters<typeof world.control.setServer>[1]) =>
        Effect.gen(function* () {
          yield* world.control.setServer(server1, { locked: false, vmState: "active", ...change })
          const report = yield* ask(pvc)
          assert.deepStrictEqual(failedIn(report), ["nova.server"])
          return findingIn(report, "nova.server").remedy ?? ""
        })
      assert.include(yield* remedyAfter({ locked: true }), "unlock it")
      assert.include(yield* remedyAfter({ vmState: "stopped" }), "out-of-service")
      assert.include(yield* remedyAfter({ vmState: "rescued" }), "unrescue it")
      assert.include(yield* remedyAfter({ vmState: "error" }), "administrator")
      yield* world.control.setServer(server1, { vmState: "active", taskState: "rebooting" })
      assert.strictEqual(statusIn(yield* ask(pvc), "nova.server"), "warning")
    })
  )

  inTheCloud(
    "whose compute host is down, where the cloud shows it",
    Effect.gen(function* () {
      const { ask, attachedClaim, cloud, world } = yield* hospital()
      yield* attachedClaim
      const { id, name } = yield* world.nova.showServer(server1)
      const seen = { id, name, status: "ACTIVE", host_status: "DOWN", "OS-EXT-STS:power_state": 1 }
      yield* cloud.faults.add({ service: "compute", path: /\/servers\//, status: 200, body: { server: seen } })
      const report = yield* ask(pvc)
      assert.include(failedIn(report), "nova.server")
      assert.include(findingIn(report, "nova.server").remedy, "bring its compute host back")
    })
  )
})

describe("a volume of Cinder", () => {
  inTheCloud(
    "that is broken, on its way or handed over",
    Effect.gen(function* () {
      const { ask, attachedClaim, putClaim, wish, world } = yield* hospital()
      const id = yield* attachedClaim
      yield* world.control.resetVolumeStatus(id, "error_extending")
      putClaim({ volume: "pv-1", size: "3Gi", capacity: "2Gi" })
      const broken = yield* ask(pvc)
      assert.include(failedIn(broken), "cinder.volume")
      assert.include(findingIn(broken, "cinder.volume").remedy, "reset its state")
      assert.strictEqual(answerIn(broken, "ControllerExpandVolume").code, "FailedPrecondition")
      for (const [status, expected] of [
        ["detaching", "warning"],
        ["attaching", "warning"],
        ["extending", "warning"],
        ["awaiting-transfer", "failed"]
      ] as const) {
        yield* world.control.resetVolumeStatus(id, status)
        assert.strictEqual(statusIn(yield* ask(pvc), "cinder.volume"), expected, status)
      }
      yield* world.control.resetVolumeStatus(id, "detaching")
      wish("node-1", true, { deleting: true })
      const parting = answerIn(yield* ask(pvc), "ControllerUnpublishVolume")
      assert.strictEqual(parting.answer, "waits")
      assert.strictEqual(parting.code, "Aborted")
    })
  )

  inTheCloud(
    "that grows is asked for its new size",
    Effect.gen(function* () {
      const { ask, attachedClaim, putClaim } = yield* hospital()
      yield* attachedClaim
      putClaim({ volume: "pv-1", size: "3Gi", capacity: "2Gi" })
      const answer = answerIn(yield* ask(pvc), "ControllerExpandVolume")
      assert.strictEqual(answer.message, "ask Cinder for 3 GiB, while it is attached")
    })
  )

  inTheCloud(
    "is told from the cloud alone, without any Kubernetes",
    Effect.gen(function* () {
      const { attachedClaim, config } = yield* hospital()
      const id = yield* attachedClaim
      const report = yield* consultJson(["volume", id, `--cloud-config=${config}`])
      assert.strictEqual(report.exitCode, 0)
      assert.strictEqual(statusIn(report, "cinder.volume"), "ok")
      assert.strictEqual(statusIn(report, "nova.server"), "ok")
      assert.include(findingIn(report, "kubernetes.pv").evidence.join(), "this is no pod")
      const none = yield* consultJson(["volume", server2, `--cloud-config=${config}`])
      assert.strictEqual(none.exitCode, 2)
    })
  )
})

describe("the disk", () => {
  inTheCloud(
    "that is missing on the node where Kubernetes, Cinder and Nova have it",
    Effect.gen(function* () {
      const { ask, attachedClaim, folder } = yield* hospital()
      yield* attachedClaim
      const host = { devRoot: folder, sysRoot: join(folder, "no-sys") }
      const report = yield* ask([...pvc, "--node-name=node-1"], { node: { host } })
      assert.deepStrictEqual(failedIn(report), ["node.device"])
      const elsewhere = yield* ask([...pvc, "--node-name=node-2"], { node: { host } })
      assert.include(findingIn(elsewhere, "node.device").evidence.join(), "this is not node node-1")
      assert.include(findingIn(elsewhere, "node.device").remedy, "--node")
    })
  )
})

describe("the classes of a cluster", () => {
  inTheCloud(
    "are held against what Cinder has, before any claim names them",
    Effect.gen(function* () {
      const { ask, putClass } = yield* hospital()
      const noNode = "--provide-node-service=false"
      assert.strictEqual(statusIn(yield* ask([noNode]), "kubernetes.classes"), "ok")
      putClass("odd", { parameters: { type: "fsat" } })
      const report = yield* ask([noNode])
      assert.deepStrictEqual(failedIn(report), ["kubernetes.classes"])
      assert.include(findingIn(report, "kubernetes.classes").evidence, "odd: Cinder has no type fsat, only fast")
    })
  )
})

describe("a way to Kubernetes", () => {
  inTheCloud(
    "is the service account of a pod, or a program that a kubeconfig names",
    Effect.gen(function* () {
      const { api, attachedClaim, config, folder } = yield* hospital()
      yield* attachedClaim
      const pod = yield* podAt(folder, api.port, token)
      const inPod = yield* consultJson([...pvc, `--cloud-config=${config}`], {}, { pod })
      assert.strictEqual(inPod.exitCode, 0)
      const credential = { kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status: { token } }
      const exec = { apiVersion: credential.apiVersion, command: "echo", args: [JSON.stringify(credential)] }
      yield* filesIn(folder, { exec: kubeconfigText(api.url, { exec }) })
      const byProgram = yield* consultJson([...pvc, `--cloud-config=${config}`], {
        KUBECONFIG: `${join(folder, "none")}:${join(folder, "exec")}`
      })
      assert.strictEqual(byProgram.exitCode, 0)
      const slow = { ...exec, command: "sleep", args: ["30"] }
      yield* filesIn(folder, { slow: kubeconfigText(api.url, { exec: slow }) })
      const late = yield* consultJson([...pvc, "--timeout=300ms", `--kubeconfig=${join(folder, "slow")}`])
      assert.strictEqual(late.exitCode, 2)
      assert.include(findingIn(late, "kubernetes.pvc").evidence.join(), "did not answer in time")
    })
  )
})

describe("a node", () => {
  inTheCloud(
    "that is missed, or has no plugin",
    Effect.gen(function* () {
      const { api, ask, attachedClaim } = yield* hospital()
      yield* attachedClaim
      api.cluster.putNode("node-1", { status: { conditions: [{ type: "Ready", status: "Unknown" }] } })
      const missed = yield* ask(["node", "node-1"])
      assert.deepStrictEqual(failedIn(missed), ["kubernetes.node"])
      assert.include(findingIn(missed, "kubernetes.node").remedy, "out-of-service")
      api.cluster.register("node-2", "other", server2)
      assert.deepStrictEqual(failedIn(yield* ask(["node", "node-2"])), ["kubernetes.csinode"])
    })
  )
})

describe("what cannot be seen", () => {
  inTheCloud(
    "is named with the rule that is missing, and the walk goes on",
    Effect.gen(function* () {
      const { api, ask, attachedClaim } = yield* hospital()
      yield* attachedClaim
      api.viewed.denied.add("storageclasses").add("events")
      const report = yield* ask(pvc)
      const of = findingIn(report, "kubernetes.class")
      assert.strictEqual(of.status, "skipped")
      assert.include(of.remedy, 'apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: ["get"]')
      assert.strictEqual(statusIn(report, "kubernetes.attachment"), "ok")
      api.viewed.denied.add("persistentvolumes")
      assert.strictEqual(statusIn(yield* ask(pvc), "kubernetes.pv"), "skipped")
    })
  )

  inTheCloud(
    "is an object that is not there, a cluster that does not answer, a cloud that lets nobody in",
    Effect.gen(function* () {
      const { api, ask, attachedClaim, cloud, say } = yield* hospital()
      yield* attachedClaim
      for (const words of [
        ["pvc", "shop/nothing"],
        ["pv", "nothing"],
        ["pod", "shop/nothing"],
        ["node", "nothing"]
      ]) {
        const report = yield* ask(words)
        assert.strictEqual(report.exitCode, 2, words.join(" "))
        assert.include(report.findings.map(({ evidence }) => evidence.join()).join(), "there is no such object")
      }
      yield* cloud.faults.add({ service: "identity", method: "POST", status: 401 })
      const blind = yield* ask(pvc)
      assert.strictEqual(statusIn(blind, "cinder.volume"), "skipped")
      assert.strictEqual(statusIn(blind, "kubernetes.attachment"), "skipped")
      api.tokens.clear()
      const { code, err, out } = yield* say(pvc)
      assert.strictEqual(code, 2)
      assert.include(out.replace(/\s+/g, " "), "Kubernetes answered 401")
      assert.notInclude(`${out}${err}`, token)
    })
  )
})
