import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { makeDisk } from "./loopDisks.ts"
import { onItsWay, onNode } from "./onNode.ts"

describe("whether anything on a disk is mounted", () => {
  it.live.each(["ext4", "ext3", "xfs", "btrfs"])("is what the kernel shows in sysfs: %s", (fsType) =>
    onNode(
      Effect.gen(function* () {
        const host = yield* HostMounter
        const { volume } = yield* makeDisk(400)
        const number = Effect.map(host.findDevice(volume), (device) => device?.number)
        const isMounted = Effect.gen(function* () {
          const own = yield* number
          const { disks } = yield* host.plugPlaces
          return disks.find((disk) => disk.number === own)?.isMounted
        })
        const { stage, unstage } = yield* onItsWay(volume, { fsType })
        assert.isFalse(yield* isMounted)
        yield* stage()
        assert.isTrue(yield* isMounted)
        yield* unstage()
        assert.isFalse(yield* isMounted)
      })
    )
  )
})
