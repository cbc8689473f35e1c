import { Effect, type Scope } from "effect"
import type { RequestObserver } from "../adapters/openstack/observer.ts"
import type { MetricsEndpointFailure } from "../adapters/telemetry/metricsEndpoint.ts"
import { unwatched, type Watcher } from "../ports/Telemetry.ts"
import type { Address } from "./endpoint.ts"
import { version } from "./version.ts"

/** Who watches the driver at work, for each cloud by its name. */
export interface Watching {
  /** `""` is for what is of no cloud, too. */
  readonly watcherFor: (cloud: string) => Watcher
  readonly requestsOf: (cloud: string) => RequestObserver
}

const nobody: Watching = { watcherFor: () => unwatched, requestsOf: () => () => undefined }

/** Counts and serves the counts if an address is given; the library for it is loaded only then. */
export const observing = (address: Address | undefined): Effect.Effect<Watching, MetricsEndpointFailure, Scope.Scope> =>
  Effect.gen(function* () {
    if (address === undefined) return nobody
    const [{ makeDriverMetrics }, { serveMetrics }] = yield* Effect.promise(() =>
      Promise.all([
        import("../adapters/telemetry/DriverMetrics.ts"),
        import("../adapters/telemetry/metricsEndpoint.ts")
      ])
    )
    const metrics = yield* makeDriverMetrics(version)
    const port = yield* serveMetrics(metrics, address)
    yield* Effect.logInfo(`metrics are served on port ${port}`)
    return metrics
  })
