import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { backupStatus, backupStatuses } from "../../../src/domain/Backup.ts"
import { backupPhaseOf, snapshotPhaseOf } from "../../../src/domain/decisions/phases.ts"
import { decideRemoval, type RemovalFacts } from "../../../src/domain/decisions/removal.ts"
import { snapshotStatus, snapshotStatuses } from "../../../src/domain/Snapshot.ts"
import { anyBackupStatus, anySnapshotStatus, anyWait, wordFor } from "./facts.ts"

const refused = { refused: "must be available or error" }
const aSnapshotThatIs = (status: string) => ({ status, phase: snapshotPhaseOf(snapshotStatus(status)) })
const aBackupThatIs = (status: string) => ({ status, phase: backupPhaseOf(backupStatus(status)) })
const wordOf = (facts: Partial<RemovalFacts>) =>
  wordFor(decideRemoval({ subject: "x", seen: undefined, request: "accepted", waitedMillis: 0, ...facts }))

describe("a deletion that Cinder refused", () => {
  const ofSnapshots: Readonly<Record<(typeof snapshotStatuses)[number], string>> = {
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
  it.each(snapshotStatuses)("of a snapshot that is %s", (status) => {
    assert.strictEqual(wordOf({ seen: aSnapshotThatIs(status), request: refused }), ofSnapshots[status])
  })

  const ofBackups: Readonly<Record<(typeof backupStatuses)[number], string>> = {
    creating: "NotReady",
    available: "Refused",
    restoring: "NotReady",
    deleting: "Wait",
    error: "Refused",
    error_deleting: "Explain"
  }
  it.each(backupStatuses)("of a backup that is %s", (status) => {
    assert.strictEqual(wordOf({ seen: aBackupThatIs(status), request: refused }), ofBackups[status])
  })
})

describe("a deletion", () => {
  it("that was accepted may show late, and is undone if the thing stays", () => {
    assert.strictEqual(wordOf({ seen: aSnapshotThatIs("available"), waitedMillis: 9_999 }), "Wait")
    assert.strictEqual(wordOf({ seen: aSnapshotThatIs("available"), waitedMillis: 10_000 }), "Explain")
  })

  it("is done exactly when the thing is gone", () => {
    const anySeen = fc.oneof(anySnapshotStatus.map(aSnapshotThatIs), anyBackupStatus.map(aBackupThatIs))
    fc.assert(
      fc.property(anySeen, anyWait, fc.constantFrom("accepted" as const, refused), (seen, waitedMillis, request) => {
        assert.notStrictEqual(wordOf({ seen, request, waitedMillis }), "Done")
        assert.strictEqual(wordOf({ request, waitedMillis }), "Done")
      })
    )
  })
})
