import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const project = join(import.meta.dirname, "..")
const page = readFileSync(join(project, "docs", "defects.md"), "utf8")

const rows = [...page.matchAll(/^\| (D-\d+) \|.*\| ([^|]+) \|$/gm)].map(([, id, shown]) => ({ id, shown: shown ?? "" }))

describe("the table of the Go driver's defects", () => {
  it("has all 59, in order", () => {
    assert.deepStrictEqual(
      rows.map(({ id }) => id),
      Array.from({ length: 59 }, (_, index) => `D-${index + 1}`)
    )
  })

  it.each(rows)("names a test that exists, or what is planned: $id", ({ shown }) => {
    if (/^planned: \S/.test(shown)) return
    const [, file, title] = /^`(test\/\S+\.test\.ts)`: (\S.*)$/.exec(shown) ?? []
    assert.isTrue(file !== undefined && existsSync(join(project, file)), shown)
    assert.include(readFileSync(join(project, file ?? ""), "utf8"), title ?? "")
  })
})
