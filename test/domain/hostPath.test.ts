import { assert, describe, it } from "@effect/vitest"
import { isProperPath, isWithin, parentOf, pathProblem } from "../../src/domain/hostPath.ts"

describe("isProperPath", () => {
  for (const [path, expected] of [
    ["/kubelet/plugins/kubernetes.io/csi", true],
    ["/a/..b/.c", true],
    ["some/path", false],
    ["/", false],
    ["", false],
    ["/a/", false],
    ["/a//b", false],
    ["/a/./b", false],
    ["/a/../b", false],
    ["/a/..", false],
    ["/a\0b", false]
  ] as const) {
    it(`${JSON.stringify(path)}: ${expected}`, () => assert.strictEqual(isProperPath(path), expected))
  }
})

describe("pathProblem", () => {
  it("counts bytes, not characters", () => {
    assert.strictEqual(pathProblem("target_path", `/${"ä".repeat(2_047)}`), undefined)
    assert.include(pathProblem("target_path", `/${"ä".repeat(2_048)}`)?.message ?? "", "target_path")
  })
})

describe("isWithin", () => {
  for (const [path, ancestor, expected] of [
    ["/a", "/a", true],
    ["/a/b", "/a", true],
    ["/ab", "/a", false]
  ] as const) {
    it(`${path} in ${ancestor}: ${expected}`, () => assert.strictEqual(isWithin(path, ancestor), expected))
  }
})

describe("parentOf", () => {
  it("is the directory above", () => {
    assert.strictEqual(parentOf("/a/b"), "/a")
    assert.strictEqual(parentOf("/a"), "/")
  })
})
