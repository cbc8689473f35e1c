import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { BackupId, backupStatuses } from "../../../src/domain/Backup.ts"
import {
  type BackupAction,
  type BackupFacts,
  decideBackup,
  isListed,
  patienceFor,
  remedyFor,
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
  watchedMillis: 0,
  cleaned: false,
  now: 0,
  secondsPerGiB: 20,
  ...facts
})
const wordOf = (facts: Partial<BackupFacts>) => wordFor(decideBackup(factsOf(facts)))
const patienceMillis = 5_000
const freshOf = (id: BackupId) => ({ id, patienceMillis })
const elsewhere = { id: BackupId("other"), volumeId: VolumeId("volume-2") }

describe("a backup of the name", () => {
  const verdicts: Readonly<
    Record<(typeof backupStatuses)[number], [before: string, cleaned: string, fresh: string, watched: string]>
  > = {
    creating: ["Done", "Done", "Wait", "Done"],
    available: ["Clean", "Done", "Done", "Done"],
    restoring: ["Clean", "Done", "Done", "Done"],
    deleting: ["NotReady", "NotReady", "NotReady", "NotReady"],
    error: ["Clean", "Explain", "GiveUp", "GiveUp"],
    error_deleting: ["Cut", "Cut", "NotReady", "NotReady"]
  }
  it.each(backupStatuses)("that is %s", (status) => {
    const backup = aBackup({ status })
    const made = { named: [backup], cleaned: true, fresh: freshOf(backup.id) }
    const words = [
      wordOf({ named: [backup] }),
      wordOf({ named: [backup], cleaned: true }),
      wordOf(made),
      wordOf({ ...made, watchedMillis: patienceMillis })
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

  it("that failed in the call that made it is given up before anything else is cleaned", () => {
    const failed = aBackup({ status: "error" })
    assert.strictEqual(wordOf({ named: [failed], fresh: freshOf(failed.id), cleaned: false }), "GiveUp")
  })

  it("that failed and is ours stands before one that serves, since its id may be the one that is known", () => {
    const failed = aBackup({ id: BackupId("failed"), status: "error" })
    for (const named of [
      [failed, aBackup()],
      [aBackup(), failed]
    ]) {
      assert.strictEqual(wordOf({ named, cleaned: true }), "Explain")
    }
    assert.strictEqual(wordOf({ named: [{ ...failed, metadata: {} }, aBackup()], cleaned: true }), "Done")
  })

  it("that failed is mended by way of its VolumeSnapshot, if it has one", () => {
    assert.match(remedyFor(aBackup(), "k8s"), /^delete the VolumeSnapshot/)
    assert.strictEqual(remedyFor(aBackup({ metadata: {} }), "k8s"), "delete it")
  })

  it("that failed and is not ours is explained and left as it is", () => {
    for (const metadata of [{}, cluster, { type: "backup" }]) {
      const named = [aBackup({ status: "error", metadata })]
      assert.strictEqual(wordOf({ named, fresh: freshOf(aBackup({}).id) }), "Explain")
    }
  })

  it("that this call made is waited for until Cinder shows it, however long that takes", () => {
    const fresh = freshOf(BackupId("fresh"))
    for (const watchedMillis of [0, patienceMillis, 2 * patienceMillis]) {
      assert.strictEqual(wordOf({ cut: aSnapshot(), fresh, watchedMillis }), "Wait")
    }
  })

  it("that this call made is watched for five seconds, or half the time left to the caller", () => {
    const left = [Number.POSITIVE_INFINITY, 60_000, 10_000, 9_000, 1_000, 0, -1_000]
    assert.deepStrictEqual(left.map(patienceFor), [5_000, 5_000, 5_000, 4_500, 500, 0, 0])
    const made = { named: [aBackup({ status: "creating" })], fresh: { id: aBackup({}).id, patienceMillis: 3_000 } }
    assert.deepStrictEqual(
      [0, 2_999, 3_000].map((watchedMillis) => wordOf({ ...made, watchedMillis })),
      ["Wait", "Wait", "Done"]
    )
  })

  it("that another call made is not watched, since its id may be known", () => {
    const named = [aBackup({ status: "creating" }), aBackup({ id: BackupId("fresh"), status: "creating" })]
    assert.strictEqual(wordOf({ named, fresh: freshOf(BackupId("fresh")) }), "Done")
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
      fresh: fc.constantFrom(undefined, freshOf(BackupId("a"))),
      watchedMillis: fc.constantFrom(0, patienceMillis),
      cleaned: fc.boolean(),
      now: fc.constantFrom(0, 1_000_000)
    })
    .map(factsOf)

  /** The facts as an action that goes well leaves them; undefined where the call ends with it. */
  const after = (action: BackupAction, facts: BackupFacts): BackupFacts | undefined => {
    switch (action._tag) {
      case "Cut":
        return { ...facts, cut: aSnapshot() }
      case "Copy":
        return { ...facts, fresh: freshOf(BackupId("fresh")) }
      case "Clean":
        return { ...facts, cleaned: true }
      case "GiveUp":
      case "Explain":
        return undefined
    }
  }

  /** The facts once the fresh backup was watched, which showed it in this state at last. */
  const watched = (facts: BackupFacts, id: BackupId, status: string): BackupFacts => {
    const others = facts.named.filter((backup) => backup.id !== id)
    const backup = aBackup({ id, status, createdAt: facts.now })
    return { ...facts, named: [...others, backup], watchedMillis: patienceMillis }
  }

  it("a call ends, makes at most one, and deletes only what it made and what is marked", () => {
    fc.assert(
      fc.property(anyFacts, anyBackupStatus, (start, status) => {
        let facts: BackupFacts | undefined = start
        let copies = 0
        for (let step = 0; facts !== undefined; step++) {
          assert.isBelow(step, 7)
          const verdict = decideBackup(facts)
          if (verdict._tag === "Wait") {
            if (facts.fresh === undefined) assert.fail("nothing to wait for")
            facts = watched(facts, facts.fresh.id, status)
            continue
          }
          if (verdict._tag !== "Do") break
          if (verdict.action._tag === "Copy") copies++
          if (verdict.action._tag === "GiveUp") {
            assert.strictEqual(verdict.action.remains.id, facts.fresh?.id)
            assert.strictEqual(verdict.action.remains.metadata["type"], "backup")
          }
          facts = after(verdict.action, facts)
        }
        assert.isAtMost(copies, 1)
      })
    )
  })

  it("no temporary snapshot is left behind one that is ready", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const verdict = decideBackup(facts)
        if (verdict._tag === "Done" && verdict.result.ready) assert.isTrue(facts.cleaned)
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
