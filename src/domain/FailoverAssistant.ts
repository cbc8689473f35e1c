import { Clock, Context, Duration, Effect, Layer } from "effect"
import { ClusterNodes, type NodeEvent } from "../ports/ClusterNodes.ts"
import { ServerPower } from "../ports/ServerPower.ts"
import { type ClusterNode, isOutOfService, isOwnTaint, isSameOutage } from "./ClusterNode.ts"
import { NodeChanged } from "./clusterErrors.ts"
import { decideFailover, type FailoverFacts, type FailoverVerdict, type Seen } from "./decisions/failover.ts"
import { CloudFailure } from "./errors.ts"
import { FailoverSettings } from "./FailoverSettings.ts"
import { failoverEvent } from "./failoverEvents.ts"
import { makeOutageMemory } from "./failoverMemory.ts"
import type { ServerId } from "./Server.ts"

/** Between two looks at the cluster. */
const pause = "10 seconds"

/** What stays true is said again after so long, so that it is still among the events of the last hour. */
const sayAgainMillis = 600_000

/** Nodes that are looked at at the same time: each look asks Kubernetes and Nova. */
const mostAtOnce = 4

/** What Nova tells later is about a node that was looked at long ago. */
const novaLimit = Duration.seconds(30)

const silent = new CloudFailure({
  service: "Nova",
  operation: "show server",
  reason: "unanswered",
  detail: `no answer within ${Duration.format(novaLimit)}`,
  requestId: undefined
})

/** Of a clock that goes on evenly when the time of the day is set. */
const steadyMillis = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/**
 * Watches nodes that Kubernetes misses, and says that one is out of service once Nova shows twice that its server is off.
 * One that is started anew while it waits for the second reading begins again with the first.
 */
export class FailoverAssistant extends Context.Tag("cinder-csi/domain/FailoverAssistant")<
  FailoverAssistant,
  {
    /** One look at every node that is missed or was given up; what fails is logged and tried again with the next one. */
    readonly look: Effect.Effect<void>
    /** Looks for ever. */
    readonly run: Effect.Effect<never>
  }
>() {
  static readonly layer = Layer.effect(
    FailoverAssistant,
    Effect.gen(function* () {
      const nodes = yield* ClusterNodes
      const power = yield* ServerPower
      const options = yield* FailoverSettings
      const memory = makeOutageMemory()
      const rules = {
        lostMillis: Duration.toMillis(options.lostAfter),
        betweenMillis: Duration.toMillis(options.betweenReadings),
        stopServers: options.stopServers
      }

      const askNova = (node: ClusterNode, server: ServerId): Effect.Effect<Seen> =>
        power.look(server).pipe(
          Effect.timeoutFail({ duration: novaLimit, onTimeout: () => silent }),
          Effect.catchTag("ServerNotFound", () => Effect.succeed("gone" as const)),
          Effect.catchTag("CloudFailure", (error) =>
            Effect.as(Effect.logWarning(`node ${node.name}: ${error.message}`), "unseen" as const)
          )
        )

      const say = Effect.fnUntraced(function* (node: ClusterNode, event: NodeEvent) {
        const text = `${event.reason}: ${event.note}`
        const now = yield* steadyMillis
        const { said } = memory.of(node, "unseen")
        if (said?.text === text && now - said.at < sayAgainMillis) return
        memory.note(node, { said: { text, at: now } })
        yield* Effect.logInfo(`node ${node.name}: ${text}`)
        yield* nodes.report(node, event)
      })

      const readFacts = Effect.fnUntraced(function* (name: string, cluster: FailoverFacts["cluster"]) {
        const node = yield* nodes.get(name)
        // A driver that was ended in good order, as when its server shuts down, is registered no more.
        const server = (yield* nodes.serverOf(node)) ?? node.providerServer
        const now = yield* Clock.currentTimeMillis
        const askedAt = yield* steadyMillis
        const isOpen = node.ready === "Unknown" && !node.taints.some(isOutOfService)
        const seen = isOpen && server !== undefined ? yield* askNova(node, server) : "unseen"
        const at = yield* steadyMillis
        const { first, hostAtFirst, stopAsked } = memory.of(node, seen)
        const reading = { askedAt, at, seen, lostSince: node.readySince, bootId: node.bootId }
        return { node, now, server, reading, first, hostAtFirst, stopAsked, cluster } satisfies FailoverFacts
      })

      const carryOut = Effect.fnUntraced(function* (node: ClusterNode, verdict: FailoverVerdict) {
        switch (verdict._tag) {
          case "Nothing":
          case "Wait":
          case "Explain":
            return
          case "Taint":
            return yield* nodes.taint(node, verdict.mark)
          case "RemoveTaint":
            return yield* nodes.removeTaint(node)
          case "Stop":
            // No version guards this request, and Nova's answer may have taken its time.
            if (!isSameOutage(node, yield* nodes.get(node.name))) return yield* new NodeChanged({ name: node.name })
            // Noted first: whatever becomes of the request, it is not repeated in this outage.
            memory.note(node, { stopAsked: true })
            return yield* power.stop(verdict.server)
        }
      }, Effect.uninterruptible)

      const lookAt = (name: string, cluster: FailoverFacts["cluster"]) =>
        Effect.gen(function* () {
          const facts = yield* readFacts(name, cluster)
          const { node } = facts
          const verdict = decideFailover(facts, rules)
          const acts = verdict._tag === "Taint" || verdict._tag === "RemoveTaint" || verdict._tag === "Stop"
          const first = verdict._tag === "Wait" ? verdict.first : acts ? facts.first : undefined
          memory.note(node, { first })
          if (!options.dryRun) {
            yield* carryOut(node, verdict)
            if (acts) memory.note(node, { first: undefined })
          }
          const event = failoverEvent(verdict, options.dryRun)
          if (event !== undefined) yield* say(node, event)
        }).pipe(
          Effect.catchTag("NodeNotFound", () => Effect.void),
          Effect.catchAll((error) => Effect.logWarning(`node ${name}: ${error.message}`))
        )

      const look = Effect.gen(function* () {
        const all = yield* nodes.list
        const lost = all.filter(({ ready }) => ready === "Unknown")
        const watched = all.filter((node) => node.ready === "Unknown" || node.taints.some(isOwnTaint))
        memory.keep(watched)
        const cluster = { nodes: all.length, lost: lost.length }
        yield* Effect.forEach(watched, ({ name }) => lookAt(name, cluster), { concurrency: mostAtOnce, discard: true })
      }).pipe(
        Effect.catchAll((error) => Effect.logWarning(error.message)),
        Effect.withSpan("FailoverAssistant.look")
      )

      return { look, run: Effect.forever(Effect.zipRight(look, Effect.sleep(pause))) }
    })
  )
}
