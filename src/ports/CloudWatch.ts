import { Context, type Effect } from "effect"
import type { Backup, BackupId } from "../domain/Backup.ts"
import type { StillWorking } from "../domain/errors.ts"
import type { Server, ServerId } from "../domain/Server.ts"
import type { Snapshot, SnapshotId } from "../domain/Snapshot.ts"
import type { Volume, VolumeId } from "../domain/Volume.ts"
import type { ServerWait } from "./Telemetry.ts"

/** What one look at an awaited object means. */
export type Observation<A, E> =
  | { readonly _tag: "Settled"; readonly value: A }
  | { readonly _tag: "Failed"; readonly error: E }
  | { readonly _tag: "Pending"; readonly state: string; readonly because: ServerWait | undefined }

/** It has ended well. */
export const settled = <A>(value: A): Observation<A, never> => ({ _tag: "Settled", value })
/** It has ended badly: nothing is left to wait for. */
export const failed = <E>(error: E): Observation<never, E> => ({ _tag: "Failed", error })
/** `because` says what keeps a server from being ready, where a server is waited for. */
export const pending = (state: string, because?: ServerWait): Observation<never, never> => ({
  _tag: "Pending",
  state,
  because
})

/** `seen` is undefined when the object is gone; `waitedMillis` counts from the start of the wait. */
export type Judge<Seen, A, E> = (seen: Seen | undefined, waitedMillis: number) => Observation<A, E>

/** `task`: what Nova or its administrators do to a server, which nobody has asked for here. */
export type AwaitedOperation = "create" | "delete" | "extend" | "attach" | "detach" | "task"

/**
 * All waiting for the cloud. A port of its own so that many waits can share one poll: who waits says what for, never how
 * often to ask. Looks that fail are repeated; a wait ends with `StillWorking` shortly before the caller's deadline, when
 * its own budget is spent, or when the cloud refuses the look for good.
 */
export class CloudWatch extends Context.Tag("cinder-csi/ports/CloudWatch")<
  CloudWatch,
  {
    readonly volume: <A, E>(
      id: VolumeId,
      operation: AwaitedOperation,
      judge: Judge<Volume, A, E>
    ) => Effect.Effect<A, E | StillWorking>
    readonly snapshot: <A, E>(
      id: SnapshotId,
      operation: AwaitedOperation,
      judge: Judge<Snapshot, A, E>
    ) => Effect.Effect<A, E | StillWorking>
    readonly server: <A, E>(
      id: ServerId,
      operation: AwaitedOperation,
      judge: Judge<Server, A, E>
    ) => Effect.Effect<A, E | StillWorking>
    readonly backup: <A, E>(
      id: BackupId,
      operation: AwaitedOperation,
      judge: Judge<Backup, A, E>
    ) => Effect.Effect<A, E | StillWorking>
  }
>() {}
