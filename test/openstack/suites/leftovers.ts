import { readdirSync, readFileSync } from "node:fs"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "../support/commands.ts"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import { labFile } from "../support/labFiles.ts"

const volumeFiles = () => readdirSync(labFile("volumes"))

/** Loop devices over the lab's files: disks that are still plugged into one of its servers. */
const pluggedDisks = Effect.map(run("losetup", ["--list", "--noheadings", "--output", "BACK-FILE"]), (listed) =>
  listed.split("\n").filter((file) => file.includes(labFile("volumes")))
)

/** What must hold once everything else has run. */
export const leftovers = (it: LabTests) => {
  describe("at the end", () => {
    it.effect(
      "no volume, snapshot, disk or mount is left",
      () =>
        Effect.gen(function* () {
          const { controller, node1, node2 } = yield* Lab
          assert.deepStrictEqual((yield* controller.csi.listVolumes()).entries, [])
          assert.deepStrictEqual((yield* controller.csi.listSnapshots()).entries, [])
          assert.deepStrictEqual(volumeFiles(), [])
          assert.deepStrictEqual(yield* pluggedDisks, [])
          const mounts = readFileSync("/proc/self/mountinfo", "utf8")
          assert.notInclude(mounts, node1.root)
          assert.notInclude(mounts, node2.root)
        }),
      minutes(1)
    )
  })
}
