import { Context, type Effect } from "effect"
import type { DescribedDisk } from "../domain/DescribedDisk.ts"
import type { IdentityUnknown } from "../domain/errors.ts"
import type { ServerId } from "../domain/Server.ts"

/** Which server this machine is. */
export interface InstanceIdentity {
  readonly serverId: ServerId
  /** Nova's availability zone; undefined where the source does not tell. */
  readonly zone: string | undefined
  /** Which source answered, for people: such as "config drive". */
  readonly source: string
}

/** Who this machine is in OpenStack. */
export class InstanceMetadata extends Context.Tag("cinder-csi/ports/InstanceMetadata")<
  InstanceMetadata,
  {
    /** Cheap after the first success, since identity never changes in the life of a server. Safe to repeat. */
    readonly identity: Effect.Effect<InstanceIdentity, IdentityUnknown>
    /**
     * As Nova told within the last 5 seconds; empty where it does not tell. Nova itself answers from a copy. Answers within
     * seconds. Safe to repeat.
     */
    readonly disks: Effect.Effect<ReadonlyArray<DescribedDisk>>
  }
>() {}
