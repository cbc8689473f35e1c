import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import fc from "fast-check"
import { buried, type CreateFacts, decideCreate, movedOn, seenAgain } from "../../../src/domain/decisions/create.ts"
import { readCreateRefusal } from "../../../src/domain/decisions/createRefusal.ts"
import { differenceOf, planVolume } from "../../../src/domain/decisions/plan.ts"
import { judgeSnapshotSource, judgeVolumeSource } from "../../../src/domain/decisions/source.ts"
import { CloudFailure, type CloudFailureReason } from "../../../src/domain/errors.ts"
import { SnapshotId, snapshotStatuses } from "../../../src/domain/Snapshot.ts"
import { zoneKey } from "../../../src/domain/Topology.ts"
import { VolumeId, volumeStatuses } from "../../../src/domain/Volume.ts"
import type { ProvisionRequest } from "../../../src/domain/VolumeProvisioning.ts"
import { blockOn, controllerOptions, provisionRequest } from "../../support/controllerOnWorld.ts"
import { anyVolume, aSnapshot, attachmentTo, aVolume, ours, wordFor } from "./facts.ts"

const planOf = (request: Partial<ProvisionRequest> = {}) =>
  Either.getOrThrow(planVolume(provisionRequest(request), controllerOptions))

const inZones = (...zones: ReadonlyArray<string>) => ({
  topology: {
    preferred: zones.map((zone) => ({ [zoneKey]: zone })),
    requisite: zones.map((zone) => ({ [zoneKey]: zone }))
  }
})

const factsOf = (facts: Partial<CreateFacts> = {}): CreateFacts => ({
  plan: planOf(),
  cluster: "k8s",
  named: [],
  fresh: undefined,
  watched: [],
  setbacks: [],
  zones: undefined,
  vanished: false,
  ...facts
})

describe("one volume of the name", () => {
  const verdicts: Readonly<Record<(typeof volumeStatuses)[number], string>> = {
    creating: "Wait",
    downloading: "Wait",
    "restoring-backup": "Wait",
    available: "Done",
    reserved: "Done",
    attaching: "Done",
    "in-use": "Done",
    detaching: "Done",
    extending: "Done",
    retyping: "Done",
    maintenance: "Done",
    uploading: "Done",
    "backing-up": "Done",
    "awaiting-transfer": "Done",
    reverting: "Done",
    deleting: "Wait",
    error: "Bury",
    error_deleting: "Create",
    error_extending: "Explain",
    error_restoring: "Bury",
    error_managing: "Explain"
  }
  it.each(volumeStatuses)("that is %s", (status) => {
    assert.strictEqual(wordFor(decideCreate(factsOf({ named: [aVolume({ status })] }))), verdicts[status])
  })

  it("in a state that no release has is waited for", () => {
    assert.strictEqual(wordFor(decideCreate(factsOf({ named: [aVolume({ status: "thawing" })] }))), "Wait")
  })

  it.each([
    { what: "is of another size", volume: { sizeGiB: 2 } },
    { what: "is of another type", volume: { volumeType: "slow" } },
    { what: "is in another zone", volume: { zone: "az2" } },
    { what: "was copied", volume: { source: { _tag: "volume" as const, id: VolumeId("v") } } }
  ])("that $what is in the way", ({ volume }) => {
    const plan = planOf({ parameters: { type: "fast", availability: "nova" } })
    assert.strictEqual(wordFor(decideCreate(factsOf({ plan, named: [aVolume(volume)] }))), "AlreadyExists")
  })

  it.each([
    { what: "by the type's id", parameters: { type: "0d3b5ae2-8a8c-4a6e-9a3c-2f6b9a5c1c11" } },
    { what: "by the type's name in another case", parameters: { type: "FAST" } },
    { what: "without a type", parameters: {} }
  ])("fits when it is asked for $what", ({ parameters }) => {
    assert.isUndefined(differenceOf(planOf({ parameters }), aVolume()))
  })

  it("with our mark is not ours to delete while it is attached, nor without the mark", () => {
    const attached = aVolume({ status: "error", attachments: [attachmentTo(ours)] })
    const unmarked = aVolume({ status: "error", metadata: {} })
    const elsewhere = aVolume({ status: "error", metadata: { "cinder.csi.openstack.org/cluster": "other" } })
    for (const volume of [attached, unmarked, elsewhere]) {
      assert.strictEqual(wordFor(decideCreate(factsOf({ named: [volume] }))), "Explain")
    }
  })
})

describe("several volumes of the name", () => {
  const id = (text: string) => ({ id: VolumeId(text) })

  it.each([
    {
      what: "the oldest that fits is adopted",
      named: [aVolume({ sizeGiB: 9 }), aVolume(id("b")), aVolume(id("c"))],
      is: "b"
    },
    {
      what: "the oldest that fits is waited for, so that every repetition gives the same",
      named: [aVolume({ ...id("a"), status: "creating" }), aVolume(id("b"))],
      is: "Wait"
    },
    {
      what: "one that fits counts more than remains",
      named: [aVolume({ status: "error" }), aVolume(id("b"))],
      is: "b"
    },
    {
      what: "one that differs counts more than remains",
      named: [aVolume({ status: "error" }), aVolume({ ...id("b"), sizeGiB: 9 })],
      is: "AlreadyExists"
    },
    {
      what: "remains go before a wait",
      named: [aVolume({ status: "deleting" }), aVolume({ ...id("b"), status: "error" })],
      is: "Bury"
    },
    { what: "what nobody can delete is passed over", named: [aVolume({ status: "error_deleting" })], is: "Create" }
  ])("$what", ({ named, is }) => {
    const verdict = decideCreate(factsOf({ named }))
    assert.strictEqual(verdict._tag === "Done" ? verdict.result.id : wordFor(verdict), is)
  })
})

describe("the next zone", () => {
  const noRoom = "Could not find any available weighted backend."
  const plan = planOf(inZones("a", "b"))
  const failed = (zone: string, earlier = false, detail: string | undefined = noRoom) =>
    ({ zone, kind: "failed", detail, earlier }) as const
  const next = (facts: Partial<CreateFacts>) => {
    const verdict = decideCreate(factsOf({ plan, ...facts }))
    return verdict._tag === "Do" && verdict.action._tag === "Create" ? verdict.action.zone : wordFor(verdict)
  }

  it.each([
    { what: "is the first", setbacks: [], is: "a" },
    { what: "is the second once the first failed", setbacks: [failed("a")], is: "b" },
    { what: "does not exist once all failed", setbacks: [failed("a"), failed("b")], is: "NoCapacity" },
    { what: "is one without an earlier failure", setbacks: [failed("a", true)], is: "b" },
    {
      what: "is one whose failure is old when the others failed now",
      setbacks: [failed("a", true), failed("b")],
      is: "a"
    },
    {
      what: "does not exist for want of a reason either",
      setbacks: [failed("a", false, "Driver failed"), failed("b", false, "x")],
      is: "Refused"
    }
  ])("$what", ({ setbacks, is }) => {
    assert.strictEqual(next({ setbacks }), is)
  })

  it("is none of those that Cinder does not know", () => {
    const refused = ["a", "b"].map(
      (zone) => ({ zone, kind: "refused", detail: "Availability zone is invalid", earlier: false }) as const
    )
    assert.strictEqual(next({ setbacks: refused }), "AskZones")
    const verdict = decideCreate(factsOf({ plan, setbacks: refused, zones: ["nova", "az2"] }))
    assert.isTrue(verdict._tag === "Refuse" && verdict.error._tag === "InvalidInput")
    assert.isTrue(verdict._tag === "Refuse" && verdict.error.message.includes("Cinder's zones are nova, az2"))
    assert.strictEqual(next({ setbacks: refused, zones: [] }), "InvalidInput")
  })

  it("is the one behind a label, before the next label, once Cinder's zones are known", () => {
    const labels = planOf(inZones("my-zone", "b"))
    const refused = [{ zone: "my-zone", kind: "refused", detail: "invalid", earlier: false } as const]
    assert.strictEqual(next({ plan: labels, setbacks: [] }), "my-zone")
    assert.strictEqual(next({ plan: labels, setbacks: refused }), "AskZones")
    assert.strictEqual(next({ plan: labels, setbacks: refused, zones: ["my zone", "b"] }), "my zone")
    assert.strictEqual(next({ plan: labels, setbacks: [], zones: ["my zone", "b"] }), "my zone")
  })
})

describe("a volume that this call made", () => {
  const fresh = { id: aVolume().id, zone: undefined }
  const severalNodes = planOf({ capabilities: [blockOn("MULTI_NODE_MULTI_WRITER")] })

  it("is waited for and then discarded if it does not serve several nodes", () => {
    const facts = (status: string) => factsOf({ plan: severalNodes, fresh, named: [aVolume({ status })] })
    assert.strictEqual(wordFor(decideCreate(facts("creating"))), "Wait")
    const verdict = decideCreate(facts("available"))
    assert.isTrue(
      verdict._tag === "Do" && verdict.action._tag === "Discard" && verdict.action.error._tag === "InvalidInput"
    )
  })

  it("makes room for the next zone if Cinder put it where it must not be", () => {
    const facts = (status: string) => {
      const named = [aVolume({ zone: "nova", status })]
      return factsOf({ plan: planOf(inZones("a", "b")), fresh: { ...fresh, zone: "a" }, named })
    }
    assert.strictEqual(wordFor(decideCreate(facts("creating"))), "Wait")
    assert.strictEqual(wordFor(decideCreate(facts("available"))), "MoveOn")
    const after = movedOn(facts("available"), aVolume({ zone: "nova" }))
    assert.deepStrictEqual(after.setbacks, [{ zone: "a", kind: "elsewhere", detail: "made in nova", earlier: false }])
    const next = decideCreate({ ...after, zones: ["nova"] })
    assert.isTrue(next._tag === "Do" && next.action._tag === "Create" && next.action.zone === "b")
  })

  it("is asked for in vain if Cinder puts it elsewhere from every zone", () => {
    const setbacks = [{ zone: "a", kind: "elsewhere", detail: "made in nova", earlier: false } as const]
    const verdict = decideCreate(factsOf({ plan: planOf(inZones("a")), setbacks, zones: ["nova"] }))
    assert.isTrue(verdict._tag === "Refuse" && verdict.error._tag === "Refused")
  })

  it("in another zone is nobody's to delete when an earlier call made it", () => {
    const facts = factsOf({ plan: planOf(inZones("a")), named: [aVolume({ zone: "nova" })] })
    assert.strictEqual(wordFor(decideCreate(facts)), "AlreadyExists")
  })

  it("counts against the zone that was asked for when it fails", () => {
    const facts = buried(
      factsOf({ fresh: { ...fresh, zone: "a" }, named: [aVolume({ zone: "b" })] }),
      aVolume({ zone: "b" }),
      "x"
    )
    assert.deepStrictEqual(facts.setbacks, [{ zone: "a", kind: "failed", detail: "x", earlier: false }])
    assert.deepStrictEqual([facts.named, facts.fresh], [[], undefined])
  })
})

describe("a volume that was seen again", () => {
  it("is lost if it vanished while it was made, and gone if it was being deleted", () => {
    const look = (status: string) => {
      const volume = aVolume({ status })
      return wordFor(decideCreate(seenAgain(factsOf({ named: [volume] }), volume.id, undefined)))
    }
    assert.strictEqual(look("creating"), "NotReady")
    assert.strictEqual(look("deleting"), "Create")
  })

  it("counts as failed under our eyes, not earlier", () => {
    const volume = aVolume({ status: "error" })
    const seen = seenAgain(factsOf({ named: [aVolume({ status: "creating" })] }), volume.id, volume)
    assert.isFalse(buried(seen, volume, undefined).setbacks[0]?.earlier)
    assert.isTrue(buried(factsOf({ named: [volume] }), volume, undefined).setbacks[0]?.earlier)
  })
})

describe("every decision about a creation", () => {
  it("adopts only what fits, buries only its own failures and is never at a loss", () => {
    fc.assert(
      fc.property(fc.array(anyVolume, { maxLength: 3 }), fc.boolean(), (volumes, isFresh) => {
        const named = volumes.map((volume, position) => ({ ...volume, id: VolumeId(`v${position}`) }))
        const facts = factsOf({ named, fresh: isFresh ? { id: VolumeId("v0"), zone: undefined } : undefined })
        const verdict = decideCreate(facts)
        if (verdict._tag === "Done") assert.isUndefined(differenceOf(facts.plan, verdict.result))
        if (verdict._tag !== "Do") return
        const { action } = verdict
        if (action._tag === "Discard" || action._tag === "MoveOn") {
          assert.isTrue(isFresh && action.volume.id === "v0")
        }
        if (action._tag !== "Bury") return
        assert.include(["error", "error_restoring"], action.remains.status)
        assert.deepStrictEqual(action.remains.attachments, [])
        assert.strictEqual(action.remains.metadata["cinder.csi.openstack.org/cluster"], "k8s")
      })
    )
  })
})

describe("a refused creation", () => {
  const failure = (reason: CloudFailureReason, detail: string) =>
    new CloudFailure({ service: "Cinder", operation: "create volume", reason, detail, requestId: undefined })
  const snapshot = { source: { _tag: "snapshot", id: SnapshotId("s") } } as const
  const volume = { source: { _tag: "volume", id: VolumeId("v") } } as const

  it.each([
    { reason: "invalid", detail: "Availability zone 'x' is invalid.", request: {}, is: "OtherZone" },
    {
      reason: "invalid",
      detail: "Volume must be in the same availability zone as the snapshot",
      request: snapshot,
      is: "OtherZone"
    },
    { reason: "notFound", detail: "Volume type with name gold could not be found.", request: {}, is: "InvalidInput" },
    { reason: "invalid", detail: "Invalid volume_type provided: x", request: volume, is: "InvalidInput" },
    { reason: "notFound", detail: "Volume type with name zone-1 could not be found.", request: {}, is: "InvalidInput" },
    { reason: "notFound", detail: "Snapshot s could not be found.", request: snapshot, is: "SnapshotNotFound" },
    { reason: "notFound", detail: "Volume v could not be found.", request: volume, is: "VolumeNotFound" },
    {
      reason: "invalid",
      detail: "Volume size '1'GB cannot be smaller than the snapshot size 3GB.",
      request: snapshot,
      is: "OutOfRange"
    },
    { reason: "invalid", detail: "No.", request: {}, is: "Refused" },
    { reason: "forbidden", detail: "Policy forbids a zone", request: {}, is: "CloudFailure" },
    { reason: "unreachable", detail: "no connection", request: {}, is: "CloudFailure" }
  ] as const)("$reason: $detail", ({ reason, detail, request, is }) => {
    const refusal = readCreateRefusal(failure(reason, detail), planOf(request))
    assert.strictEqual(refusal._tag === "Final" ? refusal.error._tag : refusal._tag, is)
  })
})

describe("a source", () => {
  const word = <A>(judged: Either.Either<A, { readonly _tag: string }>) =>
    Either.match(judged, { onLeft: ({ _tag }) => _tag, onRight: () => "fine" })

  it.each(volumeStatuses)("volume that is %s", (status) => {
    const fine = ["available", "in-use"].includes(status)
    const broken = status.startsWith("error") || status === "deleting"
    assert.strictEqual(word(judgeVolumeSource(aVolume({ status }))), fine ? "fine" : broken ? "Refused" : "NotReady")
  })

  it.each(snapshotStatuses)("snapshot that is %s", (status) => {
    const broken = status.startsWith("error") || status === "deleting" || status === "unmanaging"
    const expected = status === "available" ? "fine" : broken ? "Refused" : "NotReady"
    assert.strictEqual(word(judgeSnapshotSource(aSnapshot({ status }))), expected)
  })
})
