import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { showingProgress, terminal } from "../../../src/main/doctor/face.ts"
import type { DoctorReport } from "../../../src/main/doctor/reportJson.ts"
import { describeReport, wrap } from "../../../src/main/doctor/text.ts"

const finding = { id: "a", title: "it is there", status: "ok", evidence: ["one", "two"], remedy: null } as const
const report: DoctorReport = {
  version: 1,
  driver: "0.1.0",
  at: "2026-11-30T15:00:00.000Z",
  about: "pvc shop/data",
  exitCode: 1,
  findings: [
    { ...finding, title: "passed over", status: "skipped", evidence: ["nobody asked"] },
    { ...finding, title: "passed over too", status: "skipped", evidence: ["nobody asked"] },
    finding,
    { ...finding, title: "it works", status: "failed", evidence: ["no\u001b[2Jt at all"], remedy: "mend it" }
  ],
  answers: [
    { call: "CreateVolume", about: "volume v", answer: "refuses", code: "NotFound", message: "there is none" },
    { call: "DeleteVolume", about: "volume v", answer: "acts", code: "OK", message: "ask Cinder" }
  ],
  events: [{ about: "Pod a/b", type: "Warning", reason: "Failed", message: "rpc error", count: 3, at: null }]
}
const plain = { colours: false, columns: 100 }

describe("the report for people", () => {
  it("tells what is well in short, what is not in full, and what was skipped once for each reason", () =>
    assert.deepStrictEqual(describeReport(report, plain).split("\n"), [
      "pvc shop/data (cinder-csi-plugin 0.1.0, 2026-11-30T15:00:00.000Z)",
      "",
      "Seen:",
      "  ok        it is there",
      "            one; two",
      "  FAILED    it works",
      "            no [2Jt at all",
      "            > mend it",
      "  skipped   passed over; passed over too",
      "            because nobody asked",
      "",
      "The driver's answers, if it were asked now:",
      "  CreateVolume of volume v would be refused with NotFound:",
      "    there is none",
      "  DeleteVolume of volume v would go on:",
      "    ask Cinder",
      "",
      "Warnings of Kubernetes:",
      "  Failed of Pod a/b, 3 times:",
      "    rpc error",
      "",
      "1 ok, 0 warning, 1 failed, 2 skipped. What is marked FAILED has to be seen to."
    ]))

  it("has colours for terminals alone, and never what a terminal would obey from elsewhere", () => {
    const coloured = describeReport(report, { ...plain, colours: true })
    assert.include(coloured, "\u001b[31mFAILED")
    assert.notInclude(coloured, "\u001b[2J")
    assert.notInclude(describeReport(report, plain), "\u001b")
    assert.isFalse(terminal({ NO_COLOR: "1" }).paper.colours)
  })

  it("keeps words whole", () => {
    assert.deepStrictEqual(wrap("a bb ccc", 4), ["a bb", "ccc"])
    assert.deepStrictEqual(wrap("abcdefgh i", 4), ["abcdefgh", "i"])
  })
})

describe("progress", () => {
  const shown = (isWatched: boolean, lasts: `${number} millis`) =>
    Effect.gen(function* () {
      const said: Array<string> = []
      const err = (text: string) => Effect.sync(() => void said.push(text))
      const face = { out: err, err, paper: plain, isWatched }
      const fiber = yield* Effect.fork(showingProgress(face)(Effect.sleep(lasts)))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
      return said.join("")
    })

  it.effect("is shown after a second to who watches, and taken away", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* shown(false, "2500 millis"), "")
      const said = yield* shown(true, "2500 millis")
      assert.include(said, "looking: 2 s")
      assert.notInclude(said, "3 s")
      assert.isTrue(said.endsWith("\r\u001b[K"))
      assert.notInclude(yield* shown(true, "900 millis"), "looking")
    })
  )
})
