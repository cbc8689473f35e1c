import type { Reporter, TestModule } from "vitest/node"

/** Closes each run with the line by which scripts count: a file that cannot be loaded is one failure. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      passed += tests.filter((test) => test.result().state === "passed").length
      failed += tests.filter((test) => test.result().state === "failed").length
      if (module.errors().length > 0) failed += 1
    }
    process.stdout.write(`${passed} passed, ${failed} failed\n`)
  }
}
