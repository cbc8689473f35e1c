import { Effect, type Scope } from "effect"
import type { DiskBackend } from "../DiskBackend.ts"
import { makeWorld } from "../worldLayer.ts"
import type { WorldOptions } from "../worldSettings.ts"
import type { ListenFault } from "./httpServer.ts"
import { makeOpenStackHttp, type OpenStackHttp, type OpenStackHttpOptions } from "./makeOpenStackHttp.ts"

/** The project, and how it is served. */
export interface ServeOptions {
  readonly world?: WorldOptions
  readonly http?: Omit<OpenStackHttpOptions, "world">
}

/** A cloud for a process of its own: a World and its HTTP face, alive as long as the scope. */
export const openStackServer = (
  options: ServeOptions = {}
): Effect.Effect<OpenStackHttp, ListenFault, DiskBackend | Scope.Scope> =>
  Effect.flatMap(makeWorld(options.world ?? {}), (world) => makeOpenStackHttp({ ...options.http, world }))
