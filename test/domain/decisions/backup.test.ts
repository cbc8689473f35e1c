import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { BackupId, backupStatuses } from "../../../src/domain/Backup.ts"
import {
  type BackupAction,
  type BackupFacts,
  decideBackup,
  isListed,
  temporariesOf
} from "../../../src/domain/decisions/backup.ts"
import { temporaryKey } from "../../../src/domain/decisions/snapshot.ts"
import { SnapshotId } from "../../../src/domain/Snapshot.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { aBackup, anyBackupStatus, aSnapshot, wordFor } from "./facts.ts"

const cluster = { "cinder.csi.openstack.org/cluster": "k8s" }
const factsOf = (facts: Partial<BackupFacts> = {}): BackupFacts => ({
  name: "snap",
  volumeId: VolumeId("volume-1"),
  cluster: "k8s",
  named: [],
  cut: undefined,
  fresh: undefined,
  cleaned: false,
  now: 0,
  secondsPerGiB: 20,
  ...facts
})
const wordOf = (facts: Partial<BackupFacts>) => wordFor(decideBackup(factsOf(facts)))
const elsewhere = { id: BackupId("other"), volumeId: VolumeId("volume-2") }

describe("a backup of the name", () => {
  const verdicts: Readonly<Record<(typeof backupStatuses)[number], [before: string, cleaned: string, fresh: string]>> =
    {
      creating: ["Done", "Done", "Done"],
      available: ["Clean", "Done", "Done"],
      restoring: ["Clean", "Done", "Done"],
      deleting: ["NotReady", "NotReady", "NotReady"],
      error: ["Clean", "Explain", "GiveUp"],
      error_deleting: ["Cut", "Cut", "Cut"]
    }
  it.each(backupStatuses)("that is %s", (status) => {
    const backup = aBackup({ status })
    const words = [
      wordOf({ named: [backup] }),
      wordOf({ named: [backup], cleaned: true }),
      wordOf({ named: [backup], cleaned: true, fresh: backup.id })
    ]
    assert.deepStrictEqual(words, verdicts[status])
  })

  it("is ready once the copy is complete", () => {
    for (const [status, ready] of [
      ["creating", false],
      ["available", true],
      ["restoring", true]
    ] as const) {
      const verdict = decideBackup(factsOf({ named: [aBackup({ status })], cleaned: true }))
      assert.strictEqual(verdict._tag === "Done" && verdict.result.ready, ready)
    }
  })

  it("is cut first and copied then", () => {
    assert.strictEqual(wordOf({}), "Cut")
    assert.strictEqual(wordOf({ cut: aSnapshot() }), "Copy")
  })

  it("that another volume has is in the way, unless the right one is there too", () => {
    assert.strictEqual(wordOf({ named: [aBackup(elsewhere)] }), "AlreadyExists")
    assert.strictEqual(wordOf({ named: [aBackup(elsewhere), aBackup({ status: "creating" })] }), "Done")
    assert.strictEqual(wordOf({ named: [aBackup({ ...elsewhere, status: "deleting" })] }), "Cut")
  })

  it("that failed and is not ours is explained and left as it is", () => {
    for (const metadata of [{}, cluster, { type: "backup" }]) {
      const named = [aBackup({ status: "error", metadata })]
      assert.strictEqual(wordOf({ named, fresh: named[0]?.id }), "Explain")
    }
  })

  it("is reported as stuck after 30 s and the time allowed for each GiB", () => {
    const named = [aBackup({ status: "creating", sizeGiB: 10 })]
    assert.strictEqual(wordOf({ named, now: 230_000 }), "Done")
    assert.strictEqual(wordOf({ named, now: 231_000 }), "NotReady")
    assert.strictEqual(wordOf({ named, now: 231_000, secondsPerGiB: 21 }), "Done")
  })
})

describe("whatever backups there are", () => {
  const anyBackup = fc
    .record({
      id: fc.constantFrom("a", "b", "c").map((id) => BackupId(id)),
      status: anyBackupStatus,
      volumeId: fc.constantFrom(VolumeId("volume-1"), VolumeId("volume-2")),
      metadata: fc.constantFrom({}, { ...cluster, type: "backup" }, { "cinder.csi.openstack.org/cluster": "other" })
    })
    .map(aBackup)
  const anyFacts = fc
    .record({
      named: fc.array(anyBackup, { maxLength: 3 }),
      cut: fc.constantFrom(undefined, aSnapshot()),
      fresh: fc.constantFrom(undefined, BackupId("a")),
      cleaned: fc.boolean(),
      now: fc.constantFrom(0, 1_000_000)
    })
    .map(factsOf)

  /** The facts as an action that goes well leaves them; undefined where the call ends with it. */
  const after = (action: BackupAction, facts: BackupFacts): BackupFacts | undefined => {
    switch (action._tag) {
      case "Cut":
        return { ...facts, cut: aSnapshot() }
      case "Copy": {
        const fresh = BackupId("fresh")
        return {
          ...facts,
          named: [...facts.named, aBackup({ id: fresh, status: "creating", createdAt: facts.now })],
          fresh
        }
      }
      case "Clean":
        return { ...facts, cleaned: true }
      case "GiveUp":
      case "Explain":
        return undefined
    }
  }

  it("a call ends, makes at most one, and deletes only what it made and what is marked", () => {
    fc.assert(
      fc.property(anyFacts, (start) => {
        let facts: BackupFacts | undefined = start
        let copies = 0
        for (let step = 0; facts !== undefined; step++) {
          assert.isBelow(step, 6)
          const verdict = decideBackup(facts)
          assert.notStrictEqual(verdict._tag, "Wait")
          if (verdict._tag !== "Do") break
          if (verdict.action._tag === "Copy") copies++
          if (verdict.action._tag === "GiveUp") {
            assert.strictEqual(verdict.action.remains.id, facts.fresh)
            assert.strictEqual(verdict.action.remains.metadata["type"], "backup")
          }
          facts = after(verdict.action, facts)
        }
        assert.isAtMost(copies, 1)
      })
    )
  })

  it("no temporary snapshot is left behind one that is ready or given up", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const verdict = decideBackup(facts)
        const ends = verdict._tag === "Done" ? verdict.result.ready : wordFor(verdict) === "GiveUp"
        if (ends) assert.isTrue(facts.cleaned)
      })
    )
  })
})

describe("temporary snapshots", () => {
  const mark = { ...cluster, [temporaryKey]: "true" }
  const chosen = (snapshot: Parameters<typeof aSnapshot>[0], named: ReadonlyArray<ReturnType<typeof aBackup>> = []) =>
    temporariesOf([aSnapshot(snapshot)], { named, volumeId: VolumeId("volume-1"), cluster: "k8s" }).length === 1

  it("bear our mark, and are of the volume and the cluster", () => {
    assert.isTrue(chosen({ metadata: mark }))
    assert.isFalse(chosen({ metadata: cluster }))
    assert.isFalse(chosen({ metadata: mark, volumeId: VolumeId("volume-2") }))
    assert.isFalse(chosen({ metadata: { ...mark, "cinder.csi.openstack.org/cluster": "other" } }))
    assert.isFalse(chosen({ metadata: { [temporaryKey]: "true" } }))
  })

  it("of the Go driver are known by the backup that it made of them", () => {
    const id = SnapshotId("from-go")
    assert.isTrue(chosen({ id, metadata: cluster }, [aBackup({ snapshotId: id })]))
    assert.isFalse(chosen({ id, metadata: cluster }, [aBackup()]))
    assert.isFalse(chosen({ id, metadata: cluster }, [aBackup({ snapshotId: id, metadata: cluster })]))
    assert.isFalse(chosen({ id, metadata: {} }, [aBackup({ snapshotId: id })]))
  })
})

describe("a backup in a list", () => {
  it("is there from its beginning to its deletion", () => {
    const listed = backupStatuses.filter((status) => isListed(aBackup({ status })))
    assert.deepStrictEqual(listed, ["creating", "available", "restoring"])
  })
})
