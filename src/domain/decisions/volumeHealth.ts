import type { Mount, Pulse, Vitals } from "../../ports/HostMounter.ts"
import type { VolumeId } from "../Volume.ts"
import type { Presence } from "./presence.ts"

/** What is wrong with a volume, as CSI classes it since 1.13: by how bad it is and a reason in CamelCase. */
export interface Trouble {
  readonly status: "DEGRADED" | "INACCESSIBLE" | "DATA_LOSS"
  readonly reason: string
  /** What was seen, and who must do what. */
  readonly message: string
}

/** How a volume does where it is used. */
export type VolumeHealth =
  | { readonly _tag: "Healthy" }
  | { readonly _tag: "Sick"; readonly troubles: ReadonlyArray<Trouble> }
  /** Nothing can be said: no proof of health, and none that an earlier trouble is over. */
  | { readonly _tag: "Unknown"; readonly why: string }

export interface VolumeHealthFacts {
  readonly volumeId: VolumeId
  readonly path: string
  readonly presence: Presence
  /** The mount in sight at the path has lost its disk. */
  readonly topIsStale: boolean
  /** Of the file system at the path; undefined where none of the volume's is mounted. */
  readonly pulse: Pulse | undefined
  /** Of the volume's disk; undefined where it is not here. */
  readonly vitals: Vitals | undefined
  /** Bytes that the file system offers in all; undefined if there is none, or it does not answer. */
  readonly totalBytes: bigint | undefined
}

const move = "move its pods to another node or delete them, so that the next start stages it anew"

const fsckNote = "the next stage of the volume checks it, so move its pods away or restart them all"

/** What the mount table alone tells, which costs nothing to ask. */
export const mountTroubles = (volumeId: VolumeId, mount: Mount): ReadonlyArray<Trouble> => {
  const where = `the ${mount.fsType} of volume ${volumeId} at ${mount.target}`
  const isShutDown = mount.options.includes("shutdown")
  const shutDown: Trouble = {
    status: "INACCESSIBLE",
    reason: "FileSystemShutDown",
    message: `${where} has shut down after an error; ${move}`
  }
  const turned: Trouble = {
    status: "DEGRADED",
    reason: "FileSystemReadOnly",
    message: `the kernel made ${where} read-only after an error; ${fsckNote}`
  }
  return [...(isShutDown ? [shutDown] : []), ...(mount.turnedReadOnly ? [turned] : [])]
}

const pulseTroubles = (volumeId: VolumeId, path: string, pulse: Pulse): ReadonlyArray<Trouble> => {
  switch (pulse._tag) {
    case "Alive":
      return []
    case "Dead": {
      const message = `the file system of volume ${volumeId} at ${path} is dead: ${pulse.problem}; ${move}`
      return [{ status: "INACCESSIBLE", reason: "FileSystemDead", message }]
    }
    case "Silent": {
      const message = `the file system of volume ${volumeId} at ${path} does not answer; look at the volume's backend`
      return [{ status: "INACCESSIBLE", reason: "FileSystemSilent", message }]
    }
  }
}

/** States of a disk that works (SCSI: `enum scsi_device_state` of Linux; NVMe: `live`), or is just being set up. */
const soundStates: ReadonlyArray<string | undefined> = [undefined, "running", "live", "created", "new", "connecting"]

const diskTroubles = (volumeId: VolumeId, { read, state }: Vitals): ReadonlyArray<Trouble> => {
  const disk = `the disk of volume ${volumeId}`
  const troubles: Array<Trouble> = []
  if (read._tag === "Dead") {
    const message = `${disk} cannot be read: ${read.problem}; look at the volume's backend`
    troubles.push({ status: "INACCESSIBLE", reason: "DiskUnreadable", message })
  }
  if (read._tag === "Silent") {
    const message = `${disk} does not answer; look at the volume's backend`
    troubles.push({ status: "INACCESSIBLE", reason: "DiskSilent", message })
  }
  if (!soundStates.includes(state)) {
    const message = `${disk} is in the state ${state}; look at the volume's backend`
    troubles.push({ status: "INACCESSIBLE", reason: "DiskOffline", message })
  }
  return troubles
}

const countTroubles = (volumeId: VolumeId, { fsType, target }: Mount, errors: number): ReadonlyArray<Trouble> => {
  if (errors === 0) return []
  const scrub = `run "btrfs scrub start ${target}" on its node, then "btrfs device stats -z ${target}"`
  const message = `the ${fsType} of volume ${volumeId} has counted ${errors} errors; ${fsType === "btrfs" ? scrub : fsckNote}`
  return [{ status: "DEGRADED", reason: "FileSystemErrors", message }]
}

/** A file system offers less than it takes of its disk, so one that offers more has lost its end. */
const sizeTroubles = ({ totalBytes, volumeId }: VolumeHealthFacts, sizeBytes: bigint): ReadonlyArray<Trouble> => {
  if (totalBytes === undefined || totalBytes <= sizeBytes) return []
  const message = `the disk of volume ${volumeId} has ${sizeBytes} bytes, its file system ${totalBytes}: stop its pods and look at the volume's backend`
  return [{ status: "DATA_LOSS", reason: "DiskTooSmall", message }]
}

const verdict = (troubles: ReadonlyArray<Trouble>): VolumeHealth =>
  troubles.length === 0 ? { _tag: "Healthy" } : { _tag: "Sick", troubles }

/** What is wrong with a volume where it is used. Counts and looks only: what it says changes nothing on the host. */
export const volumeHealth = (facts: VolumeHealthFacts): VolumeHealth => {
  const { path, presence, pulse, topIsStale, vitals, volumeId } = facts
  const lost = `${path} shows volume ${volumeId} no longer, its disk is gone from this node; ${move}`
  switch (presence._tag) {
    case "DiskGone":
      return verdict([{ status: "INACCESSIBLE", reason: "DiskGone", message: lost }])
    case "Elsewhere":
      return topIsStale
        ? verdict([{ status: "INACCESSIBLE", reason: "DiskGone", message: lost }])
        : { _tag: "Unknown", why: `volume ${volumeId} is not at ${path}` }
    case "Raw":
      return verdict(vitals === undefined ? [] : diskTroubles(volumeId, vitals))
    case "Mounted":
      return verdict([
        ...mountTroubles(volumeId, presence.mount),
        ...(pulse === undefined ? [] : pulseTroubles(volumeId, path, pulse)),
        ...(vitals === undefined ? [] : diskTroubles(volumeId, vitals)),
        ...countTroubles(volumeId, presence.mount, vitals?.fileSystemErrors ?? 0),
        ...sizeTroubles(facts, presence.device.sizeBytes)
      ])
  }
}
