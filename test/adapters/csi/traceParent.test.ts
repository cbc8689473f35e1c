import { assert, describe, it } from "@effect/vitest"
import { Metadata } from "@grpc/grpc-js"
import { callerSpan } from "../../../src/adapters/csi/traceParent.ts"

const trace = "0af7651916cd43dd8448eb211c80319c"
const parent = "b7ad6b7169203331"

const callerOf = (traceparent: string) => {
  const metadata = new Metadata()
  metadata.set("traceparent", traceparent)
  const span = callerSpan(metadata)
  return span === undefined ? undefined : [span.traceId, span.spanId, span.sampled]
}

describe("the caller's span", () => {
  it("is undefined where the caller names none", () => {
    assert.isUndefined(callerSpan(new Metadata()))
  })

  it.each([
    [`00-${trace}-${parent}-01`, true],
    [`00-${trace}-${parent}-00`, false],
    [`00-${trace}-${parent}-03`, true],
    [`01-${trace}-${parent}-01-what-may-come`, true]
  ])("is read from %s", (text, sampled) => {
    assert.deepStrictEqual(callerOf(text), [trace, parent, sampled])
  })

  it.each([
    "",
    "nonsense",
    `00-${trace}-${parent}`,
    `ff-${trace}-${parent}-01`,
    `00-${"0".repeat(32)}-${parent}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${parent}-01`
  ])("is undefined for %j", (text) => {
    assert.isUndefined(callerOf(text))
  })
})
