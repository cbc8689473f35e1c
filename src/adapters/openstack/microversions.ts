import { Effect } from "effect"
import { CloudFailure } from "../../domain/errors.ts"
import type { ServiceClient } from "./OpenStackHttp.ts"

/**
 * The least microversions that have what is needed; without one Cinder speaks 3.0
 * (https://docs.openstack.org/cinder/latest/contributor/api_microversion_history.html).
 */
export const withMessageFilters = "3.5"
export const withAttachments = "3.27"
export const withExtendInUse = "3.42"
export const withBackupMetadata = "3.43"
/** Older clouds pass `backup_id` over and make an empty volume. */
export const withBackupAsSource = "3.47"
export const withBackupZone = "3.51"

/**
 * The same of Nova, which without one speaks 2.1. From 2.101 on it accepts an attach before it has looked at it, so that a
 * refusal leaves no trace (https://docs.openstack.org/nova/latest/reference/api-microversion-history.html).
 */
export const withLocked = "2.9"
/** The first one that shows how the compute host does, to those who may see it. */
export const withHostStatus = "2.16"
export const withShelvedServers = "2.20"
export const withMultiattach = "2.60"

/** For clouds that must not be asked for a microversion: what needs one is refused before it is sent. */
export const withoutMicroversions =
  (send: ServiceClient): ServiceClient =>
  (request) =>
    request.microversion === undefined
      ? send(request)
      : Effect.fail(
          new CloudFailure({
            service: "Cinder",
            operation: request.operation,
            reason: "unsupported",
            detail: `it needs microversion ${request.microversion}, and ignore-volume-microversion in [BlockStorage] forbids to ask for one`,
            requestId: undefined
          })
        )
