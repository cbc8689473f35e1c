import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

export const project = join(import.meta.dirname, "..", "..")
export const read = (path: string): string => readFileSync(join(project, path), "utf8")

const pagesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(project, folder))
    .filter((page) => page.endsWith(".md"))
    .map((page) => join(folder, page))

/** The pages that people read, by their path. */
export const pages = [...pagesIn("."), ...pagesIn("docs")]

/** A block between fences, without the indentation of a list that it stands in. */
export interface Block {
  readonly language: string
  readonly text: string
}

const fenced = /^( *)```(\w*)[^\n]*\n(.*?)^\1```/gms

export const blocksOf = (page: string): ReadonlyArray<Block> =>
  [...read(page).matchAll(fenced)].map(([, indent = "", language = "", text = ""]) => ({
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, "gm"), "")
  }))

const withoutBlocks = (page: string): string => read(page).replace(fenced, "")

/** Text set as code within a line. */
export const codeSpansOf = (page: string): ReadonlyArray<string> =>
  [...withoutBlocks(page).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code)

/** Blocks that are set off by four spaces, line by line. */
export const indentedLinesOf = (page: string): ReadonlyArray<string> =>
  [...withoutBlocks(page).matchAll(/(?<=^|\n)(?: {4}|\t)(\S.*)$/gm)].map(([, line = ""]) => line)

/** Lines for a shell, each whole although it may go over several in the page. */
export const shellLinesOf = (page: string): ReadonlyArray<string> => [
  ...blocksOf(page)
    .filter(({ language }) => ["", "sh", "bash", "console"].includes(language))
    .flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, " ").split("\n")),
  ...indentedLinesOf(page)
]
