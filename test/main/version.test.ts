import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { version } from "../../src/main/version.ts"

describe("the version", () => {
  it("is that of the package", () => {
    const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
    assert.propertyVal(manifest, "version", version)
  })
})
