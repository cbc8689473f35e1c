import { assert, describe, it } from "@effect/vitest"
import { failedRestoreOf } from "../../../src/domain/decisions/source.ts"
import { SnapshotId } from "../../../src/domain/Snapshot.ts"
import { volumeStatuses } from "../../../src/domain/Volume.ts"
import { aVolume } from "./facts.ts"

describe("the backup that may explain why a volume failed", () => {
  const mark = { "cinder.csi.openstack.org/source-backup": "b" }

  it.each(volumeStatuses)("is looked for only where a restore may have failed: %s", (status) =>
    assert.strictEqual(
      failedRestoreOf(aVolume({ status, metadata: mark })),
      status === "error" || status === "error_restoring" ? "b" : undefined
    )
  )

  it("is none of a volume that was made from something else", () => {
    const source = { _tag: "snapshot", id: SnapshotId("s") } as const
    assert.isUndefined(failedRestoreOf(aVolume({ status: "error", metadata: mark, source })))
    assert.isUndefined(failedRestoreOf(aVolume({ status: "error", metadata: {} })))
  })
})
