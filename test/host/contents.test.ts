import { readFileSync, truncateSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { foreign, sizeMiB, write } from "./foreignContents.ts"
import { MiB, newDevice, onHost } from "./loopDisks.ts"

describe("what is on a real disk", () => {
  it.live.each(foreign)("%s is never taken for blank, and is not formatted over", ([, seen, make]) =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { disk, device } = yield* newDevice(sizeMiB)
        make(device.path)
        const contents = yield* host.contentsOf(device)
        assert.match(Object.values(contents).join(" "), seen)
        const before = readFileSync(disk.file)
        if (!/^Noise|without a known signature/.test(Object.values(contents).join())) {
          assert.match((yield* Effect.flip(host.format(device, "ext4", undefined, []))).message, /holds data by now/)
          assert.isTrue(before.equals(readFileSync(disk.file)))
        }
      })
    )
  )

  it.live("another kind of file system is recognised and keeps its type", () =>
    onHost(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { device } = yield* newDevice(sizeMiB)
        const boot = Buffer.alloc(512)
        Buffer.from(
          "eb3c904d53444f53352e3000020101000200020000f8400020004000000000000000000080002912345678",
          "hex"
        ).copy(boot)
        boot.write("NO NAME    FAT16   ", 43, "latin1")
        boot.writeUInt16LE(0xaa55, 510)
        boot.writeUInt16LE(40000, 19)
        write(device.path, 0, boot)
        const contents = yield* host.contentsOf(device)
        assert.strictEqual(contents._tag === "FileSystem" ? contents.type : contents._tag, "vfat")
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
        assert.match((yield* Effect.flip(host.format(gone, "ext4", undefined, []))).message, /the disk is gone/)
      })
    )
  )
})
