import type { ServerWait } from "../../ports/Telemetry.ts"
import { type CloudFailure, NotReady } from "../errors.ts"
import type { Server, ServerId } from "../Server.ts"
import { unchangedSince } from "./standing.ts"
import { act, refuse, type Verdict, waitForServer } from "./Verdict.ts"

/** Why Nova will not attach to or detach from the server now, and who can change it. */
export interface Hindrance {
  readonly state: string
  readonly remedy: string | undefined
  /** Whether it ends by itself, so that it is worth waiting for. */
  readonly passes: boolean
  /** What it counts as while it is waited for. */
  readonly because: ServerWait
}

/**
 * States in which Nova refuses to attach and detach, or accepts and cannot carry it out
 * (https://docs.openstack.org/api-ref/compute/#attach-a-volume-to-an-instance). Those not listed are left to Nova.
 */
const refusingBoth: Readonly<Record<string, string>> = {
  ERROR: "an administrator of the cloud has to repair or delete it",
  SUSPENDED: "resume it",
  RESCUE: "unrescue it",
  UNKNOWN: "Nova cannot reach the part of the cloud it runs in; an administrator of the cloud has to look at it"
}

/** Attaching is accepted there, but nothing reaches a guest. */
const refusingAttach: Readonly<Record<string, string>> = {
  SHELVED: "unshelve it",
  SHELVED_OFFLOADED: "unshelve it",
  SOFT_DELETED: "restore it"
}

/** Detaching is accepted there, but waits for a guest that cannot answer. */
const refusingDetach: Readonly<Record<string, string>> = { PAUSED: "unpause it" }

/** Statuses that stand for a task (https://docs.openstack.org/api-guide/compute/server_concepts.html). */
const passing: ReadonlySet<string> = new Set([
  "BUILD",
  "REBOOT",
  "HARD_REBOOT",
  "PASSWORD",
  "REBUILD",
  "MIGRATING",
  "RESIZE",
  "REVERT_RESIZE"
])

/** A task comes before the state it starts from: a server that is being resumed is SUSPENDED until it is done. */
const hindranceIn = (states: Readonly<Record<string, string>>, server: Server): Hindrance | undefined => {
  const { status, task } = server
  const since = unchangedSince(server)
  if (task !== undefined) {
    const state = `${status} and Nova works on it (${task}${since})`
    return { state, remedy: undefined, passes: true, because: "server_task" }
  }
  const state = `${status}${since}`
  if (passing.has(status)) return { state, remedy: undefined, passes: true, because: "server_task" }
  const remedy = states[status]
  return remedy === undefined ? undefined : { state, remedy, passes: false, because: "server_refuses" }
}

export const attachHindrance = (server: Server): Hindrance | undefined =>
  hindranceIn({ ...refusingBoth, ...refusingAttach }, server)

export const detachHindrance = (server: Server): Hindrance | undefined =>
  hindranceIn({ ...refusingBoth, ...refusingDetach }, server)

/** Nova holds a reservation of each volume for it, which no host is at work on. */
export const isShelvedAway = ({ status, task }: Server): boolean => status === "SHELVED_OFFLOADED" && task === undefined

/**
 * A lock explains a refusal and foretells none: Nova heeds it for members of the project and not for administrators
 * (https://docs.openstack.org/api-ref/compute/#lock-server-lock-action).
 */
export const lockOf = (server: Server): Hindrance | undefined =>
  server.locked === true
    ? {
        state: `locked${unchangedSince(server)}`,
        remedy: "unlock it",
        passes: false,
        because: "server_refuses"
      }
    : undefined

/** Nova's words for a compute host that it takes for dead. */
const saysHostIsDown = (detail: string): boolean => /service is unavailable/i.test(detail)

/** Nova's words when its message to the compute host was not answered. */
export const saysHostIsSilent = (detail: string): boolean => /MessagingTimeout/.test(detail)

export const hostRemedy =
  "an administrator of the cloud has to bring its compute host back, or to evacuate or delete the server"

/** The cloud's sentence and the id under which its logs have the request. */
export const requestText = ({ detail, requestId }: CloudFailure): string =>
  requestId === undefined ? detail : `${detail} (${requestId})`

export const serverNotReady = (id: ServerId, { state, remedy }: Pick<Hindrance, "state" | "remedy">): NotReady =>
  new NotReady({ subject: `server ${id}`, state, remedy })

/** Nova refused, and the server as it is shown does not tell why. */
export const unexplained = (failure: CloudFailure): Omit<Hindrance, "passes"> =>
  saysHostIsDown(failure.detail)
    ? {
        state: `on a compute host that is down: ${requestText(failure)}`,
        remedy: hostRemedy,
        because: "host_down"
      }
    : { state: `not ready for it: ${requestText(failure)}`, remedy: undefined, because: "server_refuses" }

/** How long an unexplained refusal is left alone before Nova is asked again. It changed nothing, so asking is safe. */
const askAgainMillis = 4_000

/** So often Nova is asked within one call, for callers without a deadline. */
const mostRequests = 30

export interface RefusedByServer {
  readonly id: ServerId
  /** As it was seen last, or not at all. */
  readonly server: Server | undefined
  readonly failure: CloudFailure
  /** How long it was watched since; undefined before it was. */
  readonly watchedMillis: number | undefined
  /** How often Nova was asked in this call. */
  readonly asked: number
}

/** What to do after a refusal for the server's present state (409), which changed nothing: `again` asks anew. */
export const afterConflict = <Action>(
  { id, server, failure, watchedMillis, asked }: RefusedByServer,
  hindranceOf: (server: Server) => Hindrance | undefined,
  again: Action
): Verdict<Action, never> => {
  const seen = server === undefined || watchedMillis === undefined ? undefined : server
  const hindrance = seen === undefined ? undefined : (lockOf(seen) ?? hindranceOf(seen))
  const { passes, ...known } = hindrance ?? { ...unexplained(failure), passes: true }
  const error = serverNotReady(id, known)
  if (!passes || asked >= mostRequests) return refuse(error)
  const isOver = hindrance === undefined && watchedMillis !== undefined && watchedMillis >= askAgainMillis
  return isOver ? act(again) : waitForServer(known, error)
}
