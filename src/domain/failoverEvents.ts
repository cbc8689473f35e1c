import type { NodeEvent } from "../ports/ClusterNodes.ts"
import type { FailoverVerdict } from "./decisions/failover.ts"

const deed = (verdict: FailoverVerdict): readonly [reason: string, done: string, wouldBe: string] | undefined => {
  switch (verdict._tag) {
    case "Taint": {
      const where = verdict.proof.moved ? " on the compute host that it was moved to" : ""
      const because = `two readings of Nova show server ${verdict.mark.serverId} to be off${where}`
      return [
        "OutOfService",
        `${because}: the node is tainted, so that its volumes and pods go elsewhere`,
        `${because}: the node would be tainted`
      ]
    }
    case "RemoveTaint":
      return ["BackInService", "the node was started anew: its taint is removed", "the node's taint would be removed"]
    case "Stop":
      return [
        "StoppingServer",
        `server ${verdict.server} runs and its node does not answer: Nova was asked to stop it`,
        `server ${verdict.server} runs and its node does not answer: Nova would be asked to stop it`
      ]
    default:
      return undefined
  }
}

/** What people are told of a verdict, and undefined of what is not worth an event. */
export const failoverEvent = (verdict: FailoverVerdict, dryRun: boolean): NodeEvent | undefined => {
  if (verdict._tag === "Explain") return { type: "Warning", reason: verdict.reason, note: verdict.note }
  const told = deed(verdict)
  if (told === undefined) return undefined
  const [reason, done, wouldBe] = told
  return { type: "Normal", reason: dryRun ? `DryRun${reason}` : reason, note: dryRun ? wouldBe : done }
}
