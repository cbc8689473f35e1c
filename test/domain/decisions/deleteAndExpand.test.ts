import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import {
  type DeleteFacts,
  decideDelete,
  failedDeletion,
  refusedDeletion
} from "../../../src/domain/decisions/delete.ts"
import { decideExpand, type ExpandFacts, failedExpansion } from "../../../src/domain/decisions/expand.ts"
import { CloudFailure } from "../../../src/domain/errors.ts"
import { type Volume, volumeStatuses } from "../../../src/domain/Volume.ts"
import { anyVolume, anyWait, aSnapshot, attachmentTo, aVolume, ours, wordFor } from "./facts.ts"

const id = aVolume().id

describe("a deletion", () => {
  const decide = (status: string, request: DeleteFacts["request"], waitedMillis = 60_000) =>
    wordFor(decideDelete({ id, volume: aVolume({ status }), request, waitedMillis }))
  const refused = { refused: "Invalid volume" }

  const afterRefusal: Readonly<Record<(typeof volumeStatuses)[number], string>> = {
    creating: "NotReady",
    downloading: "NotReady",
    "restoring-backup": "NotReady",
    available: "LookForSnapshots",
    reserved: "NotReady",
    attaching: "NotReady",
    "in-use": "Refused",
    detaching: "NotReady",
    extending: "NotReady",
    retyping: "NotReady",
    maintenance: "NotReady",
    uploading: "NotReady",
    "backing-up": "NotReady",
    "awaiting-transfer": "Refused",
    reverting: "NotReady",
    deleting: "Wait",
    error: "LookForSnapshots",
    error_deleting: "Explain",
    error_extending: "LookForSnapshots",
    error_restoring: "LookForSnapshots",
    error_managing: "LookForSnapshots"
  }
  it.each(volumeStatuses)("that Cinder refused while the volume is %s", (status) => {
    assert.strictEqual(decide(status, refused), afterRefusal[status])
  })

  it("is done once the volume is gone", () => {
    assert.strictEqual(wordFor(decideDelete({ id, volume: undefined, request: "accepted", waitedMillis: 0 })), "Done")
  })

  it("that was accepted may show late, and is undone if the volume stays", () => {
    assert.strictEqual(decide("available", "accepted", 9_999), "Wait")
    assert.strictEqual(decide("available", "accepted", 10_000), "Explain")
    assert.strictEqual(decide("deleting", "accepted", 10_000), "Wait")
    assert.strictEqual(decide("error_deleting", "accepted", 0), "Explain")
  })

  it("of an attached volume names where it is", () => {
    const volume = aVolume({ status: "in-use", attachments: [attachmentTo(ours)] })
    const verdict = decideDelete({ id, volume, request: refused, waitedMillis: 0 })
    assert.isTrue(verdict._tag === "Refuse" && verdict.error.message.includes(ours))
  })

  it("names the snapshots in the way, or repeats what Cinder said", () => {
    assert.include(refusedDeletion(id, [aSnapshot()], "x").message, "snapshot-1")
    assert.include(refusedDeletion(id, [], "part of a group").message, "part of a group")
  })

  it("that is stuck is refused, one that was undone may be tried again", () => {
    assert.strictEqual(failedDeletion("volume v", true, undefined)._tag, "Refused")
    assert.strictEqual(failedDeletion("volume v", false, "busy")._tag, "NotReady")
  })

  it("is never done while the volume is there", () => {
    fc.assert(
      fc.property(
        anyVolume,
        fc.constantFrom("accepted" as const, refused),
        anyWait,
        (volume, request, waitedMillis) => {
          assert.notStrictEqual(wordFor(decideDelete({ id, volume, request, waitedMillis })), "Done")
        }
      )
    )
  })
})

describe("an expansion", () => {
  const bounds = { leastGiB: 3, mostGiB: undefined }
  const factsOf = (facts: Partial<ExpandFacts>): ExpandFacts => ({
    id,
    bounds,
    volume: aVolume(),
    request: undefined,
    waitedMillis: 60_000,
    ...facts
  })
  const failure = new CloudFailure({
    service: "Cinder",
    operation: "extend volume",
    reason: "invalid",
    detail: "must be available",
    requestId: undefined
  })

  const beforeRequest: Readonly<Record<(typeof volumeStatuses)[number], string>> = {
    creating: "Wait",
    downloading: "Wait",
    "restoring-backup": "Wait",
    available: "Extend",
    reserved: "Wait",
    attaching: "Wait",
    "in-use": "Extend",
    detaching: "Wait",
    extending: "Wait",
    retyping: "Wait",
    maintenance: "Wait",
    uploading: "Wait",
    "backing-up": "Wait",
    "awaiting-transfer": "NotReady",
    reverting: "Wait",
    deleting: "Refused",
    error: "Explain",
    error_deleting: "Explain",
    error_extending: "Explain",
    error_restoring: "Explain",
    error_managing: "Explain"
  }
  it.each(volumeStatuses)("of a volume that is %s", (status) => {
    assert.strictEqual(wordFor(decideExpand(factsOf({ volume: aVolume({ status }) }))), beforeRequest[status])
  })

  it("asks for the size in GiB and says whether the volume is in use", () => {
    const actionOn = (volume: Volume) => {
      const verdict = decideExpand(factsOf({ volume }))
      return verdict._tag === "Do" ? verdict.action : undefined
    }
    assert.deepStrictEqual(actionOn(aVolume()), { _tag: "Extend", sizeGiB: 3, attached: false })
    assert.deepStrictEqual(actionOn(aVolume({ status: "in-use" })), { _tag: "Extend", sizeGiB: 3, attached: true })
  })

  it.each([
    { what: "to what it has", sizeGiB: 3, mostGiB: undefined, is: "Done" },
    { what: "to less than it has", sizeGiB: 5, mostGiB: undefined, is: "Done" },
    { what: "under a limit that it exceeds", sizeGiB: 5, mostGiB: 4, is: "OutOfRange" }
  ])("$what", ({ sizeGiB, mostGiB, is }) => {
    const facts = factsOf({ volume: aVolume({ sizeGiB }), bounds: { leastGiB: 3, mostGiB } })
    assert.strictEqual(wordFor(decideExpand(facts)), is)
  })

  it("that was accepted may show late, and was dropped if the size stays", () => {
    assert.strictEqual(wordFor(decideExpand(factsOf({ request: "accepted", waitedMillis: 9_999 }))), "Wait")
    assert.strictEqual(wordFor(decideExpand(factsOf({ request: "accepted", waitedMillis: 10_000 }))), "Explain")
  })

  it("that Cinder refused is not asked for again", () => {
    assert.strictEqual(wordFor(decideExpand(factsOf({ request: { refused: failure } }))), "Refused")
  })

  it("of a volume that is gone finds none", () => {
    assert.strictEqual(wordFor(decideExpand(factsOf({ volume: undefined }))), "VolumeNotFound")
  })

  it.each([
    { dropped: true, explanation: undefined, is: "NoCapacity" },
    { dropped: true, explanation: "extend volume:Could not find any available weighted backend.", is: "NoCapacity" },
    { dropped: true, explanation: "Compute service failed to extend volume.", is: "Refused" },
    { dropped: false, explanation: "extend volume:Volume Driver failed to extend volume.", is: "Refused" }
  ])("that failed (dropped: $dropped, $explanation) is $is", ({ dropped, explanation, is }) => {
    assert.strictEqual(failedExpansion(aVolume(), dropped, explanation)._tag, is)
  })

  it("is done only at the size that was asked for", () => {
    const request = fc.constantFrom<ExpandFacts["request"]>(undefined, "accepted", { refused: failure })
    fc.assert(
      fc.property(anyVolume, request, anyWait, (volume, asked, waitedMillis) => {
        const verdict = decideExpand(factsOf({ volume, request: asked, waitedMillis }))
        if (verdict._tag === "Done") assert.isAtLeast(verdict.result.sizeGiB, 3)
        if (verdict._tag === "Do" && verdict.action._tag === "Extend") {
          assert.isTrue(asked === undefined && verdict.action.sizeGiB > volume.sizeGiB)
        }
      })
    )
  })
})
