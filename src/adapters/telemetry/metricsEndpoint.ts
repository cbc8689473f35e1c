import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Data, Effect, type Scope } from "effect"
import type { DriverMetrics } from "./DriverMetrics.ts"

/** The address cannot be listened at; the problem is a sentence for the operator. */
export class MetricsEndpointFailure extends Data.TaggedError("MetricsEndpointFailure")<{ readonly problem: string }> {
  override get message() {
    return this.problem
  }
}

export interface ListenAddress {
  /** Undefined means every address of the machine. */
  readonly host: string | undefined
  /** 0 takes any free port. */
  readonly port: number
}

/** Serves `GET /metrics` until the Scope closes and answers with the port. Nothing can be changed through it. */
export const serveMetrics = (
  metrics: Pick<DriverMetrics, "render" | "contentType">,
  address: ListenAddress
): Effect.Effect<number, MetricsEndpointFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        createServer((request, response) => {
          if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") {
            response.writeHead(404, { "content-type": "text/plain" }).end("only GET /metrics is served here\n")
            return
          }
          metrics.render().then(
            (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
            () => response.writeHead(500).end()
          )
        })
      ),
      (open) =>
        Effect.async<void>((resume) => {
          open.close(() => resume(Effect.void))
          open.closeAllConnections()
        })
    )
    return yield* Effect.async<number, MetricsEndpointFailure>((resume) => {
      server.once("error", (error) =>
        resume(Effect.fail(new MetricsEndpointFailure({ problem: `cannot serve metrics: ${error.message}` })))
      )
      server.listen(address.port, address.host, () => {
        const bound: AddressInfo | string | null = server.address()
        resume(Effect.succeed(typeof bound === "object" && bound !== null ? bound.port : address.port))
      })
    })
  })
