import type { ServerId } from "../Server.ts"
import type { ServerEvidence } from "../ServerEvidence.ts"
import { hostRemedy } from "./serverState.ts"

/** That the guest does not run: stopped where it was, or on the host that it was moved to since its node was missed. */
export interface Proof {
  readonly _tag: "Off"
  readonly moved: boolean
}

export type Findings =
  | Proof
  /** Nova shows a guest that runs, on a host that may be asked to stop it. */
  | { readonly _tag: "Runs" }
  | { readonly _tag: "Open"; readonly reason: string; readonly note: string }

const open = (reason: string, note: string): Findings => ({ _tag: "Open", reason, note })

/**
 * Whether a guest is off, by what Nova shows. A host that does not answer cannot say so: its servers are shown as they last
 * were. Where the cloud does not show how the host does, the detach that follows is the test: Nova refuses it for a dead host.
 */
export const proofOf = (server: ServerId, seen: ServerEvidence, hostAtFirst: string | undefined): Findings => {
  const { status, task, power, hostId, hostStatus } = seen
  if (task !== undefined) return open("ServerBusy", `server ${server} is ${status} and Nova works on it (${task})`)
  if (hostStatus !== undefined && hostStatus !== "UP") {
    return open("HostDown", `server ${server} is on a compute host that is ${hostStatus || "not told"}; ${hostRemedy}`)
  }
  if (status === "ACTIVE") return { _tag: "Runs" }
  if (status !== "SHUTOFF")
    return open("ServerUnclear", `server ${server} is ${status}, which does not show that it is off`)
  return power === "off"
    ? { _tag: "Off", moved: hostAtFirst !== undefined && hostId !== "" && hostId !== hostAtFirst }
    : open("ServerUnclear", `server ${server} is SHUTOFF, but its power state is ${power}`)
}
