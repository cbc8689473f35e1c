import { Either } from "effect"
import { type ApiFault, badRequest, unexpected } from "./apiFaults.ts"
import { lastValues, pageParameters } from "./paging.ts"
import type { Call } from "./service.ts"

/** Which filters members may use from microversion 3.31 on, as the operator's `resource_filters.json` has them. */
export type ResourceFilters = Readonly<Record<string, ReadonlyArray<string>>>

/** The list that Cinder ships: https://docs.openstack.org/cinder/latest/admin/generalized_filters.html */
export const shippedFilters: ResourceFilters = {
  volume: [
    "name",
    "status",
    "metadata",
    "bootable",
    "migration_status",
    "availability_zone",
    "group_id",
    "size",
    "created_at",
    "updated_at",
    "consumes_quota"
  ],
  backup: ["name", "status", "volume_id"],
  snapshot: ["name", "status", "volume_id", "metadata", "availability_zone", "consumes_quota"],
  group: ["name"],
  group_snapshot: ["name", "status", "group_id"],
  attachment: ["volume_id", "status", "instance_id", "attach_status"],
  message: ["resource_uuid", "resource_type", "event_id", "request_id", "message_level"],
  pool: ["name", "volume_type"],
  volume_type: ["is_public", "extra_specs"]
}

const generalFiltersSince = 31

/** What a listing knew before operators could configure it, with the microversion that brought it. */
const legacyFilters: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  volume: { name: 0, status: 0, metadata: 0, availability_zone: 0, bootable: 0, group_id: 10, glance_metadata: 4 },
  snapshot: { name: 0, status: 0, volume_id: 0, metadata: 22 },
  backup: { name: 0, status: 0, volume_id: 0 },
  attachment: { volume_id: 0, status: 0, instance_id: 0, attach_status: 0 },
  message: { resource_uuid: 5, resource_type: 5, event_id: 5, request_id: 5, message_level: 5 }
}

const isNoFilter = (name: string, minor: number): boolean =>
  pageParameters.includes(name) || name === "all_tenants" || (name === "with_count" && minor >= 45)

/**
 * The filters of a listing. Unknown ones are refused from 3.31 on; below they are dropped, so that the listing shows more than
 * was asked for. Administrators are refused nothing.
 */
export const filtersOf = (
  call: Call,
  resource: string,
  allowed: ResourceFilters
): Either.Either<ReadonlyMap<string, string>, ApiFault> => {
  const { minor, isAdmin, query } = call
  const given = [...lastValues(query)].filter(([name]) => !isNoFilter(name, minor))
  if (minor < generalFiltersSince) {
    const known = legacyFilters[resource] ?? {}
    const isKnown = (name: string) => (known[name] ?? Number.POSITIVE_INFINITY) <= minor
    /** Cinder trips over a parameter that it drops and that is there twice. */
    const droppedTwice = given.some(([name]) => !isKnown(name) && query.filter(([same]) => same === name).length > 1)
    return droppedTwice ? Either.left(unexpected) : Either.right(new Map(given.filter(([name]) => isKnown(name))))
  }
  const unknown = given.map(([name]) => name).filter((name) => !(allowed[resource] ?? []).includes(name))
  return unknown.length > 0 && !isAdmin
    ? Either.left(badRequest(`Invalid filters ${unknown.join(", ")} are found in query options.`))
    : Either.right(new Map(given))
}
