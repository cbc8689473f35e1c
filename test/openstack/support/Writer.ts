import { constants, type FileHandle, open } from "node:fs/promises"
import { assert } from "@effect/vitest"
import { Clock, Effect, Fiber, Schedule } from "effect"
import { pluggings } from "./deviceLog.ts"
import type { LabNode } from "./LabNode.ts"
import { fieldOf } from "./labCloud.ts"
import type { MadeVolume } from "./Pod.ts"

const recordBytes = 4096

interface Entry {
  readonly number: number
  readonly writer: string
}

/** A record that was on the disk, as far as fsync says, between the two times. */
interface Acknowledged extends Entry {
  readonly server: string
  readonly from: number
  readonly until: number
}

/** A program in a pod: it appends one record after another, and each counts once fsync has answered. */
export interface Writer {
  /** Waits until so many more records count; fails if it has ended. */
  readonly progress: (records?: number) => Effect.Effect<void, unknown>
  /** Waits until it ends with an error, as one gets it from a disk that is gone and from what the kernel makes of that. */
  readonly losesDisk: Effect.Effect<void, unknown>
  /** Its guest does not run for now. */
  readonly hold: Effect.Effect<void>
  readonly release: Effect.Effect<void>
  readonly stop: Effect.Effect<void>
}

const bytesOf = ({ number, writer }: Entry): Buffer => {
  const bytes = Buffer.alloc(recordBytes)
  bytes.write(`${number} ${writer}\n`)
  return bytes
}

const readEntry = async (file: FileHandle, number: number): Promise<Entry | undefined> => {
  const { buffer } = await file.read(Buffer.alloc(recordBytes), 0, recordBytes, (number - 1) * recordBytes)
  const [, found, writer] = /^(\d+) (\S+)\n/.exec(buffer.toString("latin1")) ?? []
  return found === undefined || writer === undefined ? undefined : { number: Number(found), writer }
}

const readEntries = (path: string) =>
  Effect.tryPromise(async () => {
    const file = await open(path, "r")
    const entries: Array<Entry> = []
    for (let next = await readEntry(file, 1); next !== undefined; next = await readEntry(file, entries.length + 1)) {
      entries.push(next)
    }
    await file.close()
    return entries
  })

/** How long nobody wrote, from the last record of one writer to the first of the next. */
const pauses = (acknowledged: ReadonlyArray<Acknowledged>) =>
  acknowledged.flatMap(({ writer, until }, index) => {
    const before = acknowledged[index - 1]
    return before === undefined || before.writer === writer ? [] : [((until - before.until) / 1000).toFixed(1)]
  })

/** Clocks of two processes, each rounded to a millisecond. */
const rounding = 2

/** What was written to one volume, wherever it was, and the proof that nothing of it is lost. */
export const makeLedger = ({ id, capability }: MadeVolume) => {
  const acknowledged: Array<Acknowledged> = []
  let writers = 0

  /** A file on the volume, or the raw disk itself. */
  const placeOf = (target: string) => (capability.accessType?.$case === "block" ? target : `${target}/records`)

  const start = ({ name, serverId }: LabNode, target: string) =>
    Effect.gen(function* () {
      writers += 1
      const writer = `${name}/${id}/${writers}`
      const path = placeOf(target)
      const file = yield* Effect.tryPromise(() => open(path, constants.O_CREAT | constants.O_RDWR))
      let number = (yield* readEntries(path)).length
      const latch = yield* Effect.makeLatch(true)

      const append = Effect.gen(function* () {
        const entry = { number: number + 1, writer }
        const from = yield* Clock.currentTimeMillis
        yield* Effect.tryPromise(async () => {
          await file.write(bytesOf(entry), 0, recordBytes, number * recordBytes)
          await file.sync()
        })
        number += 1
        acknowledged.push({ ...entry, server: serverId, from, until: yield* Clock.currentTimeMillis })
      })
      const fiber = yield* Effect.forkScoped(
        Effect.forever(Effect.all([latch.await, Effect.uninterruptible(append), Effect.sleep("20 millis")])).pipe(
          Effect.ensuring(Effect.promise(() => file.close().catch(() => undefined)))
        )
      )

      const reached = (wanted: number) =>
        Effect.suspend(() =>
          number >= wanted ? Effect.void : Effect.fail(new Error(`${writer} is at ${number}`))
        ).pipe(Effect.retry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(500))))
      return {
        progress: (records = 5) => Effect.suspend(() => Effect.raceFirst(reached(number + records), Fiber.join(fiber))),
        losesDisk: Effect.map(Effect.flip(Fiber.join(fiber)), (error) =>
          assert.oneOf(fieldOf(error, "error", "code"), ["EIO", "EROFS", "ENOSPC"])
        ),
        hold: latch.close,
        release: latch.open,
        stop: Effect.asVoid(Fiber.interrupt(fiber))
      } satisfies Writer
    })

  /**
   * To be called where the volume is now. `pulled`: how often its disk was taken from a guest that still used it, as only
   * a failure does.
   */
  const prove = (target: string, { pulled = 0 } = {}) =>
    Effect.gen(function* () {
      const entries = yield* readEntries(placeOf(target))
      assert.deepStrictEqual(
        entries.map(({ number }) => number),
        entries.map((_, index) => index + 1)
      )
      const turns = entries.map(({ writer }) => writer).filter((writer, index, all) => writer !== all[index - 1])
      assert.deepStrictEqual(turns, [...new Set(turns)], "no writer comes back after another")
      for (const { number, writer } of acknowledged) {
        assert.deepStrictEqual(entries[number - 1], { number, writer }, "what counts is there")
      }
      assert.isAtMost(entries.length - acknowledged.length, writers, "a writer has one record under way at most")

      const idle = pauses(acknowledged)
      if (idle.length > 0) yield* Effect.logInfo(`pauses between writers: ${idle.join(", ")} s`)

      const times = pluggings(id)
      for (const [index, { server, from }] of times.entries()) {
        const before = times[index - 1]
        assert.isAtLeast(from, before?.until ?? 0, `${server} gets the disk after ${before?.server} has lost it`)
      }
      for (const record of acknowledged) {
        // One that is begun in the last moment may count a little after it, but never once another server has the disk.
        const hadDisk = times.some(
          ({ server, from, until }, index) =>
            server === record.server &&
            from <= record.from + rounding &&
            record.from <= until + rounding &&
            record.until <= (times[index + 1]?.from ?? Number.POSITIVE_INFINITY)
        )
        assert.isTrue(hadDisk, `record ${record.number} was written while ${record.server} had the disk`)
      }
      assert.strictEqual(times.filter(({ inUse }) => inUse).length, pulled, "disks pulled while in use")
    })

  return { start, prove, count: () => acknowledged.length }
}

export type Ledger = ReturnType<typeof makeLedger>
