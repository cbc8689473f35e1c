import { Clock, Effect } from "effect"
import { Telemetry } from "../ports/Telemetry.ts"
import { makeBoundedMemory } from "./boundedMemory.ts"
import { type AttachLimit, isRecent, isStillFull, tooManyFallBacks } from "./decisions/attachLimit.ts"
import type { Server, ServerId } from "./Server.ts"

/** Which servers take no more disks, as far as this process has found out. It only spares Nova the question. */
export interface AttachLimits {
  /** What Nova said when it found the server full, as long as that holds. */
  readonly fullness: (server: Server) => Effect.Effect<string | undefined>
  readonly noteFull: (server: Server, detail: string) => Effect.Effect<void>
  /** Nova gave up an attachment that it had accepted; answers how many in a row that were. */
  readonly noteFallBack: (server: ServerId) => Effect.Effect<number>
  readonly noteAttached: (server: ServerId) => Effect.Effect<void>
  /** Makes room, whatever was known before. */
  readonly noteDetached: (server: ServerId) => Effect.Effect<void>
}

export const makeAttachLimits: Effect.Effect<AttachLimits> = Effect.map(Telemetry, ({ shows }) => {
  const limits = makeBoundedMemory<AttachLimit>()
  const fallBacks = makeBoundedMemory<number>()
  shows({
    _tag: "FullServers",
    read: Effect.map(
      Clock.currentTimeMillis,
      (now) => [...limits.values()].filter((limit) => isRecent(limit, now)).length
    )
  })
  return {
    fullness: (server) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const limit = limits.get(server.id)
        if (limit === undefined) return undefined
        if (isStillFull(limit, server, now)) return limit.detail
        limits.forget(server.id)
        return undefined
      }),
    noteFull: (server, detail) =>
      Effect.map(Clock.currentTimeMillis, (at) => {
        limits.set(server.id, { detail, at, disks: server.volumeIds?.length })
        fallBacks.forget(server.id)
      }),
    noteFallBack: (server) =>
      Effect.sync(() => {
        const inARow = Math.min((fallBacks.get(server) ?? 0) + 1, tooManyFallBacks)
        fallBacks.set(server, inARow)
        return inARow
      }),
    noteAttached: (server) => Effect.sync(() => fallBacks.forget(server)),
    noteDetached: (server) =>
      Effect.sync(() => {
        limits.forget(server)
        fallBacks.forget(server)
      })
  }
})
