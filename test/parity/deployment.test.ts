import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { debianPackages } from "../../src/adapters/process/programs.ts"
import { live, temporaryFolder } from "../support/wiredDriver.ts"

const project = join(import.meta.dirname, "..", "..")
const read = (...path: ReadonlyArray<string>) => readFileSync(join(project, ...path), "utf8")

const finalStage = () =>
  read("deploy", "Dockerfile")
    .split(/^FROM .*$/m)
    .at(-1) ?? ""

describe("the image", () => {
  beforeAll(() => {
    execFileSync(process.execPath, [join("scripts", "bundle.mjs")], { cwd: project })
  })

  live(
    "P-1 has the program at /bin/cinder-csi-plugin, which runs as the first argument",
    Effect.gen(function* () {
      assert.match(finalStage(), /^COPY --from=build \S+\/build\/cinder-csi-plugin\.cjs \/bin\/cinder-csi-plugin$/m)
      assert.match(finalStage(), /^ENTRYPOINT \[\]$/m)
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

  it("P-39 installs the package of every program that the driver runs", () => {
    const installed = /apt-get install (?:-\S+ )*([^\\\n&]+)/.exec(finalStage())?.[1]?.trim().split(/\s+/) ?? []
    const needed = [...new Set<string>(Object.values(debianPackages))].sort()
    assert.includeMembers(needed, ["btrfs-progs", "e2fsprogs", "mount", "util-linux", "xfsprogs"])
    assert.deepStrictEqual(
      needed.filter((name) => !installed.includes(name)),
      []
    )
  })
})
