import assert from "node:assert/strict"
import { it } from "node:test"
import { Effect, Layer } from "effect"
import { bytesOf, Clouds } from "effect-cinder-csi/domain"
import { layerCloudMemory } from "effect-cinder-csi/memory"
import { layerPolling } from "effect-cinder-csi/waiting"
import { northAndSouth } from "./northAndSouth.ts"

const inMemory = (seed: number) => layerPolling().pipe(Layer.provideMerge(layerCloudMemory({ seed })))

it("keeps the volumes of two clouds apart and lists them together", () =>
  Effect.gen(function* () {
    const { served, listVolumes } = yield* Clouds
    for (const { volumes } of served.values()) {
      yield* volumes.provision({
        name: "scratch",
        capacity: { requiredBytes: bytesOf(1), limitBytes: undefined },
        capabilities: [{ access: { _tag: "block" }, mode: "SINGLE_NODE_WRITER" }],
        parameters: {},
        source: undefined,
        topology: undefined
      })
      assert.equal((yield* volumes.list(0, "")).entries.length, 1)
    }
    assert.equal((yield* listVolumes(0, "")).entries.length, 2)
  }).pipe(Effect.provide(northAndSouth(inMemory(1), inMemory(2))), Effect.runPromise))
