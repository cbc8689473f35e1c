import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { debianPackages } from "../../../src/adapters/process/programs.ts"

const root = join(import.meta.dirname, "..", "..", "..", "src")
const list = join("adapters", "process", "programs.ts")
const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && file !== list)
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }))

/** The programs of a file system are named by a template as well. */
const isNamed = (program: string, text: string) =>
  text.includes(`"${program}"`) || (/^(mkfs|fsck)\./.test(program) && text.includes(program.replace(/\.\w+$/, ".${")))

describe("the programs of the host", () => {
  it("are named in the list alone with their package, so that none is run that the image does not have", () => {
    const elsewhere = sources.filter(({ text }) => /debianPackage: ["`]/.test(text))
    assert.deepStrictEqual(
      elsewhere.map(({ file }) => file),
      []
    )
  })

  it("are all run, so that the image has none for nothing", () => {
    const unused = Object.keys(debianPackages).filter((program) => !sources.some(({ text }) => isNamed(program, text)))
    assert.deepStrictEqual(unused, [])
  })
})
