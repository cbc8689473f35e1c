import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import {
  decideSnapshot,
  isCut,
  refusedCut,
  type SnapshotFacts,
  snapshotSeenAgain
} from "../../../src/domain/decisions/snapshot.ts"
import { SnapshotId, snapshotStatuses } from "../../../src/domain/Snapshot.ts"
import { VolumeId, volumeStatuses } from "../../../src/domain/Volume.ts"
import { anySnapshotStatus, aSnapshot, aVolume, wordFor } from "./facts.ts"

const factsOf = (facts: Partial<SnapshotFacts> = {}): SnapshotFacts => ({
  name: "snap",
  volumeId: VolumeId("volume-1"),
  cluster: "k8s",
  named: [],
  fresh: undefined,
  vanished: false,
  ...facts
})
const wordOf = (facts: Partial<SnapshotFacts>) => wordFor(decideSnapshot(factsOf(facts)))

type Verdicts = Readonly<Record<(typeof snapshotStatuses)[number], string>>

describe("a snapshot of the name", () => {
  const verdicts: Verdicts = {
    creating: "Wait",
    available: "Done",
    deleting: "Wait",
    error: "Bury",
    error_deleting: "Create",
    updating: "Wait",
    unmanaging: "Wait",
    "backing-up": "Wait",
    restoring: "Wait"
  }
  it.each(snapshotStatuses)("that is %s", (status) => {
    assert.strictEqual(wordOf({ named: [aSnapshot({ status })] }), verdicts[status])
  })

  it("that another volume has is in the way, unless the right one is there too", () => {
    const other = aSnapshot({ id: SnapshotId("other"), volumeId: VolumeId("volume-2") })
    assert.strictEqual(wordOf({ named: [other] }), "AlreadyExists")
    assert.strictEqual(wordOf({ named: [other, aSnapshot()] }), "Done")
    assert.strictEqual(wordOf({ named: [{ ...other, status: "deleting" }] }), "Create")
  })

  it("that failed is buried by a later call and given up by the call that made it", () => {
    const failed = aSnapshot({ status: "error" })
    assert.strictEqual(wordOf({ named: [failed] }), "Bury")
    assert.strictEqual(wordOf({ named: [failed], fresh: failed.id }), "GiveUp")
    assert.strictEqual(wordOf({ named: [aSnapshot({ status: "error", metadata: {} })] }), "Explain")
  })

  it("that vanished while it was cut is lost, one that was being deleted is gone", () => {
    const look = (status: string) => {
      const snapshot = aSnapshot({ status })
      return wordFor(decideSnapshot(snapshotSeenAgain(factsOf({ named: [snapshot] }), snapshot.id, undefined)))
    }
    assert.strictEqual(look("creating"), "NotReady")
    assert.strictEqual(look("deleting"), "Create")
  })

  it("is handed out only when it is available", () => {
    fc.assert(
      fc.property(fc.array(anySnapshotStatus, { maxLength: 3 }), (statuses) => {
        const verdict = decideSnapshot(factsOf({ named: statuses.map((status) => aSnapshot({ status })) }))
        if (verdict._tag === "Done") assert.strictEqual(verdict.result.status, "available")
      })
    )
  })
})

describe("a cut that Cinder refused", () => {
  it.each(volumeStatuses)("while the volume is %s", (status) => {
    const final =
      ["available", "in-use", "awaiting-transfer", "deleting"].includes(status) || status.startsWith("error")
    assert.strictEqual(refusedCut("snap", aVolume({ status }), "x")._tag, final ? "Refused" : "NotReady")
  })
})

describe("a snapshot in a list", () => {
  it("is there once its point in time is fixed", () => {
    const listed = snapshotStatuses.filter((status) => isCut(aSnapshot({ status })))
    assert.deepStrictEqual(listed, ["available", "updating", "backing-up", "restoring"])
  })
})
