import { readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { project, read } from "./support/pages.ts"

const page = read("docs/troubleshooting.md")

/** What the driver itself may say: its sources without comments, the cloud in memory, and what is said of settings. */
const sources = readdirSync(join(project, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !/adapters\/(memory|csi\/gen)\/|Notes\.ts$/.test(file))
  .map((file) => read(join("src", file)).replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, ""))

/** Lines of the tables whose first column quotes the driver. */
const rows = [...page.matchAll(/^\| The driver says \|.*\n\|[-|]+\n((?:\|.*\n)+)/gm)].flatMap(([, body = ""]) =>
  body
    .trimEnd()
    .split("\n")
    .map((row) => row.split(" | ")[0]?.slice(2) ?? "")
)

const messages = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, message = ""]) => message))

/** A message is said in one place; what stands for `…` in the page is put in there. */
const isSaid = (message: string): boolean => {
  const parts = message.split("…").filter((part) => part.trim().length > 1)
  return sources.some((source) => {
    let from = 0
    return parts.every((part) => {
      const at = source.indexOf(part, from)
      from = at + part.length
      return at >= 0
    })
  })
}

describe("docs/troubleshooting.md", () => {
  it.each(messages)("quotes what the driver can say: %s", (message) => assert.isTrue(isSaid(message)))

  it("quotes a message in each row of these tables", () => {
    assert.deepStrictEqual(
      rows.filter((cell) => !cell.includes("`")),
      []
    )
    assert.isAbove(messages.length, 80)
  })
})
