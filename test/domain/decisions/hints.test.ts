import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import fc from "fast-check"
import {
  entriesOf,
  hintContext,
  hintMetadata,
  hintsFrom,
  idIn,
  readHintEntries
} from "../../../src/domain/decisions/hints.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"

const claim = { namespace: "shop", name: "data" }
const affinity = "cinder.csi.openstack.org/affinity"
const antiAffinity = "cinder.csi.openstack.org/anti-affinity"

const read = (annotations: Readonly<Record<string, string>>) => Either.getOrThrow(readHintEntries(claim, annotations))
const problemOf = <A>(result: Either.Either<A, { readonly message: string }>) =>
  Either.isLeft(result) ? result.left.message : "fine"

describe("annotations of a claim", () => {
  it.each([
    { text: undefined, entries: [] },
    { text: "", entries: [] },
    { text: " , ,\n", entries: [] },
    { text: "a", entries: ["a"] },
    { text: "a,b", entries: ["a", "b"] },
    { text: "a b", entries: ["a", "b"] },
    { text: " a ,\tb,,c\n", entries: ["a", "b", "c"] },
    { text: "b,a,b", entries: ["b", "a"] }
  ])("$text names $entries", ({ text, entries }) => {
    const annotations = text === undefined ? {} : { [affinity]: text }
    assert.deepStrictEqual(read(annotations), { claim, affinity: entries, antiAffinity: [] })
  })

  it("are looked up once each, and other annotations count for nothing", () => {
    const entries = read({ [affinity]: "a,b", [antiAffinity]: "b c", "example.com/affinity": "d" })
    assert.deepStrictEqual(entriesOf(entries), ["a", "b", "c"])
  })

  it("may name 64 volumes together", () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`).join(",")
    assert.strictEqual(problemOf(readHintEntries(claim, { [affinity]: names(40), [antiAffinity]: names(24) })), "fine")
    assert.strictEqual(
      problemOf(readHintEntries(claim, { [affinity]: names(40), [antiAffinity]: names(25) })),
      `annotation ${affinity} of claim shop/data is too long: a claim may name 64 volumes in its hints, and this one names 65`
    )
  })
})

describe("an entry", () => {
  const id = "1b4e28ba-2fa1-11ec-8d3d-0242ac130003"
  it.each([id, id.toUpperCase(), id.replaceAll("-", ""), `urn:uuid:${id}`, `{${id}}`])("%s may be an id", (entry) => {
    assert.strictEqual(idIn(entry), id)
  })

  it.each(["", "data-0", `pvc-${id}`, id.slice(1), `${id}0`])("%j is a name", (entry) => {
    assert.strictEqual(idIn(entry), undefined)
  })
})

describe("hints", () => {
  const a = VolumeId("id-a")
  const b = VolumeId("id-b")
  const named = new Map([
    ["a", [a]],
    ["also-a", [a]],
    ["b", [b]],
    ["twins", [a, b]],
    ["none", []]
  ])
  const resolve = (annotations: Readonly<Record<string, string>>) => hintsFrom(read(annotations), named)

  it("keep the order of the annotations and name each volume once", () => {
    assert.deepStrictEqual(Either.getOrThrow(resolve({ [affinity]: "b a also-a", [antiAffinity]: "a" })), {
      sameHost: [b, a],
      differentHost: [a]
    })
  })

  it.each([
    {
      annotations: { [affinity]: "a,none" },
      says: `annotation ${affinity} of claim shop/data names "none", and Cinder has no such volume`
    },
    {
      annotations: { [antiAffinity]: "twins" },
      says: `annotation ${antiAffinity} of claim shop/data names "twins", and 2 volumes have this name; write an id`
    }
  ])("are refused: $says", ({ annotations, says }) => {
    assert.strictEqual(problemOf(resolve(annotations)), says)
  })
})

describe("the metadata that remembers hints", () => {
  it("is empty without hints, and so is the context", () => {
    assert.deepStrictEqual(hintMetadata({ sameHost: [], differentHost: [] }), {})
    assert.deepStrictEqual(hintContext({ "cinder.csi.openstack.org/cluster": "k8s" }), {})
  })

  it("gives them back as a context, whatever their number, in values that Cinder takes", () => {
    const ids = fc.array(fc.uuid().map(VolumeId), { maxLength: 64 })
    fc.assert(
      fc.property(ids, ids, (sameHost, differentHost) => {
        const metadata = hintMetadata({ sameHost, differentHost })
        for (const [key, value] of Object.entries(metadata)) {
          assert.match(key, /^[a-zA-Z0-9-_:. /]{1,255}$/)
          assert.isAtMost(value.length, 255)
        }
        assert.deepStrictEqual(hintContext(metadata), {
          ...(sameHost.length === 0 ? {} : { affinity: sameHost.join(",") }),
          ...(differentHost.length === 0 ? {} : { "anti-affinity": differentHost.join(",") })
        })
      })
    )
  })
})
