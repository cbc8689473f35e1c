import { assert, describe, it } from "@effect/vitest"
import type { ClaimSeen } from "../../../../src/domain/ClusterObjects.ts"
import { modeOf } from "../../../../src/domain/decisions/doctor/claimRequest.ts"
import {
  judgeAttachment,
  judgeServerState,
  judgeStrays,
  judgeVolume,
  serverSubjectOf
} from "../../../../src/domain/decisions/doctor/cloudLinks.ts"
import {
  judgeClaim,
  judgeClass,
  judgeLastAnswer,
  judgeNode,
  judgeNodePlugin,
  judgePersistentVolume
} from "../../../../src/domain/decisions/doctor/clusterLinks.ts"
import { subject } from "../../../../src/domain/decisions/doctor/Finding.ts"
import { absent, ruleText, seen, unseen } from "../../../../src/domain/decisions/doctor/Look.ts"
import type { Replay } from "../../../../src/domain/decisions/doctor/Report.ts"
import { NotReady } from "../../../../src/domain/errors.ts"
import { ServerId } from "../../../../src/domain/Server.ts"
import type { ServerEvidence } from "../../../../src/domain/ServerEvidence.ts"
import type { Volume } from "../../../../src/domain/Volume.ts"
import { classOf, record, wanted } from "../../../support/audit.ts"
import { aServer, attachmentTo, aVolume } from "../facts.ts"

const about = subject("x", "x")
const driver = { name: "cinder.csi.openstack.org" }
const here = ServerId("11111111-1111-4111-8111-111111111111")
const there = ServerId("22222222-2222-4222-8222-222222222222")
const now = 10_000_000

const volumeOf = (status: string, servers: ReadonlyArray<ServerId> = [], updatedAt = now): Volume =>
  aVolume({ status, attachments: servers.map(attachmentTo), updatedAt })

describe("a volume of Cinder", () => {
  const minutes = 60_000
  it.each([
    ["available", now, "ok"],
    ["in-use", now, "ok"],
    ["creating", now, "warning"],
    ["extending", now, "warning"],
    ["deleting", now, "warning"],
    ["attaching", now - minutes, "warning"],
    ["attaching", now - 6 * minutes, "failed"],
    ["detaching", now - minutes, "warning"],
    ["detaching", now - 6 * minutes, "failed"],
    ["reserved", now - 6 * minutes, "failed"],
    ["error", now, "failed"],
    ["error_extending", now, "failed"],
    ["awaiting-transfer", now, "failed"],
    ["some-new-word", now, "warning"]
  ])("that is %s since %d is %s", (status, since, expected) => {
    const look = seen(volumeOf(status, [], since))
    assert.strictEqual(judgeVolume(about, { look, rows: [], explanation: undefined, now }).status, expected)
  })

  it("is broken where it is gone, and no more than unseen where nobody tells", () => {
    const facts = { rows: undefined, explanation: undefined, now }
    assert.strictEqual(judgeVolume(about, { look: absent, ...facts }).status, "failed")
    assert.strictEqual(judgeVolume(about, { look: unseen("no answer"), ...facts }).status, "skipped")
  })

  it("is told with Cinder's own words", () => {
    const look = seen(volumeOf("error"))
    const told = judgeVolume(about, { look, rows: [], explanation: "No backend", now })
    assert.include(told.evidence, "No backend")
  })

  it("that servers have whom nobody asked for it is strayed", () => {
    assert.deepStrictEqual(judgeStrays(volumeOf("in-use", [here]), [here]), [])
    assert.strictEqual(judgeStrays(volumeOf("in-use", [here, there]), [here]).length, 1)
  })
})

describe("a server", () => {
  const server = aServer({ id: here })
  const evidence: ServerEvidence = {
    status: "ACTIVE",
    task: undefined,
    power: "running",
    locked: false,
    hostId: "h",
    hostStatus: "UP",
    updatedAt: undefined
  }
  it.each([
    [{}, {}, "ok"],
    [{ task: "rebooting" }, {}, "warning"],
    [{ status: "PAUSED" }, {}, "failed"],
    [{ status: "ERROR" }, {}, "failed"],
    [{ status: "SHUTOFF" }, {}, "failed"],
    [{ status: "VERIFY_RESIZE" }, {}, "warning"],
    [{ locked: true }, {}, "failed"],
    [{ locked: undefined }, {}, "ok"],
    [{}, { hostStatus: "DOWN" }, "failed"],
    [{}, { hostStatus: "MAINTENANCE" }, "failed"],
    [{}, { hostStatus: undefined }, "ok"]
  ])("with %j and evidence %j is %s", (change, more, status) =>
    assert.strictEqual(
      judgeServerState(serverSubjectOf("s"), {
        look: seen({ ...server, ...change }),
        evidence: { ...evidence, ...more }
      }).status,
      status
    )
  )

  it("is broken where it is gone", () =>
    assert.strictEqual(judgeServerState(about, { look: absent, evidence: undefined }).status, "failed"))
})

describe("an attachment", () => {
  const wish = wanted()
  const replay = (answer: Replay["answer"]): Replay => ({ call: "ControllerPublishVolume", about: "x", answer })
  const refusal = new NotReady({ subject: "volume", state: "busy", remedy: undefined })
  const attachedHere = volumeOf("in-use", [here])
  it.each([
    ["all agree", wish, attachedHere, replay({ _tag: "Done" }), "ok"],
    ["Cinder has it not", wish, volumeOf("available"), replay({ _tag: "Acts", deed: "attach" }), "failed"],
    [
      "it is to come",
      { ...wish, attached: false },
      volumeOf("available"),
      replay({ _tag: "Acts", deed: "attach" }),
      "warning"
    ],
    [
      "it is on its way",
      { ...wish, attached: false },
      volumeOf("attaching"),
      replay({ _tag: "Waits", state: "attaching", overdue: refusal }),
      "warning"
    ],
    [
      "it is refused",
      { ...wish, attached: false },
      volumeOf("in-use", [there]),
      replay({ _tag: "Refuses", error: refusal }),
      "failed"
    ],
    ["it is to go", { ...wish, deleting: true }, attachedHere, replay({ _tag: "Acts", deed: "detach" }), "warning"],
    ["it is gone already", { ...wish, deleting: true }, volumeOf("available"), replay({ _tag: "Done" }), "ok"],
    ["nobody could ask", wish, attachedHere, undefined, "skipped"]
  ] as const)("where %s", (_, asked, volume, answer, status) =>
    assert.strictEqual(
      judgeAttachment({ wish: asked, serverId: here, volume, server: undefined, replay: answer }).status,
      status
    )
  )

  it("to a node without a server is broken", () =>
    assert.strictEqual(
      judgeAttachment({ wish, serverId: undefined, volume: attachedHere, server: undefined, replay: undefined }).status,
      "failed"
    ))
})

describe("objects of Kubernetes", () => {
  const claim: ClaimSeen = {
    namespace: "shop",
    name: "data",
    uid: "u",
    phase: "Bound",
    className: "fast",
    volumeName: "pv",
    requestedBytes: 1n,
    capacityBytes: 1n,
    accessModes: ["ReadWriteOnce"],
    isBlock: false,
    selectedNode: undefined,
    source: undefined,
    deleting: false,
    conditions: []
  }
  const ofClass = classOf(undefined)

  it.each([
    [{}, "ok"],
    [{ phase: "Pending" }, "warning"],
    [{ phase: "Lost" }, "failed"],
    [{ deleting: true }, "warning"]
  ])("claim %j is %s", (change, status) =>
    assert.strictEqual(judgeClaim(about, { ...claim, ...change }).status, status)
  )

  it.each([
    [{}, seen(ofClass), true, "ok"],
    [{}, absent, true, "failed"],
    [{}, absent, false, "ok"],
    [{}, unseen("forbidden"), true, "skipped"],
    [{ className: undefined }, absent, true, "failed"],
    [{ className: undefined }, absent, false, "ok"],
    [{}, seen({ ...ofClass, provisioner: "other" }), true, "failed"],
    [{}, seen({ ...ofClass, waitsForPod: true }), true, "warning"],
    [{ selectedNode: "n" }, seen({ ...ofClass, waitsForPod: true }), true, "ok"],
    [{}, seen({ ...ofClass, waitsForPod: true }), false, "ok"]
  ] as const)("the class of claim %j, %j, waiting: %s, is %s", (change, look, waiting, status) =>
    assert.strictEqual(judgeClass(driver, { ...claim, ...change }, look, waiting).status, status)
  )

  it.each([
    [{}, "ok"],
    [{ phase: "Released" }, "warning"],
    [{ phase: "Released", reclaimPolicy: "Retain" }, "warning"],
    [{ phase: "Failed" }, "failed"],
    [{ driver: "other", volumeId: undefined }, "failed"],
    [{ driver: undefined }, "ok"],
    [{ deleting: true }, "warning"]
  ])("persistent volume %j is %s", (change, status) =>
    assert.strictEqual(judgePersistentVolume(driver, about, { ...record(), ...change }).status, status)
  )

  it("nodes are told by their readiness, and by who they are", () => {
    const node = { name: "n", ready: "True", taints: [], unschedulable: false, zoneLabel: "nova", providerServer: here }
    assert.strictEqual(judgeNode(about, node).status, "ok")
    assert.strictEqual(judgeNode(about, { ...node, ready: "Unknown" }).status, "failed")
    const plugin = { nodeName: "n", serverId: here, allocatable: 25 }
    assert.strictEqual(judgeNodePlugin(about, seen(plugin), node).status, "ok")
    assert.strictEqual(judgeNodePlugin(about, seen({ ...plugin, serverId: there }), node).status, "failed")
    assert.strictEqual(judgeNodePlugin(about, absent, node).status, "failed")
  })

  it("events tell the driver's newest answer", () => {
    const event = (message: string) => ({ about: "x", type: "Warning", reason: "R", message, count: 1, at: 1 })
    assert.isUndefined(judgeLastAnswer([event("waiting for a volume to be created")]))
    const found = judgeLastAnswer([
      event("waiting"),
      event("rpc error: code = InvalidArgument desc = parameters"),
      event("rpc error: code = Internal desc = old")
    ])
    assert.deepStrictEqual(found?.evidence, ["R: InvalidArgument: parameters"])
    assert.include(found?.remedy, "correct the class")
  })

  it.each([
    [["ReadWriteOnce"], "SINGLE_NODE_WRITER"],
    [["ReadOnlyMany"], "MULTI_NODE_READER_ONLY"],
    [["ReadWriteOnce", "ReadOnlyMany"], "SINGLE_NODE_WRITER"],
    [["ReadWriteOnce", "ReadWriteMany"], "MULTI_NODE_MULTI_WRITER"],
    [["ReadWriteOncePod"], "SINGLE_NODE_SINGLE_WRITER"]
  ])("modes %j are attached as %s", (modes, mode) => assert.strictEqual(modeOf(modes), mode))

  it("say the rule that is missing in the words of a manifest", () =>
    assert.include(
      ruleText({ verb: "list", resource: "pods", group: "" }),
      'apiGroups: [""], resources: ["pods"], verbs: ["list"]'
    ))
})
