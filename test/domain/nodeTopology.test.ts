import { assert, describe, it } from "@effect/vitest"
import { nodeSegments, zoneLabel } from "../../src/domain/nodeTopology.ts"

describe("zoneLabel", () => {
  for (const [zone, expected] of [
    ["nova", "nova"],
    ["Zone 1/rack#2", "Zone-1-rack-2"],
    ["zone  1", "zone-1"],
    ["zone – 1", "zone-1"],
    ["_-.zone.-_", "zone"],
    ["(zürich)", "z-rich"],
    ["z".repeat(70), "z".repeat(63)],
    [`${"z".repeat(62)}-tail`, `${"z".repeat(62)}-`],
    ["", ""]
  ] as const) {
    it(`${JSON.stringify(zone)} is ${JSON.stringify(expected)}`, () => assert.strictEqual(zoneLabel(zone), expected))
  }
})

describe("nodeSegments", () => {
  const key = "topology.cinder.csi.openstack.org/zone"

  it("holds the zone and what is added", () =>
    assert.deepStrictEqual(nodeSegments("a b", { "example.com/rack": "7" }), { [key]: "a-b", "example.com/rack": "7" }))

  it("lets the operator's zone win", () =>
    assert.deepStrictEqual(nodeSegments("nova", { [key]: "mine" }), { [key]: "mine" }))

  it("takes the operator's zone where none is known", () =>
    assert.deepStrictEqual(nodeSegments(undefined, { [key]: "mine" }), { [key]: "mine" }))

  it("is unknown without any zone", () =>
    assert.strictEqual(nodeSegments(undefined, { "example.com/rack": "7" }), undefined))
})
