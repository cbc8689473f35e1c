import type { Server } from "../Server.ts"

/** Why Nova will not attach to or detach from the server now, and who can change it. */
export interface Hindrance {
  readonly state: string
  readonly remedy: string | undefined
}

/**
 * States in which Nova refuses to attach and detach, or accepts and cannot carry it out
 * (https://docs.openstack.org/api-ref/compute/#attach-a-volume-to-an-instance). Those not listed are left to Nova.
 */
const refusingBoth: Readonly<Record<string, string>> = {
  BUILD: "wait until it is built",
  ERROR: "an administrator of the cloud has to repair or delete it",
  SUSPENDED: "resume it",
  RESCUE: "unrescue it"
}

/** Attaching is accepted there, but nothing reaches a guest. */
const refusingAttach: Readonly<Record<string, string>> = {
  SHELVED: "unshelve it",
  SHELVED_OFFLOADED: "unshelve it",
  SOFT_DELETED: "restore it"
}

/** Detaching is accepted there, but waits for a guest that cannot answer. */
const refusingDetach: Readonly<Record<string, string>> = { PAUSED: "unpause it" }

const hindranceIn = (states: Readonly<Record<string, string>>, { status, task, locked }: Server) => {
  if (task !== undefined) return { state: `${status} and Nova works on it (${task})`, remedy: undefined }
  const remedy = states[status]
  if (remedy !== undefined) return { state: status, remedy }
  return locked === true ? { state: "locked", remedy: "unlock it" } : undefined
}

export const attachHindrance = (server: Server): Hindrance | undefined =>
  hindranceIn({ ...refusingBoth, ...refusingAttach }, server)

export const detachHindrance = (server: Server): Hindrance | undefined =>
  hindranceIn({ ...refusingBoth, ...refusingDetach }, server)
