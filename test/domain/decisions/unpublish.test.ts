import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { decideUnpublish, type UnpublishFacts } from "../../../src/domain/decisions/unpublish.ts"
import { CloudFailure } from "../../../src/domain/errors.ts"
import { isAttachedTo } from "../../../src/domain/Volume.ts"
import { anyServer, anyVolume, anyWait, aServer, attachmentTo, aVolume, ours, theirs, wordFor } from "./facts.ts"

const id = aVolume().id
const accepted = { _tag: "Accepted", requestId: "req-1" } as const
const notAttached = { _tag: "NotAttached" } as const
const refused = {
  _tag: "Refused",
  failure: new CloudFailure({
    service: "Nova",
    operation: "detach volume",
    reason: "conflict",
    detail: "Service is unavailable at this time.",
    requestId: undefined
  })
} as const

const inUse = aVolume({ status: "in-use", attachments: [attachmentTo(ours)] })
const listing = aServer({ volumeIds: [id] })

const factsOf = (facts: Partial<UnpublishFacts> = {}): UnpublishFacts => ({
  id,
  serverId: ours,
  volume: inUse,
  server: undefined,
  looks: 0,
  request: undefined,
  waitedMillis: 60_000,
  asked: facts.request === undefined ? 0 : 1,
  watchedMillis: undefined,
  goneMillis: 60_000,
  removesStale: false,
  removal: undefined,
  landingMillis: 0,
  ...facts
})
const wordOf = (facts: Partial<UnpublishFacts>) => wordFor(decideUnpublish(factsOf(facts)))
const stateOf = (facts: Partial<UnpublishFacts>) => {
  const verdict = decideUnpublish(factsOf(facts))
  return verdict._tag === "Wait" ? verdict.state : `no wait: ${wordFor(verdict)}`
}
const textOf = (facts: Partial<UnpublishFacts>) => {
  const verdict = decideUnpublish(factsOf(facts))
  return verdict._tag === "Refuse" ? verdict.error.message : wordFor(verdict)
}

// What each state of a volume and of a server means is in the tables of attachmentStates.ts.
describe("unpublishing a volume that Cinder shows attached to the server", () => {
  it("after an accepted request: waits a moment, then asks Nova, then names the guest", () => {
    assert.strictEqual(wordOf({ request: accepted, waitedMillis: 9_999 }), "Wait")
    assert.strictEqual(wordOf({ request: accepted }), "LookAtServer")
    assert.include(textOf({ request: accepted, server: listing }), "gave it up (req-1); the guest")
  })

  it("says in every wait for it under which id Nova logged the request, where that is known", () => {
    const detaching = aVolume({ ...inUse, status: "detaching" })
    const shown = { ...inUse, attachments: [] }
    const waits: ReadonlyArray<Partial<UnpublishFacts>> = [
      { waitedMillis: 0 },
      { volume: detaching },
      { volume: { ...detaching, attachments: [] } },
      { volume: { ...shown, status: "reserved" }, server: aServer({ volumeIds: [id] }) }
    ]
    for (const facts of waits) {
      assert.match(
        stateOf({ ...facts, request: accepted }),
        /^\S+ \(req-1\)(; if that is minutes ago, Nova has lost it|$)/
      )
      assert.notInclude(stateOf({ ...facts, request: { ...accepted, requestId: undefined } }), "(")
    }
    assert.notInclude(stateOf({ volume: detaching }), "(")
  })

  it("after a refused request: watches the server, and asks anew when nothing tells why", () => {
    const watched = { request: refused, watchedMillis: 4_000 }
    assert.strictEqual(wordOf({ request: refused }), "Wait")
    assert.strictEqual(wordOf({ ...watched, server: { ...listing, task: "rebuilding" } }), "Wait")
    assert.include(textOf({ ...watched, server: { ...listing, locked: true } }), "unlock it")
    assert.strictEqual(wordOf({ ...watched, watchedMillis: 3_999, server: listing }), "Wait")
    assert.strictEqual(wordOf({ ...watched, server: listing }), "Detach")
    assert.include(textOf({ ...watched, server: listing, asked: 30 }), "Service is unavailable")
  })

  it("whose server is gone: reports it only after a second look a minute later", () => {
    const gone = { server: "gone", request: notAttached } as const
    assert.strictEqual(wordOf({ ...gone, goneMillis: 0, waitedMillis: 59_999 }), "Wait")
    assert.strictEqual(wordOf({ ...gone, goneMillis: 0, waitedMillis: 60_000 }), "LookAtServer")
    assert.include(textOf({ ...gone, goneMillis: 60_000, waitedMillis: 0 }), "no such server")
  })

  it("whose server is gone: removes the attachment where that was switched on, once, and says what Cinder thinks of it", () => {
    const gone = { server: "gone", request: notAttached, removesStale: true, waitedMillis: 0 } as const
    assert.strictEqual(wordOf({ ...gone, goneMillis: 59_999 }), "Wait")
    assert.strictEqual(wordOf({ ...gone, goneMillis: 60_000 }), "RemoveAttachment")
    assert.strictEqual(wordOf({ ...gone, goneMillis: 60_000, removesStale: false }), "NotReady")
    assert.strictEqual(wordOf({ ...gone, removal: "accepted", waitedMillis: 9_999 }), "Wait")
    assert.strictEqual(wordOf({ ...gone, removal: "accepted", waitedMillis: 10_000 }), "NotReady")
    assert.include(
      textOf({ ...gone, removal: { refused: refused.failure } }),
      "Cinder does not remove it: Service is unavailable"
    )
    assert.notStrictEqual(wordOf({ ...gone, server: listing, goneMillis: 60_000 }), "RemoveAttachment")
  })

  it("while Nova knows nothing of it: leaves it to the cloud", () => {
    assert.include(textOf({ request: notAttached, server: aServer() }), "Nova knows of no attachment")
    assert.include(textOf({ request: notAttached, server: "gone" }), "Nova has no such server")
  })
})

describe("unpublishing a volume that Cinder does not show attached to the server", () => {
  const available = aVolume()

  it.each([
    { what: "Nova was not asked", volume: available, server: undefined, looks: 0, is: "LookAtServer" },
    { what: "Nova has no such server", volume: available, server: "gone", looks: 1, is: "Done" },
    { what: "Nova does not list it", volume: available, server: aServer(), looks: 1, is: "Done" },
    { what: "Nova lists it yet", volume: available, server: listing, looks: 1, is: "LookAtServer" },
    { what: "Nova still lists it after many looks", volume: available, server: listing, looks: 5, is: "NotReady" },
    {
      what: "Nova attaches it right now",
      volume: aVolume({ status: "attaching" }),
      server: listing,
      looks: 1,
      is: "Wait"
    },
    {
      what: "Nova attaches it to another server",
      volume: aVolume({ status: "attaching" }),
      server: aServer(),
      looks: 1,
      is: "Done"
    },
    {
      what: "it is on another server",
      volume: aVolume({ status: "in-use", attachments: [attachmentTo(theirs)] }),
      server: aServer(),
      looks: 1,
      is: "Done"
    },
    {
      what: "Nova does not tell",
      volume: available,
      server: aServer({ volumeIds: undefined }),
      looks: 1,
      is: "NotReady"
    },
    { what: "it is being detached", volume: aVolume({ status: "detaching" }), server: undefined, looks: 0, is: "Wait" },
    { what: "it is gone", volume: undefined, server: undefined, looks: 0, is: "Done" }
  ] as const)("when $what: $is", ({ volume, server, looks, is }) => {
    assert.strictEqual(wordOf({ volume, server, looks }), is)
  })

  it("asks Nova to give up what it holds for a shelved server, and hears why it does not", () => {
    const shelved = { volume: aVolume({ status: "reserved" }), server: { ...listing, status: "SHELVED_OFFLOADED" } }
    assert.strictEqual(wordOf(shelved), "Detach")
    assert.strictEqual(wordOf({ ...shelved, server: { ...shelved.server, task: "unshelving" } }), "Wait")
    assert.strictEqual(wordOf({ ...shelved, server: listing }), "Wait")
    assert.strictEqual(wordOf({ ...shelved, request: accepted }), "Wait")
    const locked = { ...shelved.server, locked: true }
    assert.include(textOf({ ...shelved, server: locked, request: refused, watchedMillis: 0 }), "unlock it")
  })

  it("waits for an attachment of its own that had no answer, unless the server is gone", () => {
    const unanswered = { volume: available, landingMillis: 1 }
    assert.strictEqual(wordOf({ ...unanswered, server: undefined }), "Wait")
    assert.strictEqual(wordOf({ ...unanswered, server: aServer() }), "Wait")
    assert.strictEqual(wordOf({ ...unanswered, server: "gone" }), "Done")
  })
})

describe("every decision about unpublishing", () => {
  it("is done only when Nova and Cinder agree, and asks anew only after a refusal that changed nothing", () => {
    const server = fc.oneof(anyServer, fc.constantFrom("gone" as const, undefined))
    const request = fc.constantFrom<UnpublishFacts["request"]>(undefined, accepted, notAttached, refused)
    const looks = fc.integer({ min: 0, max: 6 })
    fc.assert(
      fc.property(anyVolume, server, request, looks, anyWait, (volume, known, asked, times, waitedMillis) => {
        const verdict = decideUnpublish(factsOf({ volume, server: known, request: asked, looks: times, waitedMillis }))
        if (verdict._tag === "Done") {
          assert.isFalse(isAttachedTo(volume, ours))
          assert.isTrue(known === "gone" || (known !== undefined && known.volumeIds?.includes(volume.id) === false))
        }
        if (verdict._tag === "Do" && verdict.action._tag === "Detach") {
          assert.isTrue(asked === undefined || typeof asked === "object")
        }
      })
    )
  })
})
