import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Clock, Effect } from "effect"
import { codeOf } from "../../../src/adapters/csi/status.ts"
import { CallDeadline } from "../../../src/domain/CallDeadline.ts"
import type { DomainError } from "../../../src/domain/errors.ts"
import { type LoopDisk, makeDisk, mountsBelow, Scratch, sh } from "../loopDisks.ts"
import { onItsWay } from "../onNode.ts"

/** What a disk holds, to the byte. */
export const digest = ({ file, loop }: LoopDisk): string => {
  sh("blockdev", "--flushbufs", loop)
  return createHash("sha256").update(readFileSync(file)).digest("hex")
}

/** Makes a blank disk hold what another holds now, as a snapshot of Cinder's does. */
export const copyTo = (blank: LoopDisk, { file }: LoopDisk): void => {
  sh("dd", `if=${file}`, `of=${blank.loop}`, "bs=1M", "conv=sparse,fsync", "status=none")
}

/** The code and the sentence in which a call is refused; a call that succeeds fails the test. */
export const refusal = <A, R>(call: Effect.Effect<A, DomainError, R>) =>
  Effect.map(Effect.flip(call), (error) => ({ code: status[codeOf(error)], message: error.message }))

/** A caller who waits for two seconds, so that no test sits out the wait for a disk that never comes. */
export const inHaste = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.provideService(call, CallDeadline, now + 2_000))

/** File systems, and MiB that a disk needs for each. */
export const families = { ext4: 64, ext3: 64, xfs: 400, btrfs: 400 } as const
export type Family = keyof typeof families

/** A disk on which somebody keeps a file. */
export const filled = (family: Family) =>
  Effect.gen(function* () {
    const { folder } = yield* Scratch
    const disk = yield* makeDisk(families[family])
    sh(`mkfs.${family}`, "-q", disk.loop)
    const at = join(folder, `filling-${disk.volume}`)
    mkdirSync(at)
    sh("mount", disk.loop, at)
    writeFileSync(join(at, "note"), "dear to somebody")
    sh("umount", at)
    return disk
  })

export const untouched = (disk: LoopDisk, before: string) =>
  Effect.map(Scratch, ({ folder }) => assert.deepStrictEqual([digest(disk), mountsBelow(folder)], [before, []]))

/** A volume with a fresh file system, ready for pods. */
export const staged = (family: Family) =>
  Effect.gen(function* () {
    const disk = yield* makeDisk(families[family])
    const pod = yield* onItsWay(disk.volume, { fsType: family })
    yield* pod.stage()
    return { disk, ...pod }
  })
