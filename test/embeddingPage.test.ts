import { assert, describe, it } from "@effect/vitest"
import { read } from "./support/pages.ts"

const page = read("docs/embedding.md")
const programs = [...page.matchAll(/(?:<!-- (\S+) -->\n)?```ts\n(.*?)\n```/gs)].map(([, file = "", text = ""]) => ({
  file,
  text
}))

describe("the page about embedding", () => {
  it("shows programs", () => assert.isAtLeast(programs.length, 7))

  it.each(programs)("shows what is in an example: $file", ({ file, text }) => {
    assert.match(file, /^docs\/examples\//)
    assert.include(read(file), text)
  })
})

describe("the examples", () => {
  const json = (file: string) => JSON.parse(read(file))
  const root = json("package.json")

  it("ask for the versions that the library is tested with", () => {
    const { dependencies, devDependencies } = json("docs/examples/package.json")
    const { "effect-cinder-csi": own, ...others } = { ...dependencies, ...devDependencies }
    assert.strictEqual(own, root.version)
    for (const [name, version] of Object.entries(others)) assert.strictEqual(version, root.devDependencies[name], name)
  })
})

describe("the packages of effect", () => {
  it("are asked of the application in the version that the library is tested with, or later ones that fit", () => {
    const { peerDependencies, devDependencies } = JSON.parse(read("package.json"))
    for (const [name, range] of Object.entries(peerDependencies)) assert.strictEqual(range, `^${devDependencies[name]}`)
  })
})
