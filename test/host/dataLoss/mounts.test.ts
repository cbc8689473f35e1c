import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HostMounter } from "../../../src/ports/HostMounter.ts"
import { MiB, makeDisk, mountsBelow, Scratch, sh } from "../loopDisks.ts"
import { onItsWay, onNode } from "../onNode.ts"
import { otherNamespace } from "../otherNamespace.ts"
import { copyTo, families, inHaste, refusal, staged } from "./tried.ts"

describe("a pod", () => {
  it.live("does not get the node's root disk where the stage was lost", () =>
    onNode(
      Effect.gen(function* () {
        const { publish, stagingPath, target } = yield* staged("ext4")
        sh("umount", stagingPath)
        const { code } = yield* refusal(publish())
        assert.deepStrictEqual([code, existsSync(target)], ["FAILED_PRECONDITION", false])
      })
    )
  )

  it.live("does not get another volume that is mounted where its own should be, not for a moment", () => {
    const bound: Array<string> = []
    return onNode(
      Effect.gen(function* () {
        const { stagingPath } = yield* staged("ext4")
        const disk = yield* makeDisk(64)
        const { publish, stage, target } = yield* onItsWay(disk.volume)
        assert.strictEqual((yield* refusal(publish({ stagingPath }))).code, "FAILED_PRECONDITION")
        assert.strictEqual((yield* refusal(stage({ stagingPath }))).code, "ALREADY_EXISTS")
        assert.deepStrictEqual([existsSync(target), bound], [false, []])
        assert.strictEqual(sh("du", "--block-size=1", disk.file).split("\t")[0], "0")
      }),
      (host) => ({
        bind: (source, target, readOnly) => {
          bound.push(source)
          return host.bind(source, target, readOnly)
        }
      })
    )
  })

  it.live("does not have files of the node's hidden or deleted that lie at its target", () =>
    onNode(
      Effect.gen(function* () {
        const { publish, target, unpublish } = yield* staged("ext4")
        mkdirSync(target)
        writeFileSync(join(target, "note"), "of the node")
        assert.strictEqual((yield* refusal(publish())).code, "FAILED_PRECONDITION")
        assert.strictEqual((yield* refusal(unpublish())).code, "FAILED_PRECONDITION")
        assert.strictEqual(readFileSync(join(target, "note"), "utf8"), "of the node")
      })
    )
  )

  it.live("cannot lead us elsewhere by a symbolic link", () =>
    onNode(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const { publish, target, unpublish, stage, unstage, stagingPath } = yield* staged("ext4")
        const elsewhere = join(folder, "elsewhere")
        mkdirSync(elsewhere)
        symlinkSync(elsewhere, target)
        const aside = join(folder, "kubelet", "aside")
        symlinkSync(elsewhere, aside)
        for (const call of [publish(), unpublish(), stage({ stagingPath: aside }), unstage(aside)]) {
          assert.strictEqual((yield* refusal(call)).code, "FAILED_PRECONDITION")
        }
        assert.deepStrictEqual([readdirSync(elsewhere), mountsBelow(folder)], [[], [stagingPath]])
      })
    )
  )

  it.live("does not get a mounted file system's disk raw", () =>
    onNode(
      Effect.gen(function* () {
        const { disk } = yield* staged("ext4")
        const raw = yield* onItsWay(disk.volume, "block")
        const { code, message } = yield* refusal(raw.publish())
        assert.strictEqual(code, "FAILED_PRECONDITION")
        assert.include(message, "is mounted at")
        assert.isFalse(existsSync(raw.target))
      })
    )
  )
})

describe("a volume in use", () => {
  it.live("is not taken from a pod that has a file open, and all is on the disk once it is closed", () =>
    onNode(
      Effect.gen(function* () {
        const { disk, stage, stagingPath, unstage } = yield* staged("ext4")
        const pod = yield* Effect.acquireRelease(
          Effect.sync(() => spawn("sleep", ["60"], { cwd: stagingPath, stdio: "ignore" })),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        writeFileSync(join(stagingPath, "note"), Buffer.alloc(4 * MiB, 7))
        const { code, message } = yield* refusal(unstage())
        assert.strictEqual(code, "INTERNAL")
        assert.include(message, `sleep (pid ${pod.pid})`)
        assert.isTrue(existsSync(join(stagingPath, "note")))
        const ended = once(pod, "exit")
        pod.kill("SIGKILL")
        yield* Effect.promise(() => ended)
        yield* unstage()
        const copy = yield* makeDisk(64)
        copyTo(copy, disk)
        const other = yield* onItsWay(copy.volume)
        yield* other.stage()
        yield* stage()
        for (const path of [stagingPath, other.stagingPath]) {
          assert.isTrue(readFileSync(join(path, "note")).equals(Buffer.alloc(4 * MiB, 7)))
        }
      })
    )
  )

  it.live("that is mounted elsewhere already is neither checked nor formatted", () =>
    onNode(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const { stage, stagingPath, disk } = yield* staged("ext4")
        const elsewhere = join(folder, "elsewhere")
        mkdirSync(elsewhere)
        sh("umount", stagingPath)
        sh("mount", disk.loop, elsewhere)
        writeFileSync(join(elsewhere, "note"), "written meanwhile")
        yield* stage()
        assert.strictEqual(readFileSync(join(stagingPath, "note"), "utf8"), "written meanwhile")
      })
    )
  )

  it.live.each(["ext4", "xfs"] as const)(
    "that still stands in another mount namespace is not checked there, and goes on as one file system: %s",
    (family) =>
      onNode(
        Effect.gen(function* () {
          const { stage, stagingPath, unstage } = yield* staged(family)
          const keeper = yield* otherNamespace
          yield* unstage()
          yield* stage()
          writeFileSync(join(stagingPath, "note"), "kept")
          assert.strictEqual(readFileSync(`/proc/${keeper}/root${stagingPath}/note`, "utf8"), "kept")
        })
      )
  )

  it.live("does not shrink", () =>
    onNode(
      Effect.gen(function* () {
        const { expand, publish, measure } = yield* staged("ext4")
        yield* publish()
        const before = yield* measure()
        assert.strictEqual(yield* expand(BigInt(16 * MiB)), BigInt(64 * MiB))
        assert.deepStrictEqual(yield* measure(), before)
      })
    )
  )

  it.live("is not said to have grown while its disk has not", () =>
    onNode(
      Effect.gen(function* () {
        const { expand, publish } = yield* staged("xfs")
        yield* publish()
        const { code, message } = yield* refusal(inHaste(expand(BigInt(800 * MiB))))
        assert.strictEqual(code, "UNAVAILABLE")
        assert.match(message, /asked for/)
      })
    )
  )
})

describe("a copy of a volume", () => {
  it.live.each(["ext4", "xfs", "btrfs"] as const)(
    "is used beside its original, and each keeps its own files: %s",
    (family) =>
      onNode(
        Effect.gen(function* () {
          const host = yield* HostMounter
          const { folder } = yield* Scratch
          const original = yield* staged(family)
          writeFileSync(join(original.stagingPath, "note"), "of both")
          yield* original.unstage()
          const copy = yield* makeDisk(families[family])
          copyTo(copy, original.disk)
          yield* original.stage()
          const { stage, stagingPath } = yield* onItsWay(copy.volume)
          yield* stage()
          assert.strictEqual(readFileSync(join(stagingPath, "note"), "utf8"), "of both")
          writeFileSync(join(stagingPath, "note"), "of the copy")
          writeFileSync(join(original.stagingPath, "note"), "of the original")
          assert.strictEqual(readFileSync(join(stagingPath, "note"), "utf8"), "of the copy")
          const sources = (yield* host.mounts).filter(({ target }) => target.startsWith(`${folder}/`))
          assert.deepStrictEqual(
            sources.map(({ source }) => source),
            [original.disk.loop, copy.loop]
          )
        })
      )
  )
})
