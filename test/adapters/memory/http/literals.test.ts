import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { pythonRepr } from "../../../../src/adapters/memory/http/json.ts"
import { literalOf } from "../../../../src/adapters/memory/http/literals.ts"

const plainText = fc.string().filter((text) => !/[\\\n]/.test(text))
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    plainText,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1 }), tie("value"), {
      maxKeys: 3,
      noNullPrototype: true
    })
  )
}))

describe("literalOf", () => {
  it("reads back what Python would write", () => {
    fc.assert(
      fc.property(plain.value, (value) => {
        const json = JSON.parse(JSON.stringify(value))
        assert.deepStrictEqual(literalOf(pythonRepr(json)), json)
      })
    )
  })

  it("leaves everything else the text it is", () => {
    for (const text of ["available", "a,b", "{'k':", "['a'", "3.70.1", "1a", "{k: v}", "", "true"]) {
      assert.strictEqual(literalOf(text), text)
    }
  })

  it("never fails", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."{}[]()'\",: aTrue1-\\") }), (text) => void literalOf(text))
    )
  })
})
