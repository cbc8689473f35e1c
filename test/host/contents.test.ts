import { readFileSync, truncateSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { foreign, sizeMiB } from "./foreignContents.ts"
import { MiB, newDevice, onHost, sh } from "./loopDisks.ts"

describe("what is on a real disk", () => {
  it.live.each(foreign)("%s is never taken for blank, and is not formatted over", ([, seen, make]) =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { disk, device } = yield* newDevice(sizeMiB)
        make(device.path)
        // Closing a disk writes back only if nobody else, such as losetup in another test, has it open at that moment.
        sh("blockdev", "--flushbufs", device.path)
        const contents = yield* host.contentsOf(device)
        assert.match(Object.values(contents).join(" "), seen)
        const before = readFileSync(disk.file)
        if (!/^Noise|without a known signature/.test(Object.values(contents).join())) {
          assert.match(
            (yield* Effect.flip(host.format(device, "Blank", "ext4", undefined, []))).message,
            /holds data by now/
          )
          assert.isTrue(before.equals(readFileSync(disk.file)))
        }
      })
    )
  )

  it.live("cannot be told if the disk is shorter than the kernel says, and is no proof of blankness", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { disk, device } = yield* newDevice(sizeMiB)
        truncateSync(disk.file, (sizeMiB / 2) * MiB)
        const failure = yield* Effect.flip(host.contentsOf(device))
        assert.match(failure.message, /could not see what is on/)
      })
    )
  )

  it.live("cannot be told of a disk that has gone", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(sizeMiB)
        const gone = { ...device, number: "7:1048575" }
        assert.match((yield* Effect.flip(host.contentsOf(gone))).message, /the disk is gone/)
        assert.match(
          (yield* Effect.flip(host.format(gone, "Blank", "ext4", undefined, []))).message,
          /the disk is gone/
        )
      })
    )
  )
})
