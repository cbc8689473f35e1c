import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"

const project = join(import.meta.dirname, "..")

const rows = readFileSync(join(project, "docs", "data-loss.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("|") && !/^\|(---| What goes wrong)/.test(line))
  .map((line) => line.slice(2, -2).split(" | "))
  .map(([way = "", does = "", answer = "", shown = ""]) => ({ way, does, answer, shown }))

const codes = [...Object.keys(status), "any"]

describe("the table of ways to lose data", () => {
  it("tries each way once", () => {
    assert.isAbove(rows.length, 50)
    assert.strictEqual(new Set(rows.map(({ way }) => way)).size, rows.length)
  })

  it.each(rows)("names a test that exists: $way", ({ answer, shown }) => {
    for (const code of answer.split(/, then |, | or /)) assert.include(codes, code)
    const [, file = "", title = ""] = /^`(test\/\S+\.test\.ts)`: (\S.*)$/.exec(shown) ?? []
    assert.isTrue(existsSync(join(project, file)), shown)
    const source = readFileSync(join(project, file), "utf8")
    assert.isTrue(source.includes(`"${title}"`) || source.includes(`\`${title}\``), shown)
  })
})
