import { badRequest, invalidField, invalidInput, invalidVolume, type WorldFault } from "./worldErrors.ts"
import type { AttachmentStatus, VolumeStatus } from "./worldTypes.ts"

/** What Cinder looks at before it accepts a request for a volume. */
export interface VolumeFacts {
  readonly id: string
  readonly status: VolumeStatus
  readonly sizeGiB: number
  readonly multiattach: boolean
}

const among = (status: VolumeStatus, ...legal: ReadonlyArray<VolumeStatus>) => legal.includes(status)

/** Cinder words every refusal of a deletion alike: callers have to look at the volume for the reason. */
export const refuseDelete = (
  volume: VolumeFacts,
  facts: { readonly attachments: number; readonly blockingSnapshots: number }
): WorldFault | undefined =>
  among(volume.status, "available", "error", "error_restoring", "error_extending", "error_managing") &&
  facts.attachments === 0 &&
  facts.blockingSnapshots === 0
    ? undefined
    : invalidVolume(
        "Volume status must be available or error or error_restoring or error_extending or error_managing and must not " +
          "be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from " +
          "snapshots after volume transfer."
      )

/** Growing a volume in use needs microversion 3.42, for which `allowInUse` stands. */
export const refuseExtend = (volume: VolumeFacts, newSizeGiB: number, allowInUse: boolean): WorldFault | undefined => {
  if (!Number.isInteger(newSizeGiB) || newSizeGiB < 1) {
    return invalidField("new_size", `${newSizeGiB}`, `${newSizeGiB} is less than the minimum of 1`)
  }
  if (!among(volume.status, "available") && !(allowInUse && volume.status === "in-use")) {
    return invalidVolume(
      `Volume ${volume.id} status must be '{'status': 'available'}' to extend, currently ${volume.status}.`
    )
  }
  return newSizeGiB > volume.sizeGiB
    ? undefined
    : invalidInput(
        `New size for extend must be greater than current size. (current: ${volume.sizeGiB}, extended: ${newSizeGiB}).`
      )
}

export const refuseSnapshot = (volume: VolumeFacts, force: boolean): WorldFault | undefined =>
  among(volume.status, "available") || (force && volume.status === "in-use")
    ? undefined
    : invalidVolume(
        `Volume ${volume.id} status must be ${force ? "available, in-use" : "available"}, but current status is: ${volume.status}.`
      )

export const refuseMetadata = (volume: VolumeFacts): WorldFault | undefined =>
  among(volume.status, "maintenance", "uploading")
    ? invalidVolume(`Updating volume metadata is not allowed for volumes in ${volume.status} status.`)
    : undefined

export const refuseUpdate = (volume: VolumeFacts): WorldFault | undefined =>
  volume.status === "maintenance" ? invalidVolume("The volume cannot be updated during maintenance.") : undefined

export const refuseReserve = (volume: VolumeFacts): WorldFault | undefined => {
  if (volume.status.includes("error")) {
    return invalidVolume(
      "Volume attachments can not be created if the volume is in an error state. " +
        `The Volume ${volume.id} currently has a status of: ${volume.status} `
    )
  }
  if (among(volume.status, "available", "downloading")) return undefined
  if (volume.multiattach && among(volume.status, "in-use", "reserved")) return undefined
  const legal = volume.multiattach ? "available or downloading or in-use" : "available or downloading"
  return invalidVolume(
    `Volume ${volume.id} status must be ${legal} to reserve, but the current status is ${volume.status}.`
  )
}

export const refuseBeginDetaching = (volume: VolumeFacts, isAttached: boolean): WorldFault | undefined =>
  volume.status === "in-use" && isAttached
    ? undefined
    : invalidVolume(
        "Unable to detach volume. Volume status must be 'in-use' and attach_status must be 'attached' to detach."
      )

export const refuseCloneSource = (volume: VolumeFacts): WorldFault | undefined =>
  among(volume.status, "available", "in-use")
    ? undefined
    : invalidVolume("Originating source volume status must be one of 'available, in-use' values")

export const refuseRetype = (volume: VolumeFacts, typeDiffers: boolean): WorldFault | undefined =>
  among(volume.status, "available", "in-use") && typeDiffers
    ? undefined
    : invalidVolume(
        "Retype needs volume to be in available or in-use state, not be part of an active migration or a consistency " +
          "group, requested type has to be different that the one from the volume, and for in-use volumes front-end " +
          "qos specs cannot change."
      )

export const refuseBackup = (volume: VolumeFacts, force: boolean): WorldFault | undefined => {
  if (!among(volume.status, "available", "in-use")) {
    return invalidVolume(
      `Volume to be backed up must be available or in-use, but the current status is "${volume.status}".`
    )
  }
  return volume.status === "in-use" && !force
    ? invalidVolume("Backing up an in-use volume must use the force flag.")
    : undefined
}

/** The status a volume has by its attachments alone; Cinder lets the most attached one decide. */
export const statusByAttachments = (
  attachments: ReadonlyArray<{ readonly status: AttachmentStatus }>
): VolumeStatus => {
  const has = (status: AttachmentStatus) => attachments.some((attachment) => attachment.status === status)
  if (has("attached")) return "in-use"
  if (has("attaching")) return "attaching"
  if (has("detaching")) return "detaching"
  return has("reserved") ? "reserved" : "available"
}

/** Statuses that follow from attachments; any other stays until its own work ends. */
export const followsAttachments = (status: VolumeStatus): boolean =>
  among(status, "available", "downloading", "reserved", "attaching", "in-use", "detaching")

const metadataKey = /^[a-zA-Z0-9-_:. /]{1,255}$/

export const refuseMetadataValues = (
  metadata: Readonly<Record<string, string>> | undefined
): WorldFault | undefined => {
  for (const [key, value] of Object.entries(metadata ?? {})) {
    if (!metadataKey.test(key)) {
      return invalidField(
        "metadata",
        `{'${key}': '${value}'}`,
        `'${key}' does not match any of the regexes: '^[a-zA-Z0-9-_:. /]{1,255}$'`
      )
    }
    if (value.length > 255) return invalidField(key, value, `'${value}' is too long`)
  }
  return undefined
}

export const refuseText = (field: string, text: string | null | undefined): WorldFault | undefined =>
  text !== undefined && text !== null && text.length > 255
    ? invalidInput(`${field} has ${text.length} characters, more than 255.`)
    : undefined

export const refuseNewSize = (sizeGiB: number | undefined, hasSource: boolean): WorldFault | undefined => {
  if (sizeGiB === undefined) {
    return hasSource
      ? undefined
      : badRequest("The server could not comply with the request since it is either malformed or otherwise incorrect.")
  }
  if (!Number.isInteger(sizeGiB)) {
    return invalidField("size", `${sizeGiB}`, `${sizeGiB} is not of type 'integer', 'string', 'null'`)
  }
  if (sizeGiB < 1) return invalidField("size", `${sizeGiB}`, `${sizeGiB} is less than the minimum of 1`)
  return sizeGiB > 2_147_483_647
    ? invalidField("size", `${sizeGiB}`, `${sizeGiB} is greater than the maximum of 2147483647`)
    : undefined
}
