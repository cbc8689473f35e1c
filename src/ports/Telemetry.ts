import { Context, Effect } from "effect"
import type { ServerId } from "../domain/Server.ts"
import type { VolumeId, VolumeStatus } from "../domain/Volume.ts"
import type { AwaitedOperation } from "./CloudWatch.ts"
import type { DiskTraffic } from "./HostMounter.ts"

/** Where calls and requests stand in line: what they wait for a place at. */
export type Line = "changes" | "cinder" | "cinder_slow" | "nova" | "nova_slow" | "nova_server" | "disk_read" | "format"

/** Why a server is waited for: Nova works on it, its compute host is down, or Nova refuses and does not say why. */
export type ServerWait = "server_task" | "host_down" | "server_refuses"

/** What a call waits for; `disk`: a volume's disk to appear on the node. */
export type WaitReason = Exclude<AwaitedOperation, "task"> | ServerWait | "disk"

/** What goes on for a while, so that it matters for how long it has. */
export type Activity =
  | { readonly _tag: "Call"; readonly method: string }
  | { readonly _tag: "Lock" }
  | { readonly _tag: "Line"; readonly line: Line }
  | { readonly _tag: "Wait"; readonly reason: WaitReason }
  /** A call that attaches to the server or detaches from it. */
  | { readonly _tag: "Attachment"; readonly serverId: ServerId }

/** A call that has its answer. */
export interface AnsweredCall {
  readonly method: string
  /** What it was about; equal texts are the same call, made again. */
  readonly subject: string
  /** Whether it asks for a change, which its caller repeats until it succeeds. */
  readonly changes: boolean
  /** The name of a gRPC code. */
  readonly code: string
  readonly seconds: number
}

/** How many volumes a node takes and has. */
export interface NodeRoom {
  /** What was answered to kubelet last; undefined before that. 0 is no limit. */
  readonly limit: number | undefined
  /** Undefined where the disks cannot be looked at. */
  readonly attached: number | undefined
}

/** A staged volume and what has gone to and from its disk. */
export interface StagedDisk {
  readonly volumeId: VolumeId
  readonly traffic: DiskTraffic
}

/** What can be looked up at any time, at next to no price: never by a request to the cloud. */
export type Reading =
  | { readonly _tag: "NodeRoom"; readonly read: Effect.Effect<NodeRoom> }
  | { readonly _tag: "StagedDisks"; readonly read: Effect.Effect<ReadonlyArray<StagedDisk>> }
  | { readonly _tag: "FullServers"; readonly read: Effect.Effect<number> }
  /** How many volumes there were of each status when somebody last asked for the list of all; undefined before that. */
  | { readonly _tag: "Volumes"; readonly read: Effect.Effect<ReadonlyMap<VolumeStatus, number> | undefined> }

/** Whoever watches the driver at work. Its methods neither throw nor block. */
export interface Watcher {
  /** Answers with what is to be called when it is over. */
  readonly begins: (activity: Activity) => () => void
  readonly answered: (call: AnsweredCall) => void
  readonly shows: (reading: Reading) => void
}

const nothing = () => undefined

/** By default nobody watches, which costs nothing. */
export const unwatched: Watcher = { begins: () => nothing, answered: nothing, shows: nothing }

/** Whoever watches the driver at work: provide a `Watcher` to be told. By default nobody does. */
export class Telemetry extends Context.Reference<Telemetry>()("cinder-csi/ports/Telemetry", {
  defaultValue: () => unwatched
}) {}

/** Shows the activity for as long as the effect runs. */
export const watched =
  (activity: Activity) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Telemetry, (watcher) =>
      watcher === unwatched
        ? effect
        : Effect.acquireUseRelease(
            Effect.sync(() => watcher.begins(activity)),
            () => effect,
            (ends) => Effect.sync(ends)
          )
    )
