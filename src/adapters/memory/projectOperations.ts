import { Either } from "effect"
import { answerOnly, found } from "./decisions.ts"
import { pageOf } from "./IndexedTable.ts"
import { isValue } from "./matching.ts"
import type { WorldCinder } from "./World.ts"
import type { Engine } from "./worldEngine.ts"
import { attachmentNotFound, conflict, itemNotFound } from "./worldErrors.ts"
import { followAttachments, pairOf } from "./worldState.ts"

/** What Cinder tells about the project as a whole, and its attachment rows. */
export const projectOperations = (
  engine: Engine
): Pick<
  WorldCinder,
  | "listVolumeTypes"
  | "showVolumeType"
  | "listVolumeZones"
  | "quotaSet"
  | "listMessages"
  | "listAttachments"
  | "showAttachment"
  | "deleteAttachment"
> => {
  const { state, settings } = engine
  const findAttachment = (id: string) => found(state.attachments.get(id), () => attachmentNotFound(id))
  return {
    listVolumeTypes: engine.request("listVolumeTypes", () => Either.right(answerOnly(state.types))),
    showVolumeType: (id) =>
      engine.request("showVolumeType", () =>
        found(
          state.types.find((type) => type.id === id || (id === "default" && type.isDefault)),
          () => itemNotFound(`Volume type ${id} could not be found.`)
        ).pipe(Either.map(answerOnly))
      ),
    listVolumeZones: engine.request("listVolumeZones", () =>
      Either.right(
        answerOnly(settings.volumeZones.map(({ name, available }) => ({ name, available: available ?? true })))
      )
    ),
    quotaSet: engine.request("quotaSet", () => Either.right(answerOnly(state.quota.set()))),
    listMessages: ({ resourceId, limit }) =>
      engine.request("listMessages", () => {
        const entries =
          resourceId === undefined ? state.messages.entries() : state.messages.entriesWhere("resourceId", resourceId)
        const newestFirst = { matches: () => true, compare: () => 0, direction: "desc" as const, after: undefined }
        return Either.right(answerOnly(pageOf(entries, { ...newestFirst, limit }).rows))
      }),
    listAttachments: ({ volumeId, serverId, status, limit, marker }) =>
      engine.request("listAttachments", () =>
        Either.gen(function* () {
          const after =
            marker === undefined
              ? undefined
              : yield* found(state.attachments.entry(marker), () => attachmentNotFound(marker))
          const candidates =
            volumeId !== undefined
              ? state.attachments.entriesWhere("volumeId", volumeId)
              : serverId !== undefined
                ? state.attachments.entriesWhere("serverId", serverId)
                : state.attachments.entries()
          return answerOnly(
            pageOf(candidates, {
              matches: (row) => isValue(row.serverId, serverId) && isValue(row.status, status),
              compare: () => 0,
              direction: "desc",
              limit,
              after
            })
          )
        })
      ),
    showAttachment: (id) => engine.request("showAttachment", () => Either.map(findAttachment(id), answerOnly)),
    deleteAttachment: (id) =>
      engine.request("deleteAttachment", (now) =>
        Either.gen(function* () {
          const { serverId, volumeId } = yield* findAttachment(id)
          if (state.bdms.rowsWhere("pair", pairOf(serverId, volumeId)).length > 0) {
            return yield* Either.left(
              conflict(`ConflictNovaUsingAttachment: Detach volume from instance ${serverId} using the Compute API`)
            )
          }
          state.attachments.remove(id)
          followAttachments(state, volumeId, now)
          return answerOnly(undefined)
        })
      )
  }
}
