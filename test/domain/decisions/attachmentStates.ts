import type { VmState } from "../../../src/adapters/memory/index.ts"
import { volumeStatuses } from "../../../src/domain/Volume.ts"

/** How a call ends if nothing changes; in the text SERVER, OTHER and VOLUME stand for the ids. */
export type Answer = { readonly code: "OK" } | { readonly code: string; readonly says: string }

export interface ServerState {
  readonly name: string
  /** Nova's words; `FUTURE` and `UNKNOWN` are statuses that the cloud in memory has not. */
  readonly vmState: VmState | "FUTURE" | "UNKNOWN"
  readonly task?: string
  readonly locked?: true
  readonly hostDown?: true
  /** What Nova does when it is asked all the same. */
  readonly attaching?: { readonly conflict: string } | { readonly silence: string }
  readonly detaching?: { readonly conflict: string } | "givesUp"
  /** To a publish of a free volume. */
  readonly publish: Answer
  /** To an unpublish of a volume that is attached to it. */
  readonly unpublish: Answer
  /** Why the cloud in memory cannot show it. */
  readonly onlyByItself?: string
}

const ok: Answer = { code: "OK" }
const unavailable = (says: string): Answer => ({ code: "UNAVAILABLE", says: `server SERVER is ${says}` })
const since = "unchanged since 1970-01-01T00:00:00.000Z"
const both = (answer: Answer) => ({ publish: answer, unpublish: answer })

const working = (status: string, vmState: VmState, task: string): ServerState => ({
  name: `${status}, ${task}`,
  vmState,
  task,
  ...both(unavailable(`${status} and Nova works on it (${task}, ${since})`)),
  detaching: {
    conflict: `Cannot 'detach_volume' instance SERVER while it is in ${
      ["active", "stopped", "resized", "shelved"].includes(vmState) ? `task_state ${task}` : `vm_state ${vmState}`
    }`
  }
})

const resting = (status: string, vmState: VmState, remedy: string): ServerState => ({
  name: status,
  vmState,
  ...both(unavailable(`${status}, ${since}; ${remedy}`)),
  detaching: { conflict: `Cannot 'detach_volume' instance SERVER while it is in vm_state ${vmState}` }
})

const locked = { conflict: "Instance SERVER is locked" }
const hostIsDown =
  "an administrator of the cloud has to bring its compute host back, or to evacuate or delete the server"

const novaIsSilent =
  "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible.\n" +
  "<class 'oslo_messaging.exceptions.MessagingTimeout'>"

/** Every status and task of https://docs.openstack.org/nova/latest/reference/vm-states.html, a lock and a dead host. */
export const serverStates: ReadonlyArray<ServerState> = [
  { name: "ACTIVE", vmState: "active", ...both(ok) },
  { name: "SHUTOFF", vmState: "stopped", ...both(ok) },
  { name: "VERIFY_RESIZE", vmState: "resized", ...both(ok) },
  {
    name: "PAUSED",
    vmState: "paused",
    publish: ok,
    detaching: "givesUp",
    unpublish: unavailable(`PAUSED, ${since}; unpause it`)
  },
  resting("SUSPENDED", "suspended", "resume it"),
  resting("RESCUE", "rescued", "unrescue it"),
  resting("ERROR", "error", "an administrator of the cloud has to repair or delete it"),
  {
    ...resting("BUILD", "building", ""),
    ...both(unavailable(`BUILD, ${since}`))
  },
  { name: "SHELVED", vmState: "shelved", publish: unavailable(`SHELVED, ${since}; unshelve it`), unpublish: ok },
  {
    name: "SHELVED_OFFLOADED",
    vmState: "shelved_offloaded",
    publish: unavailable(`SHELVED_OFFLOADED, ${since}; unshelve it`),
    unpublish: ok
  },
  {
    name: "SOFT_DELETED",
    vmState: "soft-delete",
    publish: unavailable(`SOFT_DELETED, ${since}; restore it`),
    unpublish: ok
  },
  {
    name: "UNKNOWN",
    vmState: "UNKNOWN",
    ...both(
      unavailable(
        `UNKNOWN, ${since}; Nova cannot reach the part of the cloud it runs in; an administrator of the cloud has to look at it`
      )
    ),
    detaching: { conflict: "Cell is not responding" },
    onlyByItself: "Nova shows it from microversion 2.69 on, and answers 500 to what the driver sends"
  },
  {
    name: "a status that no release has",
    vmState: "FUTURE",
    ...both(ok),
    onlyByItself: "no cloud has it"
  },
  working("BUILD", "building", "scheduling"),
  working("BUILD", "building", "block_device_mapping"),
  working("BUILD", "building", "networking"),
  working("BUILD", "building", "spawning"),
  working("REBOOT", "active", "rebooting"),
  working("REBOOT", "active", "reboot_pending"),
  working("REBOOT", "active", "reboot_started"),
  working("HARD_REBOOT", "active", "rebooting_hard"),
  working("HARD_REBOOT", "active", "reboot_started_hard"),
  working("MIGRATING", "active", "migrating"),
  working("RESIZE", "active", "resize_prep"),
  working("RESIZE", "active", "resize_migrating"),
  working("RESIZE", "stopped", "resize_migrated"),
  working("RESIZE", "active", "resize_finish"),
  working("VERIFY_RESIZE", "resized", "resize_confirming"),
  working("REVERT_RESIZE", "resized", "resize_reverting"),
  working("REBUILD", "active", "rebuilding"),
  working("REBUILD", "active", "rebuild_block_device_mapping"),
  working("REBUILD", "stopped", "rebuild_spawning"),
  working("PASSWORD", "active", "updating_password"),
  working("ACTIVE", "active", "image_snapshot"),
  working("ACTIVE", "active", "image_uploading"),
  working("ACTIVE", "active", "image_backup"),
  working("ACTIVE", "active", "pausing"),
  working("PAUSED", "paused", "unpausing"),
  working("ACTIVE", "active", "suspending"),
  working("SUSPENDED", "suspended", "resuming"),
  working("ACTIVE", "active", "powering-off"),
  working("SHUTOFF", "stopped", "powering-on"),
  working("ACTIVE", "active", "rescuing"),
  working("RESCUE", "rescued", "unrescuing"),
  working("ACTIVE", "active", "shelving"),
  working("ACTIVE", "active", "shelving_image_uploading"),
  working("SHELVED", "shelved", "shelving_offloading"),
  working("SHELVED_OFFLOADED", "shelved_offloaded", "unshelving"),
  working("SOFT_DELETED", "soft-delete", "restoring"),
  working("ACTIVE", "active", "soft-deleting"),
  working("ACTIVE", "active", "deleting"),
  {
    name: "ACTIVE and locked",
    vmState: "active",
    locked: true,
    attaching: locked,
    detaching: locked,
    ...both(unavailable(`locked, ${since}; unlock it`))
  },
  {
    name: "locked and rebooting",
    vmState: "active",
    task: "rebooting",
    locked: true,
    detaching: locked,
    publish: unavailable(`REBOOT and Nova works on it (rebooting, ${since})`),
    unpublish: unavailable(`locked, ${since}; unlock it`)
  },
  {
    name: "ACTIVE on a host that is down",
    vmState: "active",
    hostDown: true,
    attaching: { silence: novaIsSilent },
    detaching: { conflict: "Service is unavailable at this time." },
    publish: {
      code: "UNAVAILABLE",
      says: `volume VOLUME is available: whether Nova attaches it to server SERVER is not known: ${novaIsSilent}; if this goes on, ${hostIsDown}`
    },
    unpublish: unavailable(`on a compute host that is down: Service is unavailable at this time.; ${hostIsDown}`)
  },
  {
    name: "SHELVED_OFFLOADED, whose former host is down",
    vmState: "shelved_offloaded",
    hostDown: true,
    publish: unavailable(`SHELVED_OFFLOADED, ${since}; unshelve it`),
    unpublish: ok
  }
]

export type Place = "nobody" | "ours" | "theirs"
type Status = (typeof volumeStatuses)[number]

export interface VolumeState {
  readonly name: string
  readonly call: "publish" | "unpublish"
  readonly status: Status
  readonly on: Place
  /** Nova is asked to change something, so that the state of the server counts. */
  readonly asksNova: boolean
  /** Why Nova refuses; with the volume's status, which only Cinder knows. */
  readonly refusal?: string
  /** From a server that is ACTIVE. */
  readonly answer: Answer
}

const lost = "; if that is minutes ago, Nova has lost it and an administrator of the cloud has to look at it"
const aborted = (status: Status): Answer => ({
  code: "ABORTED",
  says: `volume VOLUME is still ${status}, ${since}${["reserved", "attaching", "detaching"].includes(status) ? lost : ""}`
})
const notReady = (says: string): Answer => ({ code: "UNAVAILABLE", says: `volume VOLUME is ${says}` })
const refused = (says: string): Answer => ({ code: "FAILED_PRECONDITION", says: `volume VOLUME: ${says}` })
const broken = (status: Status): Answer =>
  refused(`it is ${status}: Cinder left no message about it; an administrator of the cloud has to look at it`)

/** What each status means to a publish of a volume that Cinder shows attached nowhere. */
const toAttach: Readonly<Record<Status, Answer>> = {
  creating: aborted("creating"),
  downloading: aborted("downloading"),
  available: ok,
  reserved: notReady("reserved for another server"),
  attaching: notReady("attaching for another server"),
  "in-use": refused(
    "it is attached to something Cinder does not name, and its volume type has no multiattach; it is detached when no pod uses it there any more"
  ),
  detaching: aborted("detaching"),
  extending: aborted("extending"),
  retyping: aborted("retyping"),
  maintenance: aborted("maintenance"),
  uploading: aborted("uploading"),
  "backing-up": aborted("backing-up"),
  "restoring-backup": aborted("restoring-backup"),
  reverting: aborted("reverting"),
  "awaiting-transfer": notReady("awaiting-transfer; accept the transfer or cancel it"),
  deleting: refused("it is being deleted"),
  error: broken("error"),
  error_deleting: broken("error_deleting"),
  error_extending: broken("error_extending"),
  error_restoring: broken("error_restoring"),
  error_managing: broken("error_managing")
}

const brokenHere = (status: Status): Answer =>
  notReady(
    `${status} and attached to server SERVER: Cinder left no message about it; an administrator of the cloud has to look at it and reset its state`
  )

const cannotPart =
  "Invalid volume: Invalid input received: Invalid volume: Unable to detach volume. Volume status must be 'in-use' and " +
  "attach_status must be 'attached' to detach. (HTTP 400) (Request-ID: REQUEST)"

const stillAttached = notReady(`still attached to server SERVER: ${cannotPart}`)

const toPublish = (status: Status, on: Place): Omit<VolumeState, "name"> => {
  const state = { call: "publish", status, on, asksNova: false } as const
  if (on === "ours") return { ...state, answer: status === "detaching" ? aborted(status) : ok }
  if (on === "theirs" && status === "in-use") {
    const because = "it is attached to server OTHER (node-2), which is ACTIVE, and its volume type has no multiattach"
    return { ...state, answer: refused(`${because}; it is detached when no pod uses it there any more`) }
  }
  if (on === "theirs" && status === "available") {
    const refusal = "Invalid volume: volume VOLUME is already attached to instances: OTHER"
    return { ...state, asksNova: true, refusal, answer: notReady(`not free yet: ${refusal}`) }
  }
  return { ...state, asksNova: status === "available", answer: toAttach[status] }
}

const toUnpublish = (status: Status, on: Place): Omit<VolumeState, "name"> => {
  const state = { call: "unpublish", status, on, asksNova: false } as const
  if (on !== "ours") return { ...state, answer: status === "detaching" ? aborted(status) : ok }
  if (status === "in-use") return { ...state, asksNova: true, answer: ok }
  if (status === "available" || status === "awaiting-transfer") {
    return { ...state, asksNova: true, refusal: cannotPart, answer: stillAttached }
  }
  return { ...state, answer: status.startsWith("error") ? brokenHere(status) : aborted(status) }
}

const places: ReadonlyArray<Place> = ["nobody", "ours", "theirs"]

/** Every documented status of a volume, by where Cinder shows it attached. */
export const volumeStates: ReadonlyArray<VolumeState> = [toPublish, toUnpublish].flatMap((state) =>
  places.flatMap((on) =>
    volumeStatuses.map((status) => {
      const row = state(status, on)
      return { ...row, name: `${row.call} of a volume that is ${status}, attached to ${on}` }
    })
  )
)
