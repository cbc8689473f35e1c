import { Either } from "effect"
import type { HintsRecord } from "../worldTypes.ts"
import type { ApiFault } from "./apiFaults.ts"
import { invalidField, type Rule, uuid } from "./bodies.ts"
import { isObject, type Json, type JsonObject, pythonRepr } from "./json.ts"

/** Stands beside the volume in a body: https://docs.openstack.org/api-ref/block-storage/v3/#create-a-volume */
const memberName = "OS-SCH-HNT:scheduler_hints"

/** One id or a list of them without repetition; an id need not be that of a volume. */
const volumes: Rule = (value) => {
  const ids = Array.isArray(value) ? value : [value]
  if (new Set(ids).size < ids.length) return `${pythonRepr(value)} has non-unique elements`
  return ids.map(uuid).find((problem) => problem !== undefined)
}

const idsIn = (member: JsonObject, field: string): Either.Either<ReadonlyArray<string>, ApiFault> => {
  const value: Json = member[field] ?? []
  const problem = volumes(value)
  if (problem !== undefined) return Either.left(invalidField(field, value, problem))
  return Either.right((Array.isArray(value) ? value : [value]).filter((id) => typeof id === "string"))
}

/** The hints in the body of a creation; undefined when there are none. */
export const schedulerHintsIn = (body: Json | undefined): Either.Either<HintsRecord | undefined, ApiFault> => {
  const member = isObject(body) ? body[memberName] : undefined
  if (member === undefined || member === null) return Either.right(undefined)
  if (!isObject(member)) {
    return Either.left(invalidField(memberName, member, `${pythonRepr(member)} is not of type 'object', 'null'`))
  }
  return Either.all({ sameHost: idsIn(member, "same_host"), differentHost: idsIn(member, "different_host") })
}
