import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, normalize, sep } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const root = join(import.meta.dirname, "..", "src")

const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.includes(`${sep}gen${sep}`))
  .sort()

/** Where each import of a file leads: a path below `src` for our own files, the bare name for packages. */
const importsOf = (file: string): ReadonlyArray<string> =>
  [
    ...readFileSync(join(root, file), "utf8").matchAll(
      /(?:^|\n)(?:import|export)\b[^"']*?from "([^"]+)"|import\("([^"]+)"\)/g
    )
  ]
    .map((match) => match[1] ?? match[2] ?? "")
    .map((target) => (target.startsWith(".") ? normalize(join(dirname(file), target)) : target))

const layerOf = (path: string): string => path.split(sep)[0] ?? ""
const adapterOf = (path: string): string => path.split(sep)[1] ?? ""

/** Adapter folders that are libraries for the others: running programs is no port. */
const shared = new Set(["process"])

const offence = (file: string, target: string): string | undefined => {
  const own = !/^[@a-z]/.test(target) || ["domain", "ports", "adapters", "main"].includes(layerOf(target))
  switch (layerOf(file)) {
    case "domain":
    case "ports":
      return (own ? layerOf(target) === "domain" || layerOf(target) === "ports" : target === "effect")
        ? undefined
        : "domain and ports import effect, domain and ports alone"
    case "adapters":
      if (!own) return undefined
      if (layerOf(target) === "main") return "an adapter never imports main"
      if (layerOf(target) !== "adapters" || adapterOf(target) === adapterOf(file) || shared.has(adapterOf(target)))
        return undefined
      return "an adapter never imports another"
    case "main":
      return undefined
    default:
      return "a file of src lies in domain, ports, adapters or main"
  }
}

describe("the layers", () => {
  it("point inward in every file", () => {
    const offences = sources.flatMap((file) =>
      importsOf(file).flatMap((target) => {
        const why = offence(file, target)
        return why === undefined ? [] : [`${file} imports ${target}: ${why}`]
      })
    )
    assert.deepStrictEqual(offences, [])
  })

  it("keep wire messages in the gRPC adapter", () => {
    const leaks = sources.filter(
      (file) =>
        !file.startsWith(join("adapters", "csi")) && importsOf(file).some((target) => target.includes("csi/gen"))
    )
    assert.deepStrictEqual(leaks, [])
  })

  it("keep promises, processes and wall clocks out of the domain", () => {
    const leaks = sources
      .filter((file) => layerOf(file) === "domain" || layerOf(file) === "ports")
      .filter((file) =>
        /\b(?:async\b|(?<!\.)await\b|Promise\b|Date\.now|new Date|setTimeout|process\.|console\.)/.test(
          readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")
        )
      )
    assert.deepStrictEqual(leaks, [])
  })
})
