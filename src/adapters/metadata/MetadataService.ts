import { Agent, type IncomingMessage, request } from "node:http"
import { connect, type Socket } from "node:net"
import { networkInterfaces } from "node:os"
import { Duration, Effect, Schedule } from "effect"
import { documentLimit, documentPath, parseMetaData, type Source, SourceFailure, type Told } from "./Source.ts"

export interface MetadataServiceOptions {
  /** Such as `http://169.254.169.254` or `http://[fe80::a9fe:a9fe%eth0]`; undefined stands for all known addresses. */
  readonly baseUrls: ReadonlyArray<string> | undefined
  /** All tries and pauses together. */
  readonly requestTimeout: Duration.Duration
}

/** Without a route to the service a connection hangs instead of being refused. */
const connectLimit = Duration.seconds(3)
const answerLimit = Duration.seconds(10)

/** Right after boot the address, the route or the agent may still be missing. */
const someTries = Schedule.intersect(Schedule.recurs(3), Schedule.jittered(Schedule.exponential("500 millis")))

interface Endpoint {
  readonly host: string
  readonly port: number
  readonly label: string
}

/** Node's URL knows no IPv6 zones, which a link-local address needs. */
export const parseBaseUrl = (url: string): Endpoint | undefined => {
  const match = /^http:\/\/(?:\[([^\]]+)\]|([^:/[\]]+))(?::(\d+))?\/?$/.exec(url)
  const host = match?.[1] ?? match?.[2]
  return host === undefined ? undefined : { host, port: Number(match?.[3] ?? 80), label: url }
}

/** The service's well-known addresses; the IPv6 one is link-local, hence one for each interface that has such. */
export const knownBaseUrls = (): ReadonlyArray<string> => {
  const interfaces = Object.entries(networkInterfaces()).filter(([, addresses]) =>
    addresses?.some(({ internal, address }) => !internal && address.startsWith("fe80:"))
  )
  return ["http://169.254.169.254", ...interfaces.map(([name]) => `http://[fe80::a9fe:a9fe%${name}]`)]
}

class Unanswered extends SourceFailure {
  readonly transient = true
}

const unanswered = (endpoint: Endpoint, problem: string) => new Unanswered({ problem: `${endpoint.label}: ${problem}` })
const answeredBadly = (endpoint: Endpoint, problem: string) =>
  new SourceFailure({ problem: `${endpoint.label}: ${problem}` })

const connected = (endpoint: Endpoint) =>
  Effect.acquireRelease(
    Effect.sync(() => connect({ host: endpoint.host, port: endpoint.port })),
    (socket) => Effect.sync(() => socket.destroy())
  ).pipe(
    Effect.tap((socket) =>
      Effect.async<void, SourceFailure>((resume) => {
        socket.once("connect", () => resume(Effect.void))
        socket.once("error", ({ message }) => resume(unanswered(endpoint, message)))
      }).pipe(
        Effect.timeoutFail({ duration: connectLimit, onTimeout: () => unanswered(endpoint, "no connection in time") })
      )
    )
  )

const sent = (endpoint: Endpoint, socket: Socket) =>
  Effect.async<IncomingMessage, SourceFailure>((resume) => {
    const { host, port } = endpoint
    /** An agent of its own: Node's global one may be told to use a proxy, which cannot reach a link-local address. */
    const agent = new Agent({ keepAlive: false })
    const address = host.includes(":") ? `[${host.replace(/%.*/, "")}]` : host
    const headers = { host: port === 80 ? address : `${address}:${port}`, accept: "application/json" }
    const path = `/${documentPath}`
    request({ host, port, path, headers, agent, createConnection: () => socket })
      .on("response", (response) => resume(Effect.succeed(response)))
      .on("error", ({ message }) => resume(unanswered(endpoint, message)))
      .end()
  })

const bodyOf = (endpoint: Endpoint, response: IncomingMessage) =>
  Effect.async<string, SourceFailure>((resume) => {
    const chunks: Array<Buffer> = []
    let length = 0
    response.on("data", (chunk: Buffer) => {
      length += chunk.length
      if (length > documentLimit) {
        response.destroy()
        resume(answeredBadly(endpoint, "the answer is larger than 1 MiB"))
      } else chunks.push(chunk)
    })
    response.on("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString("utf8"))))
    response.on("error", ({ message }) => resume(unanswered(endpoint, message)))
    response.on("close", () => resume(unanswered(endpoint, "the answer broke off")))
  })

const checkStatus = (endpoint: Endpoint, status: number): Effect.Effect<void, SourceFailure> => {
  if (status === 200) return Effect.void
  if (status >= 500 || status === 429) return unanswered(endpoint, `answered ${status}`)
  if (status >= 300 && status < 400) return answeredBadly(endpoint, `answered ${status}; redirects are not followed`)
  return answeredBadly(endpoint, `answered ${status}`)
}

const askEndpoint = (endpoint: Endpoint): Effect.Effect<Told, SourceFailure> =>
  Effect.gen(function* () {
    const socket = yield* connected(endpoint)
    const body = yield* sent(endpoint, socket).pipe(
      Effect.tap(({ statusCode }) => checkStatus(endpoint, statusCode ?? 0)),
      Effect.flatMap((response) => bodyOf(endpoint, response)),
      Effect.timeoutFail({ duration: answerLimit, onTimeout: () => unanswered(endpoint, "no answer in time") })
    )
    return yield* parseMetaData(body).pipe(Effect.mapError(({ problem }) => answeredBadly(endpoint, problem)))
  }).pipe(Effect.scoped)

/** Every address in turn; the problem of each if none answers. */
const askAll = (endpoints: ReadonlyArray<Endpoint>): Effect.Effect<Told, SourceFailure> =>
  Effect.gen(function* () {
    const problems: Array<SourceFailure> = []
    for (const endpoint of endpoints) {
      const answer = yield* Effect.either(askEndpoint(endpoint))
      if (answer._tag === "Right") return answer.right
      problems.push(answer.left)
    }
    const problem = problems.map((each) => each.problem).join(", ")
    const transient = problems.some((each) => each instanceof Unanswered)
    return yield* transient ? new Unanswered({ problem }) : new SourceFailure({ problem })
  })

/** The metadata service, read without proxy and without following redirects. Only a silent one is asked again. */
export const makeMetadataService = ({ baseUrls, requestTimeout }: MetadataServiceOptions) => {
  const once = Effect.suspend(() => askAll((baseUrls ?? knownBaseUrls()).flatMap((url) => parseBaseUrl(url) ?? [])))
  const limit = (asking: Effect.Effect<Told, SourceFailure>) =>
    Effect.timeoutFail(asking, {
      duration: requestTimeout,
      onTimeout: () => new SourceFailure({ problem: `no answer within ${Duration.format(requestTimeout)}` })
    })
  const again = Effect.retry(once, { schedule: someTries, while: (failure) => failure instanceof Unanswered })
  const source: Source = { name: "metadata service", ask: limit(again) }
  return { source, once: limit(once) }
}
