import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, LogLevel } from "effect"
import { makeHostMemory } from "../../src/adapters/memory/HostMemory.ts"
import type { PluggedDisk, PlugPlaces } from "../../src/domain/PlugPlaces.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { servicesOn } from "./nodeHarness.ts"

const root: PluggedDisk = {
  name: "vda",
  number: "252:0",
  bus: { _tag: "VirtioBlk" },
  isVolume: false,
  isMounted: true
}

/** A node on a machine with so many free ports. */
const machineOf = (free: number) =>
  Effect.gen(function* () {
    const { server } = yield* makeHostMemory()
    const memory = server("server-1")
    let looks = 0
    let ports = free
    const plugPlaces = Effect.sync((): PlugPlaces => {
      looks += 1
      const slots = Array.from({ length: ports }, (_, index) => ({ address: `${index}`, isPort: true, isFree: true }))
      return { disks: [root], slots, scsiDevices: new Map() }
    })
    const layer = Layer.succeed(HostMounter, { ...memory.mounter, plugPlaces })
    const limitWith = (options: Parameters<typeof servicesOn>[1]) =>
      Effect.map(servicesOn({ ...memory, layer }, options), ({ volumes }) =>
        Effect.map(volumes.info, ({ maxVolumes }) => maxVolumes)
      )
    return {
      faults: memory.faults,
      limitWith,
      looks: () => looks,
      setFree: (count: number) => {
        ports = count
      }
    }
  })

describe("the volumes that a node says it takes", () => {
  it.effect("are as many as the machine shows now, and the log tells each change once", () => {
    const told: Array<unknown> = []
    const log = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ message }) => {
        told.push(Array.isArray(message) ? message[0] : message)
      })
    )
    return Effect.gen(function* () {
      const { limitWith, setFree } = yield* machineOf(4)
      const limit = yield* limitWith({ maxVolumes: 256, limitFromGuest: true })
      assert.deepStrictEqual([yield* limit, yield* limit], [4, 4])
      setFree(2)
      assert.deepStrictEqual([yield* limit, yield* limit], [2, 2])
      assert.deepStrictEqual(told, [
        "volumes for this node: 4 (0 attached, 4 free of 4 PCI Express ports for hot-plug (virtio-blk))",
        "volumes for this node: 2 (0 attached, 2 free of 2 PCI Express ports for hot-plug (virtio-blk))"
      ])
    }).pipe(Effect.provide(log), Logger.withMinimumLogLevel(LogLevel.Info))
  })

  it.effect("are as configured for as long as the machine cannot be looked at", () =>
    Effect.gen(function* () {
      const { faults, limitWith } = yield* machineOf(4)
      const limit = yield* limitWith({ maxVolumes: 24, limitFromGuest: true })
      yield* faults.fail("mounts")
      assert.deepStrictEqual([yield* limit, yield* limit], [24, 4])
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  )

  it.effect("are as configured, without a look, where the operator's number counts", () =>
    Effect.gen(function* () {
      const { limitWith, looks } = yield* machineOf(4)
      assert.strictEqual(yield* yield* limitWith({ maxVolumes: 24 }), 24)
      assert.strictEqual(looks(), 0)
    })
  )
})
