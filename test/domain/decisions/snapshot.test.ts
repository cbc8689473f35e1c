import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import {
  decideSnapshot,
  decideSnapshotDelete,
  isCut,
  refusedCut,
  type SnapshotFacts,
  snapshotSeenAgain
} from "../../../src/domain/decisions/snapshot.ts"
import { SnapshotId, snapshotStatuses } from "../../../src/domain/Snapshot.ts"
import { VolumeId, volumeStatuses } from "../../../src/domain/Volume.ts"
import { anySnapshotStatus, anyWait, aSnapshot, aVolume, wordFor } from "./facts.ts"

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

describe("the deletion of a snapshot", () => {
  const id = aSnapshot().id
  const refused = { refused: "must be available or error" }
  const verdicts: Verdicts = {
    creating: "NotReady",
    available: "Refused",
    deleting: "Wait",
    error: "Refused",
    error_deleting: "Explain",
    updating: "NotReady",
    unmanaging: "Wait",
    "backing-up": "NotReady",
    restoring: "NotReady"
  }
  it.each(snapshotStatuses)("that Cinder refused while it is %s", (status) => {
    const facts = { id, snapshot: aSnapshot({ status }), request: refused, waitedMillis: 0 }
    assert.strictEqual(wordFor(decideSnapshotDelete(facts)), verdicts[status])
  })

  it("that was accepted may show late, and is undone if the snapshot stays", () => {
    const wordAfter = (waitedMillis: number) =>
      wordFor(decideSnapshotDelete({ id, snapshot: aSnapshot(), request: "accepted", waitedMillis }))
    assert.strictEqual(wordAfter(9_999), "Wait")
    assert.strictEqual(wordAfter(10_000), "Explain")
  })

  it("is done exactly when it is gone", () => {
    fc.assert(
      fc.property(
        anySnapshotStatus,
        anyWait,
        fc.constantFrom("accepted" as const, refused),
        (status, waitedMillis, request) => {
          const snapshot = aSnapshot({ status })
          assert.notStrictEqual(wordFor(decideSnapshotDelete({ id, snapshot, request, waitedMillis })), "Done")
          assert.strictEqual(wordFor(decideSnapshotDelete({ id, snapshot: undefined, request, waitedMillis })), "Done")
        }
      )
    )
  })
})

describe("a snapshot in a list", () => {
  it("is there once its point in time is fixed", () => {
    const listed = snapshotStatuses.filter((status) => isCut(aSnapshot({ status })))
    assert.deepStrictEqual(listed, ["available", "updating", "backing-up", "restoring"])
  })
})
