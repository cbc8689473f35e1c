import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const project = join(import.meta.dirname, "..")
const pagesIn = (folder: string) =>
  readdirSync(join(project, folder))
    .filter((page) => page.endsWith(".md"))
    .map((page) => join(folder, page))
const pages = [...pagesIn("."), ...pagesIn("docs")]
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
