import { Effect } from "effect"
import { Cinder } from "../ports/Cinder.ts"
import type { Backup } from "./Backup.ts"
import { isListed } from "./decisions/backup.ts"
import { isCut } from "./decisions/snapshot.ts"
import { type Listing, listPage } from "./pageTokens.ts"
import type { Snapshot } from "./Snapshot.ts"
import type { VolumeId } from "./Volume.ts"

/** In front of tokens that lead into the second list; alone, to its start. */
const inBackups = "backups."

const joined = <A, B>(first: Listing<A>, second: Listing<B>): Listing<A | B> => ({
  entries: [...first.entries, ...second.entries],
  nextToken: second.nextToken === undefined ? undefined : `${inBackups}${second.nextToken}`
})

const nothing: Listing<never> = { entries: [], nextToken: undefined }

/** One page of the snapshots and, where these end, of the backups: to CSI both are snapshots. */
export const makeListSnapshots = Effect.gen(function* () {
  const cinder = yield* Cinder

  return Effect.fnUntraced(function* (volumeId: VolumeId | undefined, maxEntries: number, token: string) {
    const backups = (most: number, from: string) =>
      listPage<Backup>((page) => cinder.listBackups(page, volumeId), isListed, most, from)

    if (token.startsWith(inBackups)) return joined(nothing, yield* backups(maxEntries, token.slice(inBackups.length)))
    const snapshots = yield* listPage<Snapshot>(
      (page) => cinder.listSnapshots(page, volumeId),
      isCut,
      maxEntries,
      token
    )
    if (snapshots.nextToken !== undefined) return snapshots
    const room = maxEntries - snapshots.entries.length
    if (maxEntries === 0 || room > 0) return joined(snapshots, yield* backups(maxEntries === 0 ? 0 : room, ""))
    const { entries } = yield* backups(1, "")
    return { ...snapshots, nextToken: entries.length === 0 ? undefined : inBackups }
  })
})
