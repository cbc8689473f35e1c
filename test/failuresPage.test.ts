import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { serverStates, volumeStates } from "./domain/decisions/attachmentStates.ts"

const page = readFileSync(join(import.meta.dirname, "..", "docs", "failures.md"), "utf8")
const section = page.slice(page.indexOf("## By message"), page.indexOf("These are not states that last"))

/** Each row's message, in the parts that it quotes, and its code. */
const documented = section.split("\n").flatMap((line) => {
  const [, message = "", code = ""] = line.split("|").map((cell) => cell.trim())
  const parts = [...message.matchAll(/`([^`]+)`/g)].map(([, part = ""]) => part)
  return parts.length === 0 ? [] : [{ message, parts, code }]
})

const answers = [
  ...serverStates.flatMap(({ publish, unpublish }) => [publish, unpublish]),
  ...volumeStates.map(({ answer }) => answer)
]

describe("docs/failures.md", () => {
  it.each(documented)("has a message that is given: $message", ({ parts, code }) => {
    assert.isTrue(
      answers.some(
        (answer) => answer.code === code && "says" in answer && parts.every((part) => answer.says.includes(part))
      )
    )
  })

  it("names every reason that the failover assistant gives", () => {
    const sources = ["decisions/failover.ts", "decisions/serverOff.ts", "failoverEvents.ts"].map((name) =>
      readFileSync(join(import.meta.dirname, "..", "src/domain", name), "utf8")
    )
    const reasons = new Set(sources.flatMap((text) => text.match(/(?<=")[A-Z][a-z]+[A-Z]\w+(?=")/g) ?? []))
    for (const tag of ["RemoveTaint"]) reasons.delete(tag)
    const told = page.slice(page.indexOf("### Let the failover assistant"), page.indexOf("### A server is gone"))
    for (const reason of reasons) assert.include(told, `\`${reason}\``)
    assert.isAbove(reasons.size, 12)
  })

  it("names every state in which a server does not give what is asked for", () => {
    const states = serverStates.filter(
      ({ task, publish, unpublish }) => task === undefined && (publish.code !== "OK" || unpublish.code !== "OK")
    )
    for (const { name } of states) assert.include(section, /^\w+/.exec(name)?.[0] ?? name)
    assert.isAbove(states.length, 10)
  })
})
