import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js"
import { Data, type Duration, Effect } from "effect"
import { makeInFlight } from "./inFlight.ts"
import { type Calls, makeCalls } from "./unary.ts"
import { clearStale, restrict } from "./unixSocket.ts"

/** Where to listen. An undefined host means every address of the machine. */
export type ServeEndpoint =
  | { readonly _tag: "Unix"; readonly path: string }
  | { readonly _tag: "Tcp"; readonly address: { readonly host: string | undefined; readonly port: number } }

/** A gRPC service, ready to be given the means to run its calls. */
export type Service = (calls: Calls) => {
  readonly definition: ServiceDefinition
  readonly handlers: UntypedServiceImplementation
}

export interface ServeOptions {
  readonly endpoint: ServeEndpoint
  readonly services: ReadonlyArray<Service>
  /** Most time for a call whose client set no deadline; 5 minutes unless given. */
  readonly budget?: Duration.DurationInput
  /** Most time for calls in flight once the scope closes; 25 seconds unless given, below Kubernetes' 30. */
  readonly drain?: Duration.DurationInput
}

/** The server cannot listen; the problem is a sentence for the operator. */
export class ServeFailure extends Data.TaggedError("ServeFailure")<{
  readonly endpoint: string
  readonly problem: string
}> {
  override get message() {
    return `cannot serve CSI at ${this.endpoint}: ${this.problem}`
  }
}

/** A server that takes calls. */
export interface Served {
  /** What a client connects to: `unix:/path` or `host:port`. */
  readonly target: string
}

const megabyte = 1_048_576

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host)

const targetOf = (endpoint: ServeEndpoint): string =>
  endpoint._tag === "Unix"
    ? `unix:${endpoint.path}`
    : `${bracketed(endpoint.address.host ?? "::")}:${endpoint.address.port}`

const bind = (server: Server, target: string): Effect.Effect<number, string> =>
  Effect.async((resume) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) =>
      resume(error === null ? Effect.succeed(port) : Effect.fail(error.message))
    )
  })

/** Refuses new calls, takes the socket's file away and waits until the calls in flight are answered. */
const closed = (server: Server): Effect.Effect<void> =>
  Effect.async((resume) => server.tryShutdown(() => resume(Effect.void)))

/**
 * Serves CSI until the scope closes. Then new calls are refused, and those in flight, with work that nobody waits for
 * any more, get the `drain` time to end. Works with nothing but a UNIX socket's file mode (0600) for protection, as
 * CSI has it; TCP is for tests.
 */
export const serve = Effect.fn("CsiServer.serve")(function* (options: ServeOptions) {
  const { endpoint, services, budget = "5 minutes", drain = "25 seconds" } = options
  const asFailure = Effect.mapError((problem: string) => new ServeFailure({ endpoint: targetOf(endpoint), problem }))
  const inFlight = yield* makeInFlight
  const calls = yield* makeCalls(inFlight, budget)
  const server = new Server({ "grpc.max_receive_message_length": 4 * megabyte })
  for (const service of services) {
    const { definition, handlers } = service(calls)
    server.addService(definition, handlers)
  }

  if (endpoint._tag === "Unix") yield* asFailure(clearStale(endpoint.path))
  yield* Effect.addFinalizer(() =>
    Effect.zipRight(closed(server), inFlight.idle).pipe(
      Effect.timeoutOption(drain),
      // Finalizers are uninterruptible, and a time-out waits for a loser that cannot be interrupted.
      Effect.interruptible,
      Effect.zipRight(inFlight.abandon),
      Effect.ensuring(Effect.sync(() => server.forceShutdown()))
    )
  )
  const port = yield* asFailure(bind(server, targetOf(endpoint)))
  if (endpoint._tag === "Tcp") return { target: targetOf({ ...endpoint, address: { ...endpoint.address, port } }) }
  yield* asFailure(restrict(endpoint.path))
  return { target: targetOf(endpoint) }
})
