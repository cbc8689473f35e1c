import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { isAllowedIn, planZones, topologyOf } from "../../../src/domain/decisions/zone.ts"
import { type Segments, zoneKey } from "../../../src/domain/Topology.ts"

const on = { withTopology: true, ignoreVolumeZone: false }
const zone = (name: string): Segments => ({ [zoneKey]: name })
const region: Segments = { "topology.kubernetes.io/region": "r1" }

describe("the zones of a new volume", () => {
  it.each([
    { what: "no topology", preferred: [], requisite: [], tried: [undefined], allowed: undefined },
    {
      what: "preferred before requisite",
      preferred: ["b"],
      requisite: ["a", "b"],
      tried: ["b", "a"],
      allowed: ["b", "a"]
    },
    { what: "requisite alone", preferred: [], requisite: ["a", "b"], tried: ["a", "b"], allowed: ["a", "b"] },
    { what: "preferred alone", preferred: ["a"], requisite: [], tried: ["a", undefined], allowed: undefined }
  ])("$what", ({ preferred, requisite, tried, allowed }) => {
    const topology = { preferred: preferred.map(zone), requisite: requisite.map(zone) }
    const plan = Either.getOrThrow(planZones(undefined, topology, on))
    assert.deepStrictEqual(plan.candidates, tried)
    assert.deepStrictEqual(plan.allowed, allowed)
  })

  it("do not depend on keys of others", () => {
    const plan = Either.getOrThrow(
      planZones(undefined, { preferred: [{ ...region, ...zone("a") }], requisite: [region] }, on)
    )
    assert.deepStrictEqual(plan.candidates, ["a", undefined])
    assert.isUndefined(plan.allowed)
  })

  it("are found under the key in any case", () => {
    const plan = planZones(undefined, { preferred: [], requisite: [{ [zoneKey.toUpperCase()]: "a" }] }, on)
    assert.deepStrictEqual(Either.getOrThrow(plan).candidates, ["a"])
  })

  it("are the class's zone alone if it names one", () => {
    const plan = Either.getOrThrow(planZones("c", { preferred: [zone("a")], requisite: [zone("a")] }, on))
    assert.deepStrictEqual(plan, { candidates: ["c"], allowed: ["c"], field: `parameters["availability"]` })
  })

  it("are asked for and not held against the volume when its zone is to be ignored", () => {
    const plan = planZones(undefined, { preferred: [], requisite: [zone("a")] }, { ...on, ignoreVolumeZone: true })
    assert.deepStrictEqual(Either.getOrThrow(plan).candidates, ["a"])
    assert.isTrue(isAllowedIn(Either.getOrThrow(plan), "nova"))
  })

  it("must have a value", () => {
    const plan = planZones(undefined, { preferred: [], requisite: [zone("")] }, on)
    assert.isTrue(Either.isLeft(plan) && plan.left.field === "accessibility_requirements")
  })

  it("match a node's label where the zone's own name is no legal label", () => {
    const plan = Either.getOrThrow(planZones(undefined, { preferred: [], requisite: [zone("rack-1")] }, on))
    assert.isTrue(isAllowedIn(plan, "rack 1"))
    assert.isFalse(isAllowedIn(plan, "rack 2"))
  })
})

describe("the topology of a volume", () => {
  const topology = { preferred: [zone("a")], requisite: [zone("a"), zone("b")] }

  it("is the zone that Cinder shows", () => {
    assert.deepStrictEqual(topologyOf("b", topology, on), [zone("b")])
  })

  it("is the preferred one when the volume's zone is to be ignored", () => {
    const options = { ...on, ignoreVolumeZone: true }
    assert.deepStrictEqual(topologyOf("b", topology, options), [zone("a")])
    assert.deepStrictEqual(topologyOf("b", undefined, options), [])
  })

  it("is empty when topology is switched off", () => {
    assert.deepStrictEqual(topologyOf("b", topology, { ...on, withTopology: false }), [])
  })
})
