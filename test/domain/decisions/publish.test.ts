import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { accessModes, spansNodes } from "../../../src/domain/Capability.ts"
import {
  type AttachRequest,
  decidePublish,
  type PublishFacts,
  publishContextOf,
  readAttachFailure
} from "../../../src/domain/decisions/publish.ts"
import { CloudFailure, type CloudFailureReason } from "../../../src/domain/errors.ts"
import { isAttachedTo, volumeStatuses } from "../../../src/domain/Volume.ts"
import { anyServer, anyVolume, anyWait, aServer, attachmentTo, aVolume, ours, theirs, wordFor } from "./facts.ts"

const failure = (reason: CloudFailureReason, detail = "text") =>
  new CloudFailure({ service: "Nova", operation: "attach volume", reason, detail, requestId: undefined })

const factsOf = (facts: Partial<PublishFacts> = {}): PublishFacts => ({
  id: aVolume().id,
  volume: aVolume(),
  server: aServer(),
  mode: "SINGLE_NODE_WRITER",
  request: undefined,
  waitedMillis: 60_000,
  ...facts
})
const wordOf = (facts: Partial<PublishFacts>) => wordFor(decidePublish(factsOf(facts)))

type Verdicts = Readonly<Record<(typeof volumeStatuses)[number], string>>

describe("publishing a volume", () => {
  const detached: Verdicts = {
    creating: "Wait",
    downloading: "Wait",
    "restoring-backup": "Wait",
    available: "Attach",
    reserved: "NotReady",
    attaching: "NotReady",
    "in-use": "Refused",
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
  it.each(volumeStatuses)("that is %s and attached nowhere", (status) => {
    assert.strictEqual(wordOf({ volume: aVolume({ status }) }), detached[status])
  })

  it.each(volumeStatuses)("that is %s and attached to the server", (status) => {
    const volume = aVolume({ status, attachments: [attachmentTo(ours)] })
    assert.strictEqual(wordOf({ volume }), status === "detaching" ? "Wait" : "Done")
  })

  it.each([
    { multiattach: false, mode: "SINGLE_NODE_WRITER", is: "Refused" },
    { multiattach: false, mode: "MULTI_NODE_MULTI_WRITER", is: "Refused" },
    { multiattach: true, mode: "SINGLE_NODE_WRITER", is: "Refused" },
    { multiattach: true, mode: "MULTI_NODE_READER_ONLY", is: "Attach" },
    { multiattach: true, mode: "MULTI_NODE_MULTI_WRITER", is: "Attach" }
  ] as const)("attached elsewhere, multiattach $multiattach, for $mode: $is", ({ multiattach, mode, is }) => {
    const volume = aVolume({ status: "in-use", multiattach, attachments: [attachmentTo(theirs)] })
    const verdict = decidePublish(factsOf({ volume, mode }))
    assert.strictEqual(wordFor(verdict), is)
    assert.isTrue(verdict._tag !== "Refuse" || verdict.error.message.includes(theirs))
  })

  it("that Nova is attaching to this server is waited for", () => {
    const volume = aVolume({ status: "reserved" })
    assert.strictEqual(wordOf({ volume, server: aServer({ volumeIds: [volume.id] }) }), "Wait")
    assert.strictEqual(wordOf({ volume, request: { _tag: "Accepted" } }), "Wait")
  })

  it("that is gone finds none", () => {
    assert.strictEqual(wordOf({ volume: undefined }), "VolumeNotFound")
  })
})

describe("publishing to a server", () => {
  it.each([
    { status: "ACTIVE", is: "Attach" },
    { status: "SHUTOFF", is: "Attach" },
    { status: "PAUSED", is: "Attach" },
    { status: "VERIFY_RESIZE", is: "Attach" },
    { status: "FUTURE", is: "Attach" },
    { status: "BUILD", is: "NotReady" },
    { status: "ERROR", is: "NotReady" },
    { status: "SUSPENDED", is: "NotReady" },
    { status: "RESCUE", is: "NotReady" },
    { status: "SHELVED", is: "NotReady" },
    { status: "SHELVED_OFFLOADED", is: "NotReady" },
    { status: "SOFT_DELETED", is: "NotReady" }
  ])("that is $status", ({ status, is }) => {
    assert.strictEqual(wordOf({ server: aServer({ status }) }), is)
    const attached = aVolume({ status: "in-use", attachments: [attachmentTo(ours)] })
    assert.strictEqual(wordOf({ server: aServer({ status }), volume: attached }), "Done")
  })

  it.each([
    { server: aServer({ task: "migrating" }), says: "migrating" },
    { server: aServer({ locked: true }), says: "unlock it" }
  ])("says $says", ({ server, says }) => {
    const verdict = decidePublish(factsOf({ server }))
    assert.isTrue(
      verdict._tag === "Refuse" && verdict.error._tag === "NotReady" && verdict.error.message.includes(says)
    )
  })

  it("does not mind that Nova does not tell about locks", () => {
    assert.strictEqual(wordOf({ server: aServer({ locked: undefined }) }), "Attach")
  })
})

describe("after the request to attach", () => {
  const refused = (reason: CloudFailureReason, detail?: string): AttachRequest => ({
    _tag: "Refused",
    failure: failure(reason, detail)
  })

  it.each([
    { what: "accepted, a moment ago", request: { _tag: "Accepted" }, waitedMillis: 9_999, is: "Wait" },
    { what: "accepted and given up", request: { _tag: "Accepted" }, waitedMillis: 10_000, is: "NotReady" },
    {
      what: "unanswered, a moment ago",
      request: { _tag: "Unanswered", failure: failure("unanswered") },
      waitedMillis: 0,
      is: "Wait"
    },
    {
      what: "unanswered",
      request: { _tag: "Unanswered", failure: failure("unanswered") },
      waitedMillis: 10_000,
      is: "CloudFailure"
    },
    { what: "refused by a task", request: refused("conflict"), waitedMillis: 0, is: "NotReady" },
    {
      what: "already attached, says Nova",
      request: refused("invalid", "volume v is already attached to instances: x"),
      waitedMillis: 0,
      is: "NotReady"
    },
    {
      what: "refused by Cinder's state",
      request: refused("invalid", "status must be available or downloading to reserve"),
      waitedMillis: 0,
      is: "NotReady"
    },
    {
      what: "refused for good",
      request: refused("invalid", "not in the same availability_zone"),
      waitedMillis: 0,
      is: "Refused"
    }
  ] as const)("$what: $is", ({ request, waitedMillis, is }) => {
    assert.strictEqual(wordOf({ request, waitedMillis }), is)
  })

  it("is never asked again", () => {
    const request = fc.constantFrom<AttachRequest>(
      { _tag: "Accepted" },
      { _tag: "Unanswered", failure: failure("unanswered") },
      refused("conflict")
    )
    fc.assert(
      fc.property(anyVolume, anyServer, request, anyWait, (volume, server, asked, waitedMillis) => {
        assert.notStrictEqual(wordOf({ volume, server, request: asked, waitedMillis }), "Attach")
      })
    )
  })

  it.each([
    { reason: "unanswered", is: "Unanswered" },
    { reason: "invalid", is: "Refused" },
    { reason: "conflict", is: "Refused" },
    { reason: "forbidden", is: undefined },
    { reason: "unreachable", is: undefined },
    { reason: "throttled", is: undefined }
  ] as const)("$reason is $is", ({ reason, is }) => {
    assert.strictEqual(readAttachFailure(failure(reason))?._tag, is)
  })
})

describe("every decision about publishing", () => {
  it("is done only with the attachment in sight, and never joins a volume to a second server unasked", () => {
    fc.assert(
      fc.property(anyVolume, anyServer, fc.constantFrom(...accessModes), (volume, server, mode) => {
        const verdict = decidePublish(factsOf({ volume, server, mode }))
        if (verdict._tag === "Done") assert.isTrue(isAttachedTo(verdict.result, server.id))
        if (verdict._tag === "Do" && verdict.action._tag === "Attach" && volume.status !== "available") {
          assert.isTrue(volume.status === "in-use" && volume.multiattach && spansNodes(mode))
        }
      })
    )
  })
})

describe("the publish context", () => {
  it("holds the device of this server's attachment and the size", () => {
    const attachments = [{ ...attachmentTo(theirs), device: "/dev/vdx" }, attachmentTo(ours)]
    assert.deepStrictEqual(publishContextOf(aVolume({ attachments, sizeGiB: 3 }), aServer()), {
      DevicePath: "/dev/vdb",
      "cinder.csi.openstack.org/sizeBytes": "3221225472"
    })
  })
})
