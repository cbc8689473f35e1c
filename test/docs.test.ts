import { existsSync, readdirSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { parseAllDocuments } from "yaml"
import { printedBy } from "../scripts/docs/subcommandHelp.ts"
import { parseEntries } from "../src/adapters/config/CloudConf.ts"
import { describeProblem } from "../src/adapters/config/problems.ts"
import { warnOfUnknown } from "../src/adapters/config/unknownKeys.ts"
import { parseOptions } from "../src/main/options.ts"
import { subcommands } from "../src/main/subcommands.ts"
import { blocksOf, codeSpansOf, pages, project, read, shellLinesOf } from "./support/pages.ts"

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

/** `a/{b,c}.ts` names two files. */
const spelledOut = (path: string): ReadonlyArray<string> => {
  const [, before, list, after] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? []
  return list === undefined ? [path] : list.split(",").flatMap((part) => spelledOut(`${before}${part}${after}`))
}

/** A name may hold a star, as in a shell. */
const isThere = (path: string): boolean => {
  if (!path.includes("*")) return existsSync(join(project, path))
  const name = new RegExp(`^${basename(path).replaceAll(".", "\\.").replaceAll("*", ".*")}$`)
  return readdirSync(join(project, dirname(path))).some((entry) => name.test(entry))
}

/** Paths of this project that a page names as code. */
const pathsIn = (page: string) =>
  [...codeSpansOf(page), ...shellLinesOf(page)]
    .flatMap((code) => [...code.matchAll(/(?:^|[\s=])((?:src|test|scripts|deploy|docs|\.ci)\/[^\s`'":]*)/g)])
    .flatMap(([, path = ""]) => spelledOut(path.replace(/[,.;]$/, "")))
    // With a placeholder in it, or what kubectl calls a Deployment.
    .filter((path) => !/[A-Z]{3,}\b(?!\.md)|…|^deploy\/csi-/.test(path))

const scripts: ReadonlyArray<string> = Object.keys(JSON.parse(read("package.json")).scripts)

/** Scripts of package.json that a page has its reader run. */
const scriptsIn = (page: string) =>
  [...codeSpansOf(page), ...shellLinesOf(page)]
    .flatMap((code) => [...code.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test|start)\b)/g)])
    .map(([, script, builtin]) => script ?? builtin ?? "")

/** The arguments of each call of the program in a line; without any, and behind `-c`, the word is a name. */
const callsIn = (line: string) =>
  [
    ...line.matchAll(
      /(?:^|\s)(?:\/bin\/|build\/)?(?<!-c )cinder-csi-plugin(?:\.cjs)? +((?:--|-v|[a-z]+-?[a-z]* ?)[^|;&#>`]*)/g
    )
  ].map(([, args = ""]) =>
    args
      .trim()
      .split(/ +/)
      .filter((word) => word !== "…")
  )

/** Why the program would not take the arguments; a sub-command reads them all before it shows its help. */
const refusalOf = (args: ReadonlyArray<string>) => {
  const [name = "", ...rest] = args
  const subcommand = subcommands.get(name)
  if (subcommand === undefined) {
    return Effect.succeed(
      Either.match(parseOptions(args, {}), {
        onLeft: ({ message }) => message,
        onRight: (options) => (options._tag === "Options" ? options.warnings.join("\n") || undefined : undefined)
      })
    )
  }
  return printedBy(subcommand.run([...rest, "--help"], {})).pipe(
    Effect.map((help) => (help.startsWith("cinder-csi-plugin") ? undefined : `${name} --help shows no help`)),
    Effect.catchAll(({ message }) => Effect.succeed(message))
  )
}

const refusalsOf = (calls: ReadonlyArray<ReadonlyArray<string>>) =>
  Effect.forEach(calls, (args) =>
    Effect.map(refusalOf(args), (refusal) => (refusal === undefined ? [] : [`${args.join(" ")}: ${refusal}`]))
  ).pipe(
    Effect.map((refusals) => refusals.flat()),
    Effect.provide(NodeFileSystem.layer)
  )

describe("the pages", () => {
  it.each(pages)("link to what is there: %s", (page) => {
    const dead = [...read(page).matchAll(/\]\((?!http)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(([link, path, anchor]) => {
      const target = path === "" ? page : join(dirname(page), path ?? "")
      const alive = existsSync(join(project, target)) && (anchor === undefined || anchorsOf(target).includes(anchor))
      return alive ? [] : [link]
    })
    assert.deepStrictEqual(dead, [])
  })

  it("are all in the list of docs/README.md", () => {
    const list = "docs/README.md"
    const listed = [...read(list).matchAll(/\]\(([^)#]+)/g)].map(([, path = ""]) => join(dirname(list), path))
    assert.deepStrictEqual(
      pages.filter((page) => page.startsWith("docs/") && page !== list && !listed.includes(page)),
      []
    )
  })

  it.each(pages)("name files that are there: %s", (page) =>
    assert.deepStrictEqual(
      pathsIn(page).filter((path) => !isThere(path)),
      []
    )
  )

  it("lead to every example", () => {
    const examples = readdirSync(join(project, "deploy/examples"), { recursive: true, encoding: "utf8" })
    const text = pages.map(read).join("\n")
    assert.deepStrictEqual(
      examples.filter((example) => example.endsWith(".yaml") && !text.includes(`deploy/examples/${example}`)),
      []
    )
  })

  it.each(pages)("run scripts that are there: %s", (page) =>
    assert.deepStrictEqual(
      scriptsIn(page).filter((script) => !scripts.includes(script)),
      []
    )
  )

  it("name every suite to contributors", () =>
    assert.includeMembers(
      scriptsIn("CONTRIBUTING.md"),
      scripts.filter((script) => /^(test|bench)/.test(script))
    ))

  it.each(pages)("have tables whose rows are as long as their heads: %s", (page) => {
    const cellsIn = (row: string) => row.match(/(?<!\\)\|/g)?.length
    const tables = read(page)
      .replace(/^```.*?^```/gms, "")
      .matchAll(/(?:^\|.*\n)+/gm)
    const ragged = [...tables].flatMap(([table]) => {
      const [head = "", ...rows] = table.trimEnd().split("\n")
      return rows.filter((row) => cellsIn(row) !== cellsIn(head))
    })
    assert.deepStrictEqual(ragged, [])
  })

  it.each(pages)("show YAML that can be read: %s", (page) => {
    const problems = blocksOf(page)
      .filter(({ language }) => language === "yaml")
      .flatMap(({ text }) => parseAllDocuments(text).flatMap(({ errors }) => errors.map(({ message }) => message)))
    assert.deepStrictEqual(problems, [])
  })

  it.each(pages)("show settings of cloud.conf that have an effect: %s", (page) => {
    const problems = blocksOf(page)
      .filter(({ language }) => language === "ini")
      .flatMap(({ text }) =>
        Either.match(parseEntries([{ path: page, text }]), {
          onLeft: ({ message }) => [message],
          onRight: (entries) => entries.flatMap((entry) => warnOfUnknown(entry) ?? []).map(describeProblem)
        })
      )
    assert.deepStrictEqual(problems, [])
  })

  it.effect.each(pages)("call the program as it can be called: %s", (page) =>
    Effect.gen(function* () {
      const whole = shellLinesOf(page).flatMap(callsIn)
      // In a sentence the flags that go without saying are left out.
      const parts = codeSpansOf(page)
        .flatMap(callsIn)
        .map((args) =>
          subcommands.has(args[0] ?? "") ? args : [...args, "--endpoint=unix:///csi/csi.sock", "--cloud-config=file"]
        )
      assert.deepStrictEqual(yield* refusalsOf([...whole, ...parts]), [])
    })
  )
})

describe("what the tests of the pages look for", () => {
  it("is in the pages", () => {
    const everywhere = <A>(find: (page: string) => ReadonlyArray<A>) => pages.flatMap(find).length
    assert.isAbove(everywhere(pathsIn), 50)
    assert.isAbove(
      everywhere((page) => blocksOf(page).filter(({ language }) => language === "yaml")),
      3
    )
    assert.isAbove(
      everywhere((page) => blocksOf(page).filter(({ language }) => language === "ini")),
      3
    )
    assert.isAbove(
      everywhere((page) => shellLinesOf(page).flatMap(callsIn)),
      2
    )
  })
})
