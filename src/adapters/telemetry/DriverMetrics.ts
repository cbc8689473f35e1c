import { Effect, Metric, Runtime } from "effect"
import { collectDefaultMetrics, Gauge, Registry } from "prom-client"
import type { Watcher } from "../../ports/Telemetry.ts"
import { abandonedChildren } from "../process/abandoned.ts"
import { makeActivityMetrics } from "./activityMetrics.ts"
import { makeReadingMetrics } from "./readingMetrics.ts"
import { makeRequestMetrics, type RequestsOf } from "./requestMetrics.ts"

/** Everything that `GET /metrics` tells; docs/metrics.md has the table. */
export interface DriverMetrics {
  readonly requestsOf: RequestsOf
  /** Who watches the work for one cloud; `""` for what is of no cloud, and for the one without a name. */
  readonly watcherFor: (cloud: string) => Watcher
  /** Prometheus text of everything known now. Those who ask meanwhile share the answer. */
  readonly render: () => Promise<string>
  readonly contentType: string
}

export const makeDriverMetrics = (version: string): Effect.Effect<DriverMetrics> =>
  Effect.map(Effect.runtime<never>(), (runtime) => {
    const registry = new Registry()
    const registers = [registry]
    const activities = makeActivityMetrics(registers, () => performance.now())
    const readings = makeReadingMetrics(registers)
    const { begins, answered } = activities
    new Gauge({
      name: "cinder_csi_build_info",
      help: "1, with the versions of the driver and of Node",
      labelNames: ["version", "node"],
      registers
    }).set({ version, node: process.version }, 1)
    const abandoned = new Gauge({
      name: "cinder_csi_abandoned_commands",
      help: "Commands that SIGKILL does not end, most likely because a disk does not answer",
      registers
    })
    collectDefaultMetrics({ register: registry })

    const refresh = Effect.gen(function* () {
      abandoned.set((yield* Metric.value(abandonedChildren)).value)
      activities.refresh()
      yield* readings.refresh
    })
    let rendering: Promise<string> | undefined
    return {
      requestsOf: makeRequestMetrics(registers),
      watcherFor: (cloud) => ({ begins, answered, shows: (reading) => readings.shows(cloud, reading) }),
      render: () => {
        rendering ??= Runtime.runPromise(runtime)(refresh)
          .then(() => registry.metrics())
          .finally(() => {
            rendering = undefined
          })
        return rendering
      },
      contentType: registry.contentType
    }
  })
