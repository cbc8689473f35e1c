import { assert, describe, it } from "@effect/vitest"
import { Cause, Exit, FiberId } from "effect"
import { Ending, exitCodeOf } from "../../src/main/Ending.ts"
import { subcommands } from "../../src/main/subcommands.ts"

describe("the program ends", () => {
  it.each<readonly [string, Exit.Exit<unknown, unknown>, number]>([
    ["with 0 when its work is done", Exit.void, 0],
    ["with 0 when it is told to end", Exit.interrupt(FiberId.none), 0],
    ["with 1 when it fails", Exit.fail(new Error("no")), 1],
    ["with 1 for a defect", Exit.die("broken"), 1],
    ["with the code that the failure names", Exit.fail(new Ending({ code: 2, text: "no" })), 2],
    [
      "with that code also where it was told to end meanwhile",
      Exit.failCause(Cause.parallel(Cause.interrupt(FiberId.none), Cause.fail(new Ending({ code: 2, text: "" })))),
      2
    ]
  ])("%s", (_, exit, code) => assert.strictEqual(exitCodeOf(exit), code))

  it("with another code when it is told to end, where 0 would be an answer", () => {
    for (const name of ["audit", "doctor", "secret"]) {
      assert.strictEqual(exitCodeOf(Exit.interrupt(FiberId.none), subcommands.get(name)?.toldToEnd), 2, name)
    }
    assert.strictEqual(exitCodeOf(Exit.void, 2), 0)
  })
})
