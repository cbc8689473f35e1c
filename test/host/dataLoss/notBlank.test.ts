import { readFileSync, statSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { foreign, sizeMiB } from "../foreignContents.ts"
import { MiB, makeDisk } from "../loopDisks.ts"
import { onItsWay, onNode } from "../onNode.ts"
import { digest, type Family, filled, refusal, untouched } from "./tried.ts"

describe("a disk that is not blank", () => {
  it.live.each(foreign)("stays as it is: %s", ([, , make]) =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* makeDisk(sizeMiB)
        make(disk.loop)
        const before = digest(disk)
        const { stage } = yield* onItsWay(disk.volume)
        assert.strictEqual((yield* refusal(stage())).code, "FAILED_PRECONDITION")
        yield* untouched(disk, before)
      })
    )
  )

  const asked: ReadonlyArray<readonly [Family, string]> = [
    ["ext4", "xfs"],
    ["ext4", "btrfs"],
    ["xfs", "ext4"],
    ["xfs", "btrfs"],
    ["btrfs", "ext3"],
    ["btrfs", "xfs"]
  ]
  it.live.each(asked)("keeps its %s although %s is asked for", ([family, fsType]) =>
    onNode(
      Effect.gen(function* () {
        const disk = yield* filled(family)
        const before = digest(disk)
        const { stage } = yield* onItsWay(disk.volume, { fsType })
        const { code, message } = yield* refusal(stage())
        assert.strictEqual(code, "FAILED_PRECONDITION")
        assert.include(message, `holds ${family}`)
        yield* untouched(disk, before)
      })
    )
  )

  it.live.each(["ext4", "xfs", "btrfs"] as const)(
    "is mounted with what it holds where no type is asked: %s",
    (family) =>
      onNode(
        Effect.gen(function* () {
          const disk = yield* filled(family)
          const { stage, stagingPath } = yield* onItsWay(disk.volume)
          yield* stage()
          assert.strictEqual(readFileSync(join(stagingPath, "note"), "utf8"), "dear to somebody")
        })
      )
  )
})

describe("a disk that cannot be read", () => {
  it.live.each([
    ["at all", 0],
    ["in its second half", 32]
  ] as const)("%s is not formatted, blank or not", ([, leftMiB]) =>
    onNode(
      Effect.gen(function* () {
        for (const disk of [yield* makeDisk(64), yield* filled("ext4")]) {
          truncateSync(disk.file, leftMiB * MiB)
          const before = digest(disk)
          const { stage } = yield* onItsWay(disk.volume)
          const { code } = yield* refusal(stage())
          assert.oneOf(code, ["INTERNAL", "UNAVAILABLE"])
          assert.strictEqual(statSync(disk.file).size, leftMiB * MiB)
          yield* untouched(disk, before)
        }
      })
    )
  )
})
