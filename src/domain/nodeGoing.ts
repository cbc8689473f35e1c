import { Clock, Data, Duration, Effect } from "effect"
import { OwnNodes } from "../ports/OwnNodes.ts"
import { decideGoing, type GoingFacts } from "./decisions/nodeComingAndGoing.ts"

const pause = Duration.seconds(3)

/** The node's volumes are still here, and the time for waiting is over. */
export class StillUsed extends Data.TaggedError("StillUsed")<{
  readonly what: string
  readonly limit: Duration.Duration
}> {
  override get message() {
    return `after ${Duration.format(this.limit)} the node plugin ends although ${this.what}`
  }
}

/** Waits on a node that is being emptied until this driver's volumes have left it, and not at all on any other. */
export const awaitGoing = (limit: Duration.Duration): Effect.Effect<void, StillUsed, OwnNodes> =>
  Effect.gen(function* () {
    const nodes = yield* OwnNodes
    const deadline = (yield* Clock.currentTimeMillis) + Duration.toMillis(limit)
    const look = (attachments: GoingFacts["attachments"]) =>
      Effect.map(nodes.look, (node) => decideGoing({ node, attachments }))
    const once = look(undefined).pipe(
      Effect.flatMap((verdict) =>
        verdict._tag === "LookAtAttachments" ? Effect.flatMap(nodes.attachments, look) : Effect.succeed(verdict)
      ),
      Effect.map((verdict) =>
        verdict._tag === "Wait" ? `volumes are still here: ${verdict.volumes.join(", ")}` : undefined
      ),
      Effect.catchAll((error) => Effect.succeed(`it is not known which volumes are still here: ${error.message}`))
    )
    let said: string | undefined
    while (true) {
      const what = yield* once
      if (what === undefined) return
      if ((yield* Clock.currentTimeMillis) + Duration.toMillis(pause) > deadline)
        return yield* new StillUsed({ what, limit })
      if (what !== said) yield* Effect.logInfo(what)
      said = what
      yield* Effect.sleep(pause)
    }
  })
