import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { BlockStorageKeys, FailoverKeys, GlobalKeys, MetadataKeys } from "../src/adapters/config/keys.ts"
import { flagNames } from "../src/main/flags.ts"

const project = join(import.meta.dirname, "..")
const pages = ["README.md", ...readdirSync(join(project, "docs")).map((page) => join("docs", page))]
const read = (page: string) => readFileSync(join(project, page), "utf8")

/** As GitHub names a heading: https://docs.github.com/en/get-started/writing-on-github (section links). */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-")

const anchorsOf = (page: string) =>
  [
    ...read(page)
      .replace(/```.*?```/gs, "")
      .matchAll(/^#+ (.*)$/gm)
  ].map(([, heading]) => anchorOf(heading ?? ""))

describe("docs/configuration.md", () => {
  const configuration = read("docs/configuration.md")
  const firstCells = [...configuration.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell ?? "").join(" ")

  it.each([GlobalKeys, BlockStorageKeys, MetadataKeys, FailoverKeys].flatMap(({ fields }) => Object.keys(fields)))(
    "has a row for the key %s",
    (key) => assert.include(firstCells, `\`${key}\``)
  )

  it.each(flagNames)("has a row for the flag %s", (flag) =>
    assert.include(firstCells, flag.length === 1 ? `\`-${flag}\`` : `\`--${flag}\``)
  )
})

describe("the pages", () => {
  it.each(pages)("link to what is there: %s", (page) => {
    const dead = [...read(page).matchAll(/\]\((?!http)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(([link, path, anchor]) => {
      const target = path === "" ? page : join(dirname(page), path ?? "")
      const alive = existsSync(join(project, target)) && (anchor === undefined || anchorsOf(target).includes(anchor))
      return alive ? [] : [link]
    })
    assert.deepStrictEqual(dead, [])
  })
})
