import { Context, type Effect } from "effect"
import type { CloudFailure, ServerNotFound, UnknownPageToken } from "../domain/errors.ts"
import type { DescribedBackup, DescribedSnapshot, DescribedVolume } from "../domain/Inventory.ts"
import type { Server, ServerId } from "../domain/Server.ts"
import type { Page, PageRequest } from "./Cinder.ts"

type List<A> = (page: PageRequest) => Effect.Effect<Page<A>, CloudFailure | UnknownPageToken>

/**
 * All that a project has, page by page. It can only be read: who holds this port can change nothing. A list fails with
 * `UnknownPageToken` when the row that its marker names is gone.
 */
export class CloudInventory extends Context.Tag("cinder-csi/ports/CloudInventory")<
  CloudInventory,
  {
    readonly volumes: List<DescribedVolume>
    readonly snapshots: List<DescribedSnapshot>
    /** `unsupported` by clouds that do not show what is written on a backup. */
    readonly backups: List<DescribedBackup>
    /** Newest first. A part of the cloud that does not answer is left out: absence proves nothing, `server` does. */
    readonly servers: List<Server>
    readonly server: (id: ServerId) => Effect.Effect<Server, CloudFailure | ServerNotFound>
  }
>() {}
