import { Context, type Effect } from "effect"
import type { HostFailure } from "../domain/errors.ts"
import type { ServerId } from "../domain/Server.ts"
import type { PathKind } from "./HostMounter.ts"

/** A program that staging or publishing may run. */
export interface ToolSeen {
  readonly program: string
  readonly debianPackage: string
  /** Its own words about itself; undefined where it does not start. */
  readonly version: string | undefined
}

export interface FolderSeen {
  readonly path: string
  /** Of the last component, not followed. */
  readonly kind: PathKind
  /** With every link on the way followed; the path itself where there is none. */
  readonly real: string
  /** Where the file system is mounted that holds it. */
  readonly mountedAt: string
  /** Whether mounts made below it reach others and come from them (https://docs.kernel.org/filesystems/sharedsubtree.html). */
  readonly propagation: "shared" | "slave" | "private"
}

/** What one source says about who this machine is. */
export interface IdentitySeen {
  /** Such as "metadata service". */
  readonly source: string
  /** Undefined where it does not tell, with the reason in `problem`. */
  readonly serverId: ServerId | undefined
  readonly zone: string | undefined
  readonly problem: string | undefined
}

/** What a plugin answers at its socket. */
export interface PluginSeen {
  readonly name: string
  readonly version: string
  readonly ready: boolean
  /** Undefined where it serves no node, with its reason in `problem`. */
  readonly nodeId: string | undefined
  readonly problem: string | undefined
}

/** What the doctor looks at on a node. It changes nothing, and every answer comes in limited time. */
export class NodeSurvey extends Context.Tag("cinder-csi/ports/NodeSurvey")<
  NodeSurvey,
  {
    readonly identities: Effect.Effect<ReadonlyArray<IdentitySeen>>
    readonly tools: Effect.Effect<ReadonlyArray<ToolSeen>>
    /** Names and serials of the disks that may be volumes. */
    readonly disks: Effect.Effect<ReadonlyArray<string>>
    readonly folder: (path: string) => Effect.Effect<FolderSeen, HostFailure>
    /** Fails where nobody answers at the socket. */
    readonly plugin: (socket: string) => Effect.Effect<PluginSeen, HostFailure>
  }
>() {}
