import { Clock, Duration, Effect, Fiber } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import { bounded } from "../process/bounded.ts"
import { glance } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import { bearsSomeVolume, type Disk, type Serial } from "./identity.ts"
import { makeReadSerials } from "./serialReads.ts"
import type { SlowRead } from "./slowReads.ts"
import type { Sysfs } from "./sysfs.ts"

/** What one disk has said since it was plugged in. */
interface Entry {
  readonly name: string
  readonly number: string
  readonly folder: bigint
  readonly instance: string
  readonly firstSeen: number
  serials: ReadonlyArray<Serial>
  readAt: number | undefined
  reading: Fiber.RuntimeFiber<void> | undefined
  isSilent: boolean
}

/** How long a disk that was never heard of is waited for. */
const answerLimit = Duration.seconds(2)

const isLoop = (name: string) => /^loop\d/.test(name)

const longestTrustMillis = 60_000

/**
 * A volume's id on a disk stands for as long as the disk is plugged in. A disk that named none may have been asked too
 * early, so it is asked again when it has been known for twice as long.
 */
export const isDue = ({ firstSeen, readAt, serials }: Pick<Entry, "firstSeen" | "readAt" | "serials">, now: number) => {
  if (readAt === undefined) return true
  if (bearsSomeVolume({ serials, backingFile: undefined })) return false
  return now - readAt >= Math.min(readAt - firstSeen, longestTrustMillis)
}

export interface DiskRegister {
  readonly list: (operation: string) => Effect.Effect<ReadonlyArray<Disk>, HostFailure>
  /** The loop device of this number, if it has a file. */
  readonly looped: (number: string) => ReadonlyArray<Disk>
  /** What is known of the disk turned out to be out of date. */
  readonly forget: (name: string) => void
}

/** The disks of this host, each asked once who it is. One that does not answer keeps no other from being found. */
export const makeDiskRegister = (
  { identity, limits }: Pick<HostOptions, "identity" | "limits">,
  sysfs: Sysfs,
  slowRead: SlowRead
): DiskRegister => {
  const readSerials = makeReadSerials(sysfs, slowRead)
  const known = new Map<string, Entry>()

  const enter = (name: string, now: number): ReadonlyArray<Entry> => {
    const folder = sysfs.folderOf(name)
    const before = known.get(name)
    if (folder === undefined) return []
    if (before?.folder === folder) return [before]
    const instance = sysfs.instanceOf(name)
    const number = sysfs.numberOf(name)
    // What was read of two disks that changed places meanwhile is not put together.
    if (instance === undefined || number === undefined || sysfs.folderOf(name) !== folder) return []
    const fresh = { serials: [], readAt: undefined, reading: undefined, isSilent: false }
    const entry: Entry = { name, number, folder, instance, firstSeen: now, ...fresh }
    known.set(name, entry)
    return [entry]
  }

  const enterAll = (now: number): ReadonlyArray<Entry> => {
    const names = sysfs.names().filter((name) => !isLoop(name))
    for (const name of known.keys()) if (!names.includes(name)) known.delete(name)
    return names.flatMap((name) => enter(name, now))
  }

  const ask = (entry: Entry) =>
    Effect.gen(function* () {
      const serials = yield* readSerials(entry.name, entry.folder)
      if (sysfs.folderOf(entry.name) !== entry.folder) return
      entry.serials = serials
      entry.readAt = yield* Clock.currentTimeMillis
    }).pipe(
      Effect.ignore,
      Effect.ensuring(
        Effect.sync(() => {
          entry.reading = undefined
          entry.isSilent = false
        })
      )
    )

  const isHeard = (entry: Entry, now: number) => entry.isSilent || (entry.reading === undefined && !isDue(entry, now))

  const hear = (entry: Entry): Effect.Effect<void> =>
    Effect.gen(function* () {
      if (entry.reading === undefined) entry.reading = yield* Effect.forkDaemon(ask(entry))
      const reading = entry.reading
      yield* bounded(Fiber.await(reading), Duration.min(answerLimit, limits.look))
      entry.isSilent = entry.reading === reading
    })

  const asDisk = ({ instance, isSilent, name, number, readAt, serials }: Entry): Disk => ({
    name,
    number,
    instance,
    serials,
    isSilent: isSilent && readAt === undefined,
    backingFile: undefined
  })

  const bySerial = (operation: string) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const entries = yield* glance(operation, () => enterAll(now))
      const unheard = entries.filter((entry) => !isHeard(entry, now))
      yield* Effect.forEach(unheard, hear, { concurrency: "unbounded", discard: true })
      return entries.map(asDisk)
    })

  /** The file behind a loop device changes while the device stays, and asking for it disturbs nobody. */
  const looped = (number: string): ReadonlyArray<Disk> => {
    const owner = sysfs.ownerOf(number)
    const backingFile = owner === undefined ? undefined : sysfs.backingFileOf(owner.name)
    return owner === undefined || backingFile === undefined
      ? []
      : [{ ...owner, number, serials: [], isSilent: false, backingFile }]
  }

  const byBackingFile = (operation: string) =>
    glance(operation, () =>
      sysfs
        .names()
        .filter(isLoop)
        .flatMap((name) => sysfs.numberOf(name) ?? [])
        .flatMap(looped)
    )

  return {
    list: identity === "serial" ? bySerial : byBackingFile,
    looped,
    forget: (name) => {
      known.delete(name)
    }
  }
}
