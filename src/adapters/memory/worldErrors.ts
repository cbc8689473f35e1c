import { Data } from "effect"

/** The member that wraps an error body of Cinder and Nova: https://docs.openstack.org/api-ref/block-storage/v3/ */
export type FaultKind =
  | "badRequest"
  | "forbidden"
  | "itemNotFound"
  | "conflictingRequest"
  | "overLimit"
  | "computeFault"
  | "serviceUnavailable"

/** A refusal as the HTTP API would word it; `status` is the HTTP status, `message` the text of the error body. */
export class WorldFault extends Data.TaggedError("WorldFault")<{
  readonly status: number
  readonly kind: FaultKind
  readonly message: string
  /** Seconds, as the `Retry-After` header carries them. "0" on an exceeded quota. */
  readonly retryAfter?: string
}> {}

export const badRequest = (message: string) => new WorldFault({ status: 400, kind: "badRequest", message })
export const forbidden = (message: string) => new WorldFault({ status: 403, kind: "forbidden", message })
export const itemNotFound = (message: string) => new WorldFault({ status: 404, kind: "itemNotFound", message })
export const conflict = (message: string) => new WorldFault({ status: 409, kind: "conflictingRequest", message })
export const overLimit = (message: string) =>
  new WorldFault({ status: 413, kind: "overLimit", message, retryAfter: "0" })
export const serverFault = (message: string) => new WorldFault({ status: 500, kind: "computeFault", message })

export const volumeNotFound = (id: string) => itemNotFound(`Volume ${id} could not be found.`)
export const snapshotNotFound = (id: string) => itemNotFound(`Snapshot ${id} could not be found.`)
export const backupNotFound = (id: string) => itemNotFound(`Backup ${id} could not be found.`)
export const serverNotFound = (id: string) => itemNotFound(`Instance ${id} could not be found.`)
export const typeNotFound = (name: string) => itemNotFound(`Volume type with name ${name} could not be found.`)
export const attachmentNotFound = (id: string) =>
  itemNotFound(`Volume attachment could not be found with filter: attachment_id = ${id}.`)
export const notAttached = (serverId: string, volumeId: string) =>
  itemNotFound(`Instance ${serverId} is not attached to volume ${volumeId}`)

export const invalidVolume = (problem: string) => badRequest(`Invalid volume: ${problem}`)
export const invalidSnapshot = (problem: string) => badRequest(`Invalid snapshot: ${problem}`)
export const invalidBackup = (problem: string) => badRequest(`Invalid backup: ${problem}`)
export const invalidInput = (problem: string) => badRequest(`Invalid input received: ${problem}`)
export const invalidField = (field: string, value: string, problem: string) =>
  badRequest(`Invalid input for field/attribute ${field}. Value: ${value}. ${problem}`)
