import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { type ClusterNode, outOfServiceTaint, ownTaintValue } from "../../../src/domain/ClusterNode.ts"
import { decideFailover, type FailoverFacts, type Reading } from "../../../src/domain/decisions/failover.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import type { Power, ServerEvidence } from "../../../src/domain/ServerEvidence.ts"
import { factsOf, lostNode, lostSince, off, readingOf, rules, running, server } from "../../support/failover.ts"

const stopping = { ...rules, stopServers: true }

/** The verdict in a word, with the reason where there is one. */
const wordOf = (facts: FailoverFacts, by = rules): string => {
  const verdict = decideFailover(facts, by)
  return verdict._tag === "Explain" ? verdict.reason : verdict._tag
}

const ownTaint = { key: outOfServiceTaint, value: ownTaintValue, effect: "NoExecute" }
const marked: ClusterNode = {
  ...lostNode,
  taints: [...lostNode.taints, ownTaint],
  mark: { serverId: server, bootId: "boot-1" }
}
const back: ClusterNode = { ...marked, ready: "True", bootId: "boot-2" }

describe("a node whose server is off", () => {
  it("is tainted when two readings at the distance say so, with the boot that ended", () => {
    assert.deepStrictEqual(decideFailover(factsOf(off), rules), {
      _tag: "Taint",
      mark: { serverId: server, bootId: "boot-1" },
      proof: { _tag: "Off", moved: false }
    })
  })

  it("is said to have moved where its host is another one since it was missed", () => {
    const verdict = decideFailover(factsOf(off, { hostAtFirst: "host-before" }), rules)
    assert.deepStrictEqual(verdict._tag === "Taint" ? verdict.proof : verdict, { _tag: "Off", moved: true })
  })

  it("is read a second time first, a little later than the first time", () => {
    const now = lostSince + 120_000
    const once = factsOf(off, { first: undefined })
    assert.deepStrictEqual(decideFailover(once, rules), { _tag: "Wait", first: once.reading })
    const first = readingOf(off, now - 29_999)
    assert.deepStrictEqual(decideFailover(factsOf(off, { first }), rules), { _tag: "Wait", first })
    assert.strictEqual(wordOf(factsOf(off, { first: readingOf(off, now - 30_000) })), "Taint")
    const slow = { ...readingOf(off, now), askedAt: now - 1 }
    assert.strictEqual(wordOf(factsOf(off, { reading: slow, first: readingOf(off, now - 30_000) })), "Wait")
  })

  it("is read anew where the first reading was another one", () => {
    const at = lostSince + 90_000
    const others: ReadonlyArray<Reading> = [
      readingOf(running, at),
      readingOf("unseen", at),
      readingOf("gone", at),
      readingOf({ ...off, updatedAt: 501 }, at),
      readingOf({ ...off, hostId: "host-b" }, at),
      readingOf({ ...off, hostStatus: "UP" }, at),
      readingOf({ ...off, task: "powering-on" }, at),
      readingOf({ ...off, power: "running" }, at),
      readingOf({ ...off, locked: true }, at),
      { ...readingOf(off, at), lostSince: lostSince - 1 },
      { ...readingOf(off, at), bootId: "boot-0" }
    ]
    for (const first of others) {
      const facts = factsOf(off, { first })
      assert.deepStrictEqual(decideFailover(facts, rules), { _tag: "Wait", first: facts.reading })
    }
  })

  it("may be on a host that the cloud shows to be up", () => {
    assert.strictEqual(wordOf(factsOf({ ...off, hostStatus: "UP" })), "Taint")
  })
})

describe("a node is left alone", () => {
  it.each<readonly [string, Partial<ClusterNode>]>([
    ["while kubelet answers", { ready: "True" }],
    ["while kubelet says that it is not ready", { ready: "False" }],
    ["without the condition", { ready: undefined }],
    ["when it is not known since when it is missed", { readySince: undefined }],
    ["before it was missed for long enough", { readySince: lostSince + 60_001 }],
    ["when it is missed since a time that has not come", { readySince: lostSince + 900_000 }],
    ["without a volume of this driver", { volumes: [] }],
    ["with a taint that somebody else put there", { taints: [{ ...ownTaint, value: "nodeshutdown" }] }],
    ["with the assistant's taint, until it is back", marked]
  ])("%s", (_, change) => {
    assert.strictEqual(wordOf(factsOf(off, { node: { ...lostNode, ...change } })), "Nothing")
    assert.strictEqual(wordOf(factsOf(running, { node: { ...lostNode, ...change } }), stopping), "Nothing")
  })

  it("while Nova does not answer", () => {
    assert.strictEqual(wordOf(factsOf("unseen")), "Nothing")
    assert.strictEqual(wordOf(factsOf("unseen"), stopping), "Nothing")
  })
})

describe("what does not show that a guest is off is explained", () => {
  it.each<readonly [string, Partial<ServerEvidence>, string]>([
    ["it runs", running, "ServerRuns"],
    ["it is being stopped", { ...running, task: "powering-off" }, "ServerBusy"],
    ["it is being evacuated", { ...off, task: "rebuilding" }, "ServerBusy"],
    ["it is off and being started", { task: "powering-on" }, "ServerBusy"],
    ["it is off on a host that may be dead", { hostStatus: "UNKNOWN" }, "HostDown"],
    ["it is off on a host that was declared dead", { hostStatus: "DOWN" }, "HostDown"],
    ["it is off on a host whose service is disabled", { hostStatus: "MAINTENANCE" }, "HostDown"],
    ["it is off on no host", { hostStatus: "" }, "HostDown"],
    ["it runs on a host that may be dead", { ...running, hostStatus: "UNKNOWN" }, "HostDown"],
    ["it is off and its hypervisor runs it", { power: "running" }, "ServerUnclear"],
    ["it is off and nobody asked the hypervisor", { power: "none" }, "ServerUnclear"],
    ["it is off and its power is not told", { power: "untold" }, "ServerUnclear"],
    ["it is paused", { status: "PAUSED", power: "paused" }, "ServerUnclear"],
    ["it is suspended", { status: "SUSPENDED", power: "suspended" }, "ServerUnclear"],
    ["it failed", { status: "ERROR", power: "none" }, "ServerUnclear"],
    ["it was shelved", { status: "SHELVED_OFFLOADED" }, "ServerUnclear"],
    ["its cell does not answer", { status: "UNKNOWN" }, "ServerUnclear"]
  ])("%s", (_, change, reason) => {
    assert.strictEqual(wordOf(factsOf({ ...off, ...change })), reason)
    if (change !== running) assert.strictEqual(wordOf(factsOf({ ...off, ...change }), stopping), reason)
  })

  it("a server that is deleted needs no taint", () => {
    assert.strictEqual(wordOf(factsOf("gone")), "ServerGone")
  })

  it("a host that is down without an evacuation names who must act", () => {
    const verdict = decideFailover(factsOf({ ...running, hostStatus: "DOWN" }), rules)
    assert.include(verdict._tag === "Explain" ? verdict.note : "", "to evacuate or delete the server")
  })

  it("a node of which nobody says which server it is", () => {
    assert.strictEqual(wordOf(factsOf("unseen", { server: undefined })), "ServerUnknown")
    assert.strictEqual(wordOf(factsOf(off, { server: undefined }), stopping), "ServerUnknown")
    const idle = { ...lostNode, volumes: [] }
    assert.strictEqual(wordOf(factsOf("unseen", { server: undefined, node: idle })), "Nothing")
  })

  it("a node that is another server for the cloud controller manager", () => {
    const node = { ...lostNode, providerServer: ServerId("22222222-2222-4222-8222-222222222222") }
    assert.strictEqual(wordOf(factsOf(off, { node })), "ServerUnclear")
  })

  it("a node whose providerID names no server is taken by its driver's word", () => {
    assert.strictEqual(wordOf(factsOf(off, { node: { ...lostNode, providerServer: undefined } })), "Taint")
  })
})

describe("a server that runs", () => {
  it("is stopped where that is wanted, after two readings", () => {
    assert.deepStrictEqual(decideFailover(factsOf(running), stopping), { _tag: "Stop", server })
    assert.strictEqual(wordOf(factsOf(running, { first: undefined }), stopping), "Wait")
  })

  it("is asked once", () => {
    assert.strictEqual(wordOf(factsOf(running, { stopAsked: true }), stopping), "StopNotDone")
  })

  it("is not stopped while it is locked or its power is not known", () => {
    const locked = { ...running, locked: true }
    assert.strictEqual(wordOf(factsOf(locked), stopping), "ServerLocked")
    assert.strictEqual(wordOf(factsOf({ ...running, power: "none" }), stopping), "ServerUnclear")
  })

  it("is not stopped where it is of the control plane", () => {
    const node = { ...lostNode, isControlPlane: true }
    assert.strictEqual(wordOf(factsOf(running, { node }), stopping), "ControlPlaneRuns")
    assert.strictEqual(wordOf(factsOf(off, { node }), stopping), "Taint")
  })

  it.each([
    [1, 1, "TooManyNodesLost"],
    [2, 1, "Stop"],
    [2, 2, "TooManyNodesLost"],
    [9, 3, "Stop"],
    [9, 4, "TooManyNodesLost"]
  ])("of %i nodes with %i missed: %3$s", (nodes, lost, word) => {
    assert.strictEqual(wordOf(factsOf(running, { cluster: { nodes, lost } }), stopping), word)
  })
})

describe.each(["True", "False"] as const)("the assistant's taint on a node whose kubelet says %s", (ready) => {
  it("goes when it tells another boot, since it may be what keeps the node from being Ready", () => {
    assert.strictEqual(wordOf(factsOf(running, { node: { ...back, ready } })), "RemoveTaint")
  })

  it.each<readonly [string, Partial<ClusterNode>]>([
    ["the boot is the one that ended", { bootId: "boot-1" }],
    ["no boot is told", { bootId: "" }],
    ["it is not noted which boot ended", { mark: undefined }],
    ["none was told when it ended", { mark: { serverId: server, bootId: "" } }]
  ])("stays when %s", (_, change) => {
    assert.strictEqual(wordOf(factsOf(running, { node: { ...back, ready, ...change } })), "SameBoot")
  })
})

describe("the assistant's taint", () => {
  it("stays while kubelet is not heard of, whatever its boot", () => {
    for (const ready of ["Unknown", undefined] as const) {
      assert.strictEqual(wordOf(factsOf(running, { node: { ...back, ready } })), "Nothing")
    }
  })

  it("of a person is never taken away", () => {
    const node = { ...back, taints: [{ ...ownTaint, value: "nodeshutdown" }] }
    assert.strictEqual(wordOf(factsOf(running, { node })), "Nothing")
  })
})

const anyPower = fc.constantFrom<Power>("off", "off", "off", "none", "running", "crashed", "untold")
const anyEvidence: fc.Arbitrary<ServerEvidence> = fc.record({
  status: fc.constantFrom("SHUTOFF", "SHUTOFF", "SHUTOFF", "ACTIVE", "ERROR", "PAUSED"),
  task: fc.constantFrom(undefined, undefined, undefined, "powering-off", "rebuilding"),
  power: anyPower,
  locked: fc.boolean(),
  hostId: fc.constantFrom("host-a", "host-a", "host-b", ""),
  hostStatus: fc.constantFrom(undefined, undefined, "UP", "UNKNOWN", "DOWN"),
  updatedAt: fc.constantFrom(500, 500, 501)
})
const anySeen = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Reading["seen"]>(off) },
  { weight: 3, arbitrary: anyEvidence },
  { weight: 1, arbitrary: fc.constantFrom<Reading["seen"]>("gone", "unseen") }
)
const anyNode: fc.Arbitrary<ClusterNode> = fc
  .record({
    ready: fc.constantFrom(
      "Unknown" as const,
      "Unknown" as const,
      "Unknown" as const,
      "True" as const,
      "False" as const
    ),
    readySince: fc.constantFrom(lostSince, lostSince, lostSince + 1, undefined),
    bootId: fc.constantFrom("boot-1", "boot-1", "boot-2"),
    volumes: fc.constantFrom(["v1"], ["v1"], [])
  })
  .map((change) => ({ ...lostNode, ...change }))

interface Step {
  readonly node: ClusterNode
  readonly reading: Reading
}

const isProof = ({ node, reading: { seen } }: Step): boolean =>
  node.ready === "Unknown" &&
  typeof seen === "object" &&
  seen.status === "SHUTOFF" &&
  seen.power === "off" &&
  seen.task === undefined &&
  (seen.hostStatus === undefined || seen.hostStatus === "UP")

describe("no sequence of facts", () => {
  it("leads to a taint without the same proof all along for the distance of the rules", () => {
    const anyStep = fc.record({ node: anyNode, seen: anySeen, pause: fc.constantFrom(1_000, 10_000, 20_000, 40_000) })
    let taints = 0
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 12 }), fc.boolean(), (sequence, stopServers) => {
        const steps: Array<Step> = []
        let first: Reading | undefined
        let at = lostSince + 50_000
        for (const { node, seen, pause } of sequence) {
          at += pause
          const reading = readingOf(seen, at, node)
          steps.push({ node, reading })
          const verdict = decideFailover(factsOf(seen, { node, reading, first }), { ...rules, stopServers })
          first = verdict._tag === "Wait" ? verdict.first : undefined
          if (verdict._tag !== "Taint") continue
          taints += 1
          const before = steps.filter((step) => at - step.reading.at >= rules.betweenMillis).length - 1
          assert.isAtLeast(before, 0)
          const row = steps.slice(before)
          assert.isTrue(row.every(isProof))
          assert.isAtLeast(at - (node.readySince ?? at), rules.lostMillis)
          const shown = row.map(({ node: { bootId, readySince }, reading: { seen } }) => ({ bootId, readySince, seen }))
          for (const one of shown) assert.deepStrictEqual(one, shown[0])
        }
      }),
      { numRuns: 1_000 }
    )
    assert.isAbove(taints, 0)
  })

  it("leads to anything but nothing and explanations while Nova was seen once at most", () => {
    fc.assert(
      fc.property(anyNode, anySeen, fc.boolean(), (node, seen, stopServers) => {
        const facts = factsOf(seen, { node, first: undefined })
        assert.include(["Nothing", "Explain", "Wait"], decideFailover(facts, { ...rules, stopServers })._tag)
      })
    )
  })
})
