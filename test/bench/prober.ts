import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Duration, Effect, Fiber } from "effect"
import { makeCsiClient } from "../../src/adapters/csi/client.ts"

/**
 * Probes a driver over a connection of its own, every two milliseconds unless an answer takes longer, until its standard
 * input ends; then prints the answer times in milliseconds as JSON. A process of its own, as livenessprobe is.
 */
const [target = ""] = process.argv.slice(2)

const untilInputEnds = Effect.async<void>((resume) => {
  process.stdin.resume().once("end", () => resume(Effect.void))
})

const probing = Effect.gen(function* () {
  const csi = yield* makeCsiClient(target)
  const times: Array<number> = []
  yield* csi.probe({}, { timeout: "10 seconds" })
  yield* Console.log("ready")
  const prober = yield* Effect.fork(
    Effect.timed(csi.probe({}, { timeout: "10 seconds" })).pipe(
      Effect.tap(([duration]) => Effect.sync(() => times.push(Duration.toMillis(duration)))),
      Effect.zipRight(Effect.sleep("2 millis")),
      Effect.forever
    )
  )
  yield* untilInputEnds
  yield* Fiber.interrupt(prober)
  yield* Console.log(JSON.stringify(times))
})

NodeRuntime.runMain(Effect.scoped(probing))
