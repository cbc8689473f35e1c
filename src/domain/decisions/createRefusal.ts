import {
  type CloudFailure,
  type DomainError,
  InvalidInput,
  OutOfRange,
  Refused,
  SnapshotNotFound,
  VolumeNotFound
} from "../errors.ts"
import type { VolumePlan } from "./plan.ts"

/** What a refused creation means: another zone may do, or the caller gets the error. */
export type CreateRefusal =
  | { readonly _tag: "OtherZone"; readonly detail: string }
  | { readonly _tag: "Final"; readonly error: DomainError }

/** Names the type that was asked for, which may hold any word. */
const unknownType = /volume type .*could not be found|invalid volume_type/i

const final = (error: DomainError): CreateRefusal => ({ _tag: "Final", error })

/**
 * Reads Cinder's sentence, since one status covers every bad field
 * (https://docs.openstack.org/api-ref/block-storage/v3/#create-a-volume). Failures that are no refusal stay as they are.
 */
export const readCreateRefusal = (failure: CloudFailure, plan: VolumePlan): CreateRefusal => {
  const { detail, reason } = failure
  if (reason !== "invalid" && reason !== "notFound") return final(failure)
  const wrongType = final(new InvalidInput({ field: `parameters["type"]`, problem: `is refused by Cinder: ${detail}` }))
  if (unknownType.test(detail)) return wrongType
  if (/zone/i.test(detail)) return { _tag: "OtherZone", detail }
  if (/volume[ _]type/i.test(detail)) return wrongType
  if (reason === "notFound" && plan.source !== undefined) {
    return final(
      plan.source._tag === "snapshot"
        ? new SnapshotNotFound({ id: plan.source.id })
        : new VolumeNotFound({ id: plan.source.id })
    )
  }
  if (/\bsize\b/i.test(detail)) {
    return final(new OutOfRange({ field: "capacity_range", problem: `is refused by Cinder: ${detail}` }))
  }
  return final(new Refused({ subject: `volume ${plan.name}`, because: detail, remedy: undefined }))
}
