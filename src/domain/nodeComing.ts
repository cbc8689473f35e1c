import { Effect, Schedule } from "effect"
import { OwnNodes } from "../ports/OwnNodes.ts"
import { decideComing } from "./decisions/nodeComingAndGoing.ts"
import { startupTaint } from "./OwnNode.ts"

/** A node that keeps its taint takes no pods, so that it is tried for as long as the process lives. */
const pauses = Schedule.jittered(Schedule.union(Schedule.exponential("1 second"), Schedule.spaced("30 seconds")))

/** Takes the startup taint from the own node as soon as kubelet has registered the driver. */
export const removeStartupTaint: Effect.Effect<void, never, OwnNodes> = Effect.gen(function* () {
  const nodes = yield* OwnNodes
  const once = Effect.gen(function* () {
    const node = yield* nodes.look
    const isRegistered = node !== undefined && (yield* nodes.registered(node)) !== undefined
    const verdict = decideComing({ node, isRegistered })
    if (verdict === "removeTaint" && node !== undefined) {
      yield* nodes.removeStartupTaint(node)
      yield* Effect.logInfo(`node ${node.name}: ${startupTaint} is removed, since the driver is registered`)
    }
    return verdict !== "wait"
  }).pipe(
    Effect.catchAll((error) =>
      Effect.as(error._tag === "NodeChanged" ? Effect.void : Effect.logWarning(error.message), false)
    )
  )
  yield* Effect.repeat(once, { until: (isDone) => isDone, schedule: pauses })
})
