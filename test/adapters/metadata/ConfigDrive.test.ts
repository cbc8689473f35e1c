import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeConfigDrive } from "../../../src/adapters/metadata/ConfigDrive.ts"
import { machine } from "./machine.ts"

describe("the config drive", () => {
  it.live("is said to be missing where no disk has its label", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      const { problem } = yield* Effect.flip(makeConfigDrive({ ...roots, fileSystems: ["iso9660"] }).ask)
      assert.strictEqual(problem, "there is none")
    }).pipe(Effect.scoped)
  )

  it.live("is never a disk of the size of a volume, since tenants choose the labels of those", () =>
    Effect.gen(function* () {
      const { roots, write } = yield* machine
      mkdirSync(join(roots.devRoot, "disk", "by-label"), { recursive: true })
      writeFileSync(join(roots.devRoot, "vdb"), "")
      symlinkSync(join(roots.devRoot, "vdb"), join(roots.devRoot, "disk", "by-label", "config-2"))
      write("sys/class/block/vdb/size", "2097152\n")
      const { problem } = yield* Effect.flip(makeConfigDrive({ ...roots, fileSystems: ["iso9660"] }).ask)
      assert.strictEqual(problem, `${join(roots.devRoot, "vdb")} is too large to be one`)
    }).pipe(Effect.scoped)
  )
})
