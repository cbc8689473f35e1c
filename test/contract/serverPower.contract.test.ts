import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { World } from "../../src/adapters/memory/index.ts"
import { WorldFault } from "../../src/adapters/memory/worldErrors.ts"
import { ServerId } from "../../src/domain/Server.ts"
import type { ServerEvidence } from "../../src/domain/ServerEvidence.ts"
import { ServerPower } from "../../src/ports/ServerPower.ts"
import { clouds } from "./clouds.ts"

const servers = [{ name: "node-1" }]
const gone = ServerId("00000000-0000-4000-8000-000000000000")

const nodeOne = Effect.gen(function* () {
  const { control } = yield* World
  return ServerId((yield* control.lookUpServer("node-1"))?.id ?? "")
})

/** What a reading says apart from the times and the cloud's own names. */
const shown = (id: ServerId) =>
  Effect.gen(function* () {
    const { status, task, power, locked, hostStatus } = yield* (yield* ServerPower).look(id)
    return { status, task, power, locked, hostStatus }
  })

const runs: Omit<ServerEvidence, "hostId" | "updatedAt"> = {
  status: "ACTIVE",
  task: undefined,
  power: "running",
  locked: false,
  hostStatus: undefined
}
const isOff: typeof runs = { ...runs, status: "SHUTOFF", power: "off" }

describe.each(clouds)("the power of a server %s", (_, cloud) => {
  it.scopedLive("is shown with its host and the time of its record", () =>
    Effect.gen(function* () {
      const id = yield* nodeOne
      const power = yield* ServerPower
      const { hostId, updatedAt } = yield* power.look(id)
      assert.isNumber(updatedAt)
      assert.isNotEmpty(hostId)
      assert.deepStrictEqual(yield* shown(id), runs)
      const { control } = yield* World
      yield* control.setServer(id, { host: "another", vmState: "stopped" })
      assert.notStrictEqual((yield* power.look(id)).hostId, hostId)
      assert.deepStrictEqual(yield* shown(id), isOff)
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("goes off when it is stopped, and stays on where the compute host is dead", () =>
    Effect.gen(function* () {
      const id = yield* nodeOne
      const power = yield* ServerPower
      const { control } = yield* World
      yield* control.setServer(id, { computeUp: false })
      yield* power.stop(id)
      assert.deepStrictEqual(yield* shown(id), { ...runs, task: "powering-off" })
      yield* control.setServer(id, { computeUp: true })
      const settled = shown(id).pipe(
        Effect.tap(() => Effect.yieldNow()),
        Effect.repeat({ until: ({ task }) => task === undefined })
      )
      assert.deepStrictEqual(yield* settled, isOff)
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("cannot be changed of a server that is gone, off, locked or busy", () =>
    Effect.gen(function* () {
      const id = yield* nodeOne
      const power = yield* ServerPower
      const { control } = yield* World
      assert.strictEqual((yield* Effect.flip(power.look(gone)))._tag, "ServerNotFound")
      assert.strictEqual((yield* Effect.flip(power.stop(gone)))._tag, "ServerNotFound")
      for (const change of [
        { vmState: "stopped" },
        { vmState: "active", taskState: "rebooting" },
        { taskState: undefined, locked: true }
      ] as const) {
        yield* control.setServer(id, change)
        const error = yield* Effect.flip(power.stop(id))
        assert.strictEqual(error._tag === "CloudFailure" ? error.reason : error._tag, "conflict")
      }
    }).pipe(Effect.provide(cloud({ servers })))
  )

  it.scopedLive("is asked to stop once, and looked at again where the cloud fails for a moment", () =>
    Effect.gen(function* () {
      const id = yield* nodeOne
      const power = yield* ServerPower
      const { faults, calls } = yield* World
      const fault = new WorldFault({ status: 503, kind: "computeFault", message: "away" })
      yield* faults.failCall({ call: "showServer", fault })
      assert.deepStrictEqual(yield* shown(id), runs)
      yield* calls.reset
      const lost = new WorldFault({ status: 500, kind: "computeFault", message: "lost" })
      yield* faults.failCall({ call: "stopServer", fault: lost })
      yield* Effect.flip(power.stop(id))
      assert.deepStrictEqual(yield* calls.counts, { stopServer: 1 })
    }).pipe(Effect.provide(cloud({ servers })))
  )
})
