import { existsSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { version } from "../../src/main/version.ts"

const file = (path: string) => new URL(`../../${path}`, import.meta.url)
const json = (path: string) => JSON.parse(readFileSync(file(path), "utf8"))

describe("the package", () => {
  it("has the version that the driver tells", () => {
    assert.strictEqual(json("package.json").version, version)
  })

  it("has a section of CHANGELOG.md for its version", () => {
    assert.include(readFileSync(file("CHANGELOG.md"), "utf8"), `\n## [${version}] - `)
  })

  it("exports what the library's build makes, and nothing else", () => {
    const { "./package.json": _manifest, ...entries } = json("package.json").exports
    const exported: ReadonlyArray<{ readonly default: string; readonly types: string }> = Object.values(entries)
    const sources = exported.map((entry) => entry.default.replace("./dist/", "src/").replace(/\.js$/, ".ts"))
    assert.deepStrictEqual(
      exported.map(({ types }) => types.replace(/\.d\.ts$/, ".js")),
      exported.map((entry) => entry.default)
    )
    assert.deepStrictEqual(sources.sort(), [...json("tsconfig.build.json").files].sort())
    for (const source of sources) assert.isTrue(existsSync(file(source)), source)
  })
})
