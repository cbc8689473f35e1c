import { Effect, type Scope } from "effect"
import type { RequestObserver } from "../adapters/openstack/observer.ts"
import type { MetricsEndpointFailure } from "../adapters/telemetry/metricsEndpoint.ts"
import { unwatched, type Watcher } from "../ports/Telemetry.ts"
import type { Address } from "./endpoint.ts"
import { version } from "./version.ts"

/** Who watches the work for one cloud; `""` for what is of no cloud. */
export type Watching = (cloud: string) => { readonly watcher: Watcher; readonly observe: RequestObserver }

const nobody: Watching = () => ({ watcher: unwatched, observe: () => undefined })

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
    return (cloud) => ({
      watcher: metrics.watcherFor(cloud),
      observe: (request) => metrics.observeRequest(cloud, request)
    })
  })
