import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import fc from "fast-check"
import { allowedText, isAllowedIn, planZones, topologyOf, zonesToTry } from "../../../src/domain/decisions/zone.ts"
import { zoneLabel } from "../../../src/domain/nodeTopology.ts"
import { type Segments, type TopologyRequirement, zoneKey } from "../../../src/domain/Topology.ts"

const on = { withTopology: true, ignoreVolumeZone: false }
const zone = (name: string): Segments => ({ [zoneKey]: name })
const region: Segments = { "topology.kubernetes.io/region": "r1" }
const inZones = (...names: ReadonlyArray<string>) => ({ preferred: names.map(zone), requisite: names.map(zone) })

const planFor = (topology: TopologyRequirement | undefined, options: Parameters<typeof planZones>[2] = on) =>
  Either.getOrThrow(planZones(undefined, topology, options))

describe("the zones of a new volume", () => {
  it.each([
    { what: "no topology", preferred: [], requisite: [], tried: [undefined], allowed: "any" },
    {
      what: "preferred before requisite",
      preferred: ["b"],
      requisite: ["a", "b"],
      tried: ["b", "a"],
      allowed: "b or a"
    },
    { what: "requisite alone", preferred: [], requisite: ["a", "b"], tried: ["a", "b"], allowed: "a or b" },
    { what: "preferred alone", preferred: ["a"], requisite: [], tried: ["a", undefined], allowed: "any" }
  ])("$what", ({ preferred, requisite, tried, allowed }) => {
    const plan = planFor({ preferred: preferred.map(zone), requisite: requisite.map(zone) })
    assert.deepStrictEqual(zonesToTry(plan, []), tried)
    assert.strictEqual(allowedText(plan), allowed)
  })

  it("do not depend on keys of others", () => {
    const plan = planFor({ preferred: [{ ...region, ...zone("a") }], requisite: [region] })
    assert.deepStrictEqual(zonesToTry(plan, []), ["a", undefined])
    assert.isUndefined(plan.allowed)
  })

  it("are found under the key in any case", () => {
    const plan = planFor({ preferred: [], requisite: [{ [zoneKey.toUpperCase()]: "a" }] })
    assert.deepStrictEqual(zonesToTry(plan, []), ["a"])
  })

  it("are the class's zone alone if it names one, by Cinder's own name", () => {
    const options = { ...on, zoneMap: new Map([["c-1", "ceph"]]) }
    const plan = Either.getOrThrow(planZones("c-1", inZones("a"), options))
    assert.deepStrictEqual(zonesToTry(plan, ["c 1"]), ["c-1"])
    assert.strictEqual(plan.field, `parameters["availability"]`)
    assert.deepStrictEqual([isAllowedIn(plan, "c-1"), isAllowedIn(plan, "c 1")], [true, false])
  })

  it("are asked for and not held against the volume when its zone is to be ignored", () => {
    const plan = planFor({ preferred: [], requisite: [zone("a")] }, { ...on, ignoreVolumeZone: true })
    assert.deepStrictEqual(zonesToTry(plan, []), ["a"])
    assert.isTrue(isAllowedIn(plan, "nova"))
  })

  it("must have a value", () => {
    const plan = planZones(undefined, { preferred: [], requisite: [zone("")] }, on)
    assert.isTrue(Either.isLeft(plan) && plan.left.field === "accessibility_requirements")
  })
})

describe("a node's label whose zone has no legal name", () => {
  const plan = planFor(inZones("rack-1"))

  it("is tried as it is as long as Cinder's zones are not known, or none of them has it", () => {
    assert.deepStrictEqual(zonesToTry(plan, []), ["rack-1"])
    assert.deepStrictEqual(zonesToTry(plan, ["nova"]), ["rack-1"])
  })

  it("stands for the zone that nodes show by it, and first for the one of its own name", () => {
    assert.deepStrictEqual(zonesToTry(plan, ["nova", "rack 1"]), ["rack 1"])
    assert.deepStrictEqual(zonesToTry(plan, ["rack 1", "rack-1"]), ["rack-1", "rack 1"])
  })

  it("allows that zone and no other", () => {
    assert.isTrue(isAllowedIn(plan, "rack 1"))
    assert.isFalse(isAllowedIn(plan, "rack 2"))
  })
})

describe("mapped zones", () => {
  const zoneMap = new Map([
    ["az1", "ceph"],
    ["my zone", "ceph"],
    ["az3", "lvm"]
  ])
  const mapped = { ...on, zoneMap }

  it("are asked for by Cinder's name, each once", () => {
    const plan = planFor(inZones("my-zone", "az1", "az3", "az4"), mapped)
    assert.deepStrictEqual(zonesToTry(plan, ["ceph", "lvm"]), ["ceph", "lvm", "az4"])
    assert.strictEqual(allowedText(plan), "ceph or lvm or az4")
    assert.deepStrictEqual([isAllowedIn(plan, "ceph"), isAllowedIn(plan, "az1")], [true, false])
  })

  it("are answered with every label of theirs, in the order of the map", () => {
    assert.deepStrictEqual(topologyOf("ceph", inZones("az1"), mapped), [zone("az1"), zone("my-zone")])
    assert.deepStrictEqual(topologyOf("ceph", undefined, mapped), [zone("az1"), zone("my-zone")])
    assert.deepStrictEqual(topologyOf("lvm", undefined, mapped), [zone("az3")])
  })

  it("leave a zone that no map speaks of what it is", () => {
    assert.deepStrictEqual(topologyOf("nova", inZones("nova"), mapped), [zone("nova")])
  })

  it("keep the label that was asked for when the map names a neighbour alone", () => {
    const neighbour = { ...on, zoneMap: new Map([["az4", "az3"]]) }
    assert.deepStrictEqual(zonesToTry(planFor(inZones("az3"), neighbour), []), ["az3"])
    assert.deepStrictEqual(topologyOf("az3", inZones("az3"), neighbour), [zone("az4"), zone("az3")])
  })

  it("keep a volume reachable from one of the places that it was asked for", () => {
    const names = fc.constantFrom("a", "b", "my zone", "my-zone", "ceph")
    const maps = fc.dictionary(names, names).map((pairs) => new Map(Object.entries(pairs)))
    fc.assert(
      fc.property(fc.array(names, { minLength: 1, maxLength: 3 }), maps, names, (asked, map, placed) => {
        const options = { ...on, zoneMap: map }
        const topology = inZones(...asked.map(zoneLabel))
        if (!isAllowedIn(planFor(topology, options), placed)) return
        const labels = topologyOf(placed, topology, options).map((segments) => segments[zoneKey])
        assert.isTrue(asked.map(zoneLabel).some((label) => labels.includes(label)))
      })
    )
  })
})

describe("the topology of a volume", () => {
  const topology = { preferred: [zone("a")], requisite: [zone("a"), zone("b")] }

  it("is the zone that Cinder shows", () => {
    assert.deepStrictEqual(topologyOf("b", topology, on), [zone("b")])
    assert.deepStrictEqual(topologyOf("rack 1", topology, on), [zone("rack-1")])
  })

  it("is empty while Cinder shows none", () => {
    assert.deepStrictEqual(topologyOf("", topology, on), [])
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
