import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { debianPackages } from "../../src/adapters/process/programs.ts"
import { live, temporaryFolder } from "../support/wiredDriver.ts"

const project = join(import.meta.dirname, "..", "..")
const read = (...path: ReadonlyArray<string>) => readFileSync(join(project, ...path), "utf8")

describe("the image", () => {
  beforeAll(() => {
    execFileSync(process.execPath, [join("scripts", "bundle.mjs")], { cwd: project })
  })

  live(
    "P-1 is made of a program that runs by its path alone",
    Effect.gen(function* () {
      const bin = join(yield* temporaryFolder, "bin")
      mkdirSync(bin)
      const program = join(bin, "cinder-csi-plugin")
      copyFileSync(join(project, "build", "cinder-csi-plugin.cjs"), program)
      const version = execFileSync(program, ["--version"], { encoding: "utf8" })
      assert.strictEqual(version.trim(), JSON.parse(read("package.json")).version)
    })
  )

  live(
    "P-1 ends with status 1 and a line on standard error where it cannot serve",
    Effect.gen(function* () {
      const config = join(yield* temporaryFolder, "cloud.conf")
      writeFileSync(config, "[Global]\nauth-url = nonsense\n")
      const program = join(project, "build", "cinder-csi-plugin.cjs")
      const { status, stderr } = spawnSync(program, [`--endpoint=unix://${config}.sock`, `--cloud-config=${config}`], {
        encoding: "utf8"
      })
      assert.strictEqual(status, 1)
      assert.include(stderr, config)
    })
  )

  it("P-39 is made of the package of every program that the driver runs, and of no others", () => {
    const named = /apt-get install (?:-\S+ )*\\\n([^\n]+)\n/
      .exec(read("deploy", "Dockerfile"))?.[1]
      ?.trim()
      .split(/\s+/)
    const needed = [...new Set<string>(Object.values(debianPackages)), "ca-certificates"].sort()
    assert.includeMembers(needed, ["btrfs-progs", "e2fsprogs", "mount", "util-linux", "xfsprogs"])
    assert.deepStrictEqual(named, needed)
  })
})
