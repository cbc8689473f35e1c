import { assert, describe, it } from "@effect/vitest"
import { decideComing, decideGoing } from "../../../src/domain/decisions/nodeComingAndGoing.ts"
import { type OwnNode, startupTaint } from "../../../src/domain/OwnNode.ts"

const node: OwnNode = { name: "node-1", uid: "u", resourceVersion: "1", unschedulable: false, taints: [], volumes: [] }
const tainted = (key: string): OwnNode => ({ ...node, taints: [{ key, value: undefined, effect: "NoExecute" }] })
const coming = tainted(startupTaint)

describe("the startup taint", () => {
  it.each([
    ["goes when the driver is registered", coming, true, "removeTaint"],
    ["stays until then", coming, false, "wait"],
    ["is not there: nothing to do once the driver is registered", node, true, "done"],
    ["is not there yet", node, false, "wait"],
    ["of others is nothing of ours", tainted("node.cloudprovider.kubernetes.io/uninitialized"), true, "done"],
    ["of a node that is not there yet", undefined, true, "wait"]
  ] as const)("%s", (_, seen, isRegistered, verdict) => {
    assert.strictEqual(decideComing({ node: seen, isRegistered }), verdict)
  })
})

describe("a node plugin that is to end", () => {
  const volumes = ["v1"]
  const cordoned = { ...node, unschedulable: true }
  it.each([
    ["goes at once where it is only replaced", { ...node, volumes }, undefined, "Go"],
    ["waits on a cordoned node for volumes in use", { ...cordoned, volumes }, undefined, "Wait"],
    ["waits for them whatever the list says", { ...cordoned, volumes }, [], "Wait"],
    ["looks at the list once none is in use", cordoned, undefined, "LookAtAttachments"],
    ["waits for attachments", cordoned, volumes, "Wait"],
    ["goes when there is none", cordoned, [], "Go"],
    ["looks at the list where the node is gone", undefined, undefined, "LookAtAttachments"],
    ["waits for attachments of a node that is gone", undefined, volumes, "Wait"],
    ["goes from a node that is gone without any", undefined, [], "Go"]
  ] as const)("%s", (_, seen, attachments, verdict) => {
    assert.strictEqual(decideGoing({ node: seen, attachments })._tag, verdict)
  })

  it.each([
    ["node.kubernetes.io/unschedulable", "Wait"],
    ["ToBeDeletedByClusterAutoscaler", "Wait"],
    ["karpenter.sh/disrupted", "Wait"],
    ["karpenter.sh/disruption", "Wait"],
    ["dedicated", "Go"]
  ])("on a node with the taint %s: %s", (key, verdict) => {
    assert.strictEqual(decideGoing({ node: { ...tainted(key), volumes }, attachments: undefined })._tag, verdict)
  })
})
