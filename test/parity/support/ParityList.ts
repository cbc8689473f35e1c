import type { Reporter, TestCase, TestModule } from "vitest/node"
import { type ParityRow, parityRows } from "../rows.ts"

interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const rowIdOf = (test: TestCase): string | undefined => /^P-\d+(?= )/.exec(test.name)?.[0]

const tallyOf = (tests: ReadonlyArray<TestCase>): Tally => ({
  passed: tests.filter((test) => test.result().state === "passed").length,
  failed: tests.filter((test) => test.result().state === "failed").length,
  skipped: tests.filter((test) => test.result().state === "skipped").length
})

const verdictOf = ({ open }: ParityRow, { passed, failed, skipped }: Tally): string => {
  if (failed > 0) return "BROKEN"
  if (passed === 0) return skipped > 0 ? "not shown" : "NO TEST"
  return open === undefined && skipped === 0 ? "holds" : "part"
}

/** Prints the list with a verdict for each row. A row without a test counts as a failure, as the list would lie otherwise. */
export default class ParityList implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const ofRow = (id: string) => tests.filter((test) => rowIdOf(test) === id)
    const lines = parityRows.map((row) => {
      const tally = tallyOf(ofRow(row.id))
      const verdict = verdictOf(row, tally)
      const shown = `${tally.passed} test${tally.passed === 1 ? "" : "s"}`
      const why = verdict === "part" && row.open !== undefined ? `; open: ${row.open}` : ""
      const left = tally.skipped > 0 ? `; ${tally.skipped} not run on this machine` : ""
      return { verdict, text: `${row.id.padEnd(5)} ${verdict.padEnd(9)} ${row.promise} (${shown}${why}${left})` }
    })
    const broken = modules.filter((module) => module.errors().length > 0).length
    const missing = lines.filter(({ verdict }) => verdict === "NO TEST").length
    const all = tallyOf(tests)
    const failed = all.failed + errors.length + broken + missing
    process.exitCode = failed > 0 ? 1 : process.exitCode
    const skipped = all.skipped > 0 ? `, ${all.skipped} skipped` : ""
    process.stdout.write(
      `\n${lines.map(({ text }) => text).join("\n")}\n\n${all.passed} passed, ${failed} failed${skipped}\n`
    )
  }
}
