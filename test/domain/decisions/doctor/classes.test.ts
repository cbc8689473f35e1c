import { assert, describe, it } from "@effect/vitest"
import { judgeClasses } from "../../../../src/domain/decisions/doctor/classes.ts"
import { absent, seen, unseen } from "../../../../src/domain/decisions/doctor/Look.ts"
import { classOf } from "../../../support/audit.ts"

const driver = { name: "cinder.csi.openstack.org" }
const standard = classOf(undefined)
const types = seen([{ id: "t1", name: "fast", multiattach: false, isDefault: true }])
const zones = seen([{ name: "nova", available: true }])

describe("the classes", () => {
  it.each([
    [{}, "ok"],
    [{ type: "fast" }, "ok"],
    [{ type: "FAST" }, "ok"],
    [{ type: "t1" }, "ok"],
    [{ type: "slow" }, "failed"],
    [{ availability: "nova" }, "ok"],
    [{ availability: "ceph" }, "failed"],
    [{ "mkfs-options": "-F /dev/sda" }, "failed"],
    [{ "csi.storage.k8s.io/fstype": "xfs", "csi.storage.k8s.io/provisioner-secret-name": "x" }, "ok"]
  ])("with parameters %j are %s", (parameters, status) =>
    assert.strictEqual(
      judgeClasses({ driver, classes: seen([{ ...standard, parameters }]), types, zones }).status,
      status
    )
  )

  it("of others do not matter, and what cannot be seen is no fault", () => {
    const bad = { ...standard, parameters: { type: "slow" } }
    const facts = { driver, classes: seen([bad]), types, zones }
    assert.strictEqual(judgeClasses({ ...facts, classes: seen([{ ...bad, provisioner: "x" }]) }).status, "warning")
    assert.strictEqual(judgeClasses({ ...facts, types: unseen("no login") }).status, "ok")
    assert.strictEqual(judgeClasses({ ...facts, classes: unseen("no kubeconfig") }).status, "skipped")
    assert.strictEqual(judgeClasses({ ...facts, classes: absent }).status, "warning")
  })
})
