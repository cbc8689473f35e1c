import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { accessModes, spansNodes } from "../../../src/domain/Capability.ts"
import { type AttachRequest, readAttachFailure } from "../../../src/domain/decisions/attachRequest.ts"
import { decidePublish, type PublishFacts, publishContextOf } from "../../../src/domain/decisions/publish.ts"
import { CloudFailure, type CloudFailureReason } from "../../../src/domain/errors.ts"
import type { Server } from "../../../src/domain/Server.ts"
import { isAttachedTo } from "../../../src/domain/Volume.ts"
import { anyServer, anyVolume, anyWait, aServer, attachmentTo, aVolume, ours, theirs, wordFor } from "./facts.ts"

const failure = (reason: CloudFailureReason, detail = "text") =>
  new CloudFailure({ service: "Nova", operation: "attach volume", reason, detail, requestId: undefined })

const factsOf = (facts: Partial<PublishFacts> = {}): PublishFacts => ({
  id: aVolume().id,
  serverId: ours,
  volume: aVolume(),
  server: aServer(),
  mode: "SINGLE_NODE_WRITER",
  request: undefined,
  waitedMillis: 60_000,
  asked: facts.request === undefined ? 0 : 1,
  watchedMillis: undefined,
  full: undefined,
  fallBacks: undefined,
  other: "unseen",
  ...facts
})
const wordOf = (facts: Partial<PublishFacts>) => wordFor(decidePublish(factsOf(facts)))

// What each state of a volume and of a server means is in the tables of attachmentStates.ts.
describe("publishing a volume", () => {
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
    assert.strictEqual(wordOf({ volume, request: { _tag: "Accepted", requestId: "req-1" } }), "Wait")
  })

  it("that Nova was asked to attach is waited for with the id of the request, where that is known", () => {
    const stateOf = (facts: Partial<PublishFacts>) => {
      const verdict = decidePublish(factsOf(facts))
      return verdict._tag === "Wait" ? verdict.state : wordFor(verdict)
    }
    const request = { _tag: "Accepted", requestId: "req-1" } as const
    const attaching = aVolume({ status: "attaching" })
    assert.match(stateOf({ volume: attaching, request }), /^attaching \(req-1\); if that is minutes ago/)
    assert.strictEqual(stateOf({ request, waitedMillis: 0 }), "available (req-1)")
    assert.notInclude(stateOf({ volume: attaching, request: { ...request, requestId: undefined } }), "(")
  })

  it("that is gone finds none", () => {
    assert.strictEqual(wordOf({ volume: undefined }), "VolumeNotFound")
  })
})

describe("publishing to a server", () => {
  it("that has the volume is done whatever its state", () => {
    const attached = aVolume({ status: "in-use", attachments: [attachmentTo(ours)] })
    for (const status of ["BUILD", "ERROR", "SUSPENDED", "SHELVED_OFFLOADED"]) {
      assert.strictEqual(wordOf({ server: aServer({ status }), volume: attached }), "Done")
    }
  })

  it("that is shelved and has the volume reserved says so", () => {
    const server = aServer({ status: "SHELVED_OFFLOADED", volumeIds: [aVolume().id] })
    assert.strictEqual(wordOf({ server, volume: aVolume({ status: "reserved" }) }), "NotReady")
  })

  it("that is gone finds none", () => {
    assert.strictEqual(wordOf({ server: "gone" }), "ServerNotFound")
  })

  it("asks in spite of a lock, which does not bind administrators", () => {
    assert.strictEqual(wordOf({ server: aServer({ locked: true }) }), "Attach")
    assert.strictEqual(wordOf({ server: aServer({ locked: undefined }) }), "Attach")
  })

  it("that is known to be full is refused without asking Nova", () => {
    assert.strictEqual(wordOf({ full: "The maximum allowed number of disk devices" }), "NodeFull")
  })
})

describe("a volume that another server has", () => {
  const volume = aVolume({ status: "in-use", attachments: [attachmentTo(theirs)] })
  const says = (other: PublishFacts["other"]) => {
    const verdict = decidePublish(factsOf({ volume, other }))
    return verdict._tag === "Refuse" ? verdict.error.message : wordFor(verdict)
  }
  const there = (state: Partial<Server>) => aServer({ id: theirs, name: "node-2", ...state })

  it("costs a question about that server", () => {
    assert.strictEqual(says(undefined), "LookElsewhere")
  })

  it.each([
    { what: "is shut off", other: there({ status: "SHUTOFF" }), says: "(node-2), which is SHUTOFF" },
    {
      what: "is worked on",
      other: there({ status: "MIGRATING", task: "migrating" }),
      says: "MIGRATING and Nova works on it (migrating)"
    },
    { what: "is suspended", other: there({ status: "SUSPENDED" }), says: "resume it; it is detached when no pod" },
    { what: "is gone", other: "gone", says: "which Nova does not have any more" },
    { what: "is not shown", other: "unseen", says: "server server-2, and its volume type has no multiattach" }
  ] as const)("names it when it $what", (row) => {
    assert.include(says(row.other), row.says)
    assert.include(says(row.other), `server ${theirs}`)
  })
})

describe("after the request to attach", () => {
  const refused = (reason: CloudFailureReason, detail?: string): AttachRequest => ({
    _tag: "Refused",
    failure: failure(reason, detail)
  })

  it.each([
    {
      what: "accepted, a moment ago",
      request: { _tag: "Accepted", requestId: "req-1" },
      waitedMillis: 9_999,
      is: "Wait"
    },
    {
      what: "accepted and given up",
      request: { _tag: "Accepted", requestId: "req-1" },
      waitedMillis: 10_000,
      is: "CountFallBack"
    },
    {
      what: "unanswered, a moment ago",
      request: { _tag: "Unanswered", failure: failure("unanswered") },
      waitedMillis: 0,
      is: "Wait"
    },
    {
      what: "unanswered, within Nova's patience with a compute host",
      request: { _tag: "Unanswered", failure: failure("unanswered") },
      waitedMillis: 59_999,
      is: "Wait"
    },
    {
      what: "unanswered",
      request: { _tag: "Unanswered", failure: failure("unanswered") },
      waitedMillis: 60_000,
      is: "CloudFailure"
    },
    {
      what: "an error of Nova, a moment ago",
      request: { _tag: "Unanswered", failure: failure("unanswered", "Unexpected API Error.") },
      waitedMillis: 9_999,
      is: "Wait"
    },
    {
      what: "an error of Nova",
      request: { _tag: "Unanswered", failure: failure("unanswered", "Unexpected API Error.") },
      waitedMillis: 10_000,
      is: "CloudFailure"
    },
    {
      what: "no answer from the compute host",
      request: { _tag: "Unanswered", failure: failure("unanswered", "Unexpected API Error. MessagingTimeout") },
      waitedMillis: 59_999,
      is: "Wait"
    },
    { what: "refused by a task", request: refused("conflict"), waitedMillis: 0, is: "Wait" },
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

  it("asks anew after a refusal that nothing explains, four seconds later and not for ever", () => {
    const request = refused("conflict")
    assert.strictEqual(wordOf({ request, watchedMillis: 3_999 }), "Wait")
    assert.strictEqual(wordOf({ request, watchedMillis: 4_000 }), "Attach")
    assert.strictEqual(wordOf({ request, watchedMillis: 4_000, asked: 30 }), "NotReady")
    assert.strictEqual(wordOf({ request, watchedMillis: 4_000, server: aServer({ task: "migrating" }) }), "Wait")
    assert.strictEqual(wordOf({ request, watchedMillis: 4_000, server: aServer({ locked: true }) }), "NotReady")
  })

  it("asks anew where an earlier call's answer was lost and nothing has come of it", () => {
    const request = { _tag: "Unanswered", failure: failure("unanswered") } as const
    assert.strictEqual(wordOf({ request, asked: 0, waitedMillis: 59_999 }), "Wait")
    assert.strictEqual(wordOf({ request, asked: 0, waitedMillis: 60_000 }), "Attach")
  })

  it("calls a server full that gave up three attachments in a row", () => {
    const request = { _tag: "Accepted", requestId: undefined } as const
    assert.strictEqual(wordOf({ request, fallBacks: 2 }), "NotReady")
    assert.strictEqual(wordOf({ request, fallBacks: 3 }), "NodeFull")
  })

  it("is never asked again without a refusal that changed nothing", () => {
    const request = fc.constantFrom<AttachRequest>(
      { _tag: "Accepted", requestId: "req-1" },
      { _tag: "Unanswered", failure: failure("unanswered") },
      refused("invalid")
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
