import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import {
  nodeWithDisk,
  plugNew,
  publishRequest,
  servicesOn,
  stageRequest,
  stagingPath,
  targetPath,
  volumeId
} from "./nodeHarness.ts"

const published = Effect.tap(nodeWithDisk(), ({ publishing, staging }) =>
  Effect.zipRight(staging.stage(stageRequest()), publishing.publish(publishRequest()))
)

const healthy = { _tag: "Healthy" as const }

describe("the health of a volume", () => {
  it.effect("is told where it is staged and where it is published", () =>
    Effect.gen(function* () {
      const { volumes } = yield* published
      assert.deepStrictEqual(yield* volumes.health(volumeId, stagingPath), healthy)
      assert.deepStrictEqual(yield* volumes.health(volumeId, targetPath), healthy)
    })
  )

  it.effect("is unknown where the volume is not, with its disk here or not", () =>
    Effect.gen(function* () {
      const { memory, volumes } = yield* nodeWithDisk()
      assert.strictEqual((yield* volumes.health(volumeId, targetPath))._tag, "Unknown")
      yield* memory.disks.unplug("server-1", volumeId)
      assert.strictEqual((yield* volumes.health(volumeId, targetPath))._tag, "Unknown")
    })
  )

  it.effect("is bad below a mount whose disk is gone, and stays so after the volume came back as another disk", () =>
    Effect.gen(function* () {
      const { memory, volumes } = yield* published
      const reason = Effect.map(volumes.health(volumeId, targetPath), (health) =>
        health._tag === "Sick" ? health.troubles[0]?.reason : health._tag
      )
      yield* memory.disks.unplug("server-1", volumeId)
      assert.strictEqual(yield* reason, "DiskGone")
      yield* plugNew(memory, "another volume takes the number")
      yield* memory.disks.plug("server-1", volumeId)
      assert.strictEqual(yield* reason, "DiskGone")
    })
  )

  for (const operation of ["mounts", "findDevice", "pulseOf", "vitalsOf"] as const) {
    it.effect(`is unknown, and no error, if ${operation} fails`, () =>
      Effect.gen(function* () {
        const { host, volumes } = yield* published
        yield* host.faults.fail(operation)
        assert.strictEqual((yield* volumes.health(volumeId, targetPath))._tag, "Unknown")
        assert.deepStrictEqual(yield* volumes.health(volumeId, targetPath), healthy)
      })
    )
  }

  it.effect("is asked of the host anew after a restart of the driver", () =>
    Effect.gen(function* () {
      const { host } = yield* published
      const restarted = yield* servicesOn(host)
      assert.deepStrictEqual(yield* restarted.volumes.health(volumeId, targetPath), healthy)
    })
  )

  it.effect("as far as the mount table shows it is logged once with the figures, which are told all the same", () =>
    Effect.gen(function* () {
      const { host } = yield* published
      const lines: Array<string> = []
      const log = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => {
          lines.push(String(message))
        })
      )
      const turned = Effect.map(host.mounter.mounts, (mounts) =>
        mounts.map((mount) => ({ ...mount, turnedReadOnly: mount.target === targetPath }))
      )
      const { volumes } = yield* servicesOn({
        ...host,
        layer: Layer.succeed(HostMounter, { ...host.mounter, mounts: turned })
      })
      const figures = yield* Effect.repeatN(volumes.usage(volumeId, targetPath), 2).pipe(Effect.provide(log))
      assert.strictEqual(figures._tag, "mount")
      assert.deepStrictEqual(
        lines.map((line) => /the kernel made .* read-only after an error/.test(line)),
        [true]
      )
    })
  )
})
