import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { decideUnpublish, type UnpublishFacts } from "../../../src/domain/decisions/unpublish.ts"
import { CloudFailure } from "../../../src/domain/errors.ts"
import { isAttachedTo, volumeStatuses } from "../../../src/domain/Volume.ts"
import { anyServer, anyVolume, anyWait, aServer, attachmentTo, aVolume, ours, theirs, wordFor } from "./facts.ts"

const id = aVolume().id
const refused = {
  refused: new CloudFailure({
    service: "Nova",
    operation: "detach volume",
    reason: "conflict",
    detail: "Service is unavailable at this time.",
    requestId: undefined
  })
}

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
  ...facts
})
const wordOf = (facts: Partial<UnpublishFacts>) => wordFor(decideUnpublish(factsOf(facts)))
const textOf = (facts: Partial<UnpublishFacts>) => {
  const verdict = decideUnpublish(factsOf(facts))
  return verdict._tag === "Refuse" ? verdict.error.message : wordFor(verdict)
}

type Verdicts = Readonly<Record<(typeof volumeStatuses)[number], string>>

describe("unpublishing a volume that Cinder shows attached to the server", () => {
  const verdicts: Verdicts = {
    creating: "Wait",
    downloading: "Wait",
    "restoring-backup": "Wait",
    available: "Detach",
    reserved: "Wait",
    attaching: "Wait",
    "in-use": "Detach",
    detaching: "Wait",
    extending: "Wait",
    retyping: "Wait",
    maintenance: "Wait",
    uploading: "Wait",
    "backing-up": "Wait",
    "awaiting-transfer": "Detach",
    reverting: "Wait",
    deleting: "Wait",
    error: "Explain",
    error_deleting: "Explain",
    error_extending: "Explain",
    error_restoring: "Explain",
    error_managing: "Explain"
  }
  it.each(volumeStatuses)("and that is %s", (status) => {
    assert.strictEqual(wordOf({ volume: aVolume({ status, attachments: [attachmentTo(ours)] }) }), verdicts[status])
  })

  it.each([
    { status: "ACTIVE", is: "Detach" },
    { status: "SHUTOFF", is: "Detach" },
    { status: "VERIFY_RESIZE", is: "Detach" },
    { status: "SHELVED_OFFLOADED", is: "Detach" },
    { status: "SOFT_DELETED", is: "Detach" },
    { status: "FUTURE", is: "Detach" },
    { status: "PAUSED", is: "NotReady" },
    { status: "BUILD", is: "NotReady" },
    { status: "ERROR", is: "NotReady" },
    { status: "SUSPENDED", is: "NotReady" },
    { status: "RESCUE", is: "NotReady" }
  ])("and whose server is known to be $status", ({ status, is }) => {
    assert.strictEqual(wordOf({ server: { ...listing, status } }), is)
  })

  it("after an accepted request: waits a moment, then asks Nova, then names the guest", () => {
    assert.strictEqual(wordOf({ request: "accepted", waitedMillis: 9_999 }), "Wait")
    assert.strictEqual(wordOf({ request: "accepted" }), "LookAtServer")
    assert.include(textOf({ request: "accepted", server: listing }), "guest")
  })

  it("after a refused request: asks Nova for the state, else repeats what it said", () => {
    assert.strictEqual(wordOf({ request: refused }), "LookAtServer")
    assert.include(textOf({ request: refused, server: { ...listing, task: "rebuilding" } }), "rebuilding")
    assert.include(textOf({ request: refused, server: { ...listing, locked: true } }), "unlock it")
    assert.include(textOf({ request: refused, server: listing }), "Service is unavailable")
  })

  it("while Nova knows nothing of it: leaves it to the cloud", () => {
    assert.include(textOf({ request: "notAttached", server: aServer() }), "Nova knows of no attachment")
    assert.include(textOf({ request: "notAttached", server: "gone" }), "Nova has no such server")
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
    { what: "it is being detached", volume: aVolume({ status: "detaching" }), server: undefined, looks: 0, is: "Wait" },
    { what: "it is gone", volume: undefined, server: undefined, looks: 0, is: "Done" }
  ] as const)("when $what: $is", ({ volume, server, looks, is }) => {
    assert.strictEqual(wordOf({ volume, server, looks }), is)
  })
})

describe("every decision about unpublishing", () => {
  it("is done only when Nova and Cinder agree, and asks to detach at most once", () => {
    const server = fc.oneof(anyServer, fc.constantFrom("gone" as const, undefined))
    const request = fc.constantFrom<UnpublishFacts["request"]>(undefined, "accepted", "notAttached", refused)
    const looks = fc.integer({ min: 0, max: 6 })
    fc.assert(
      fc.property(anyVolume, server, request, looks, anyWait, (volume, known, asked, times, waitedMillis) => {
        const verdict = decideUnpublish(factsOf({ volume, server: known, request: asked, looks: times, waitedMillis }))
        if (verdict._tag === "Done") {
          assert.isFalse(isAttachedTo(volume, ours))
          assert.isTrue(known === "gone" || (known !== undefined && !known.volumeIds.includes(volume.id)))
        }
        if (verdict._tag === "Do" && verdict.action._tag === "Detach") assert.isUndefined(asked)
      })
    )
  })
})
