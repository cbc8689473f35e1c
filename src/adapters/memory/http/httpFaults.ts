import { type Duration, Effect } from "effect"
import type { Outcome } from "./httpServer.ts"
import type { Json } from "./json.ts"
import { type Headers, jsonReply, type Reply, type ServiceName, textReply } from "./messages.ts"

/** Trouble on the way between a client and the services. The first rule that fits a request is used. */
export interface HttpFault {
  /** Default: every service. */
  readonly service?: ServiceName
  /** Default: every method. */
  readonly method?: string
  /** Searched in the path with its query, below the prefix of the service. Default: every path. */
  readonly path?: RegExp
  /** Answered instead of what the service would say. */
  readonly status?: number
  readonly headers?: Headers
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: Json
  /** Before the service sees the request, or with `after` before the answer goes out. */
  readonly delay?: Duration.DurationInput
  /** The connection is closed without an answer. */
  readonly drop?: boolean
  /** Half of the answer is sent, then the connection is closed. */
  readonly half?: boolean
  /** The service does its work first, and only its answer is delayed, replaced or lost. */
  readonly after?: boolean
  /** Headers that are left out of the service's own answer, in lower case. */
  readonly withoutHeaders?: ReadonlyArray<string>
  /** How many requests to spoil; default all. */
  readonly count?: number
  /** How many fitting requests to let through first. */
  readonly skip?: number
}

/** Trouble on the way, on demand. */
export interface HttpFaults {
  readonly add: (fault: HttpFault) => Effect.Effect<void>
  readonly clear: Effect.Effect<void>
  /** How many requests met a fault since the last `clear`. */
  readonly met: Effect.Effect<number>
}

export interface FaultLayer extends HttpFaults {
  readonly around: (
    about: { readonly service: ServiceName; readonly method: string; readonly target: string },
    respond: Effect.Effect<Reply>
  ) => Effect.Effect<Outcome>
}

interface Planned {
  readonly fault: HttpFault
  seen: number
}

const replacement = ({ status, headers, body }: HttpFault): Reply | undefined => {
  if (status === undefined) return undefined
  const reply = typeof body === "string" || body === undefined ? textReply(status, body ?? "") : jsonReply(status, body)
  return { ...reply, headers: { ...reply.headers, ...headers } }
}

const altered = (reply: Reply, { headers, withoutHeaders = [] }: HttpFault): Reply => ({
  ...reply,
  headers: {
    ...Object.fromEntries(
      Object.entries(reply.headers).filter(([name]) => !withoutHeaders.includes(name.toLowerCase()))
    ),
    ...headers
  }
})

export const makeHttpFaults = (): FaultLayer => {
  const plans: Array<Planned> = []
  let met = 0

  const draw = (service: ServiceName, method: string, target: string): HttpFault | undefined => {
    for (const plan of plans) {
      const { fault } = plan
      if ((fault.service ?? service) !== service || (fault.method ?? method) !== method) continue
      if (
        fault.path !== undefined &&
        !new RegExp(fault.path.source, fault.path.flags.replace(/[gy]/g, "")).test(target)
      ) {
        continue
      }
      const beyond = plan.seen - (fault.skip ?? 0)
      plan.seen += 1
      if (beyond < 0 || beyond >= (fault.count ?? Number.POSITIVE_INFINITY)) continue
      met += 1
      return fault
    }
    return undefined
  }

  const spoilt = (fault: HttpFault, respond: Effect.Effect<Reply>): Effect.Effect<Outcome> =>
    Effect.gen(function* () {
      const wait = fault.delay === undefined ? Effect.void : Effect.sleep(fault.delay)
      const instead = replacement(fault)
      const replaced = instead !== undefined || fault.drop === true
      if (fault.after !== true) yield* wait
      const real = replaced && fault.after !== true ? undefined : altered(yield* respond, fault)
      if (fault.after === true) yield* wait
      const reply = instead ?? real
      if (fault.drop === true || reply === undefined) return { kind: "drop" }
      return { kind: fault.half === true ? "half" : "answer", reply }
    })

  return {
    add: (fault) => Effect.sync(() => void plans.push({ fault, seen: 0 })),
    clear: Effect.sync(() => {
      plans.length = 0
      met = 0
    }),
    met: Effect.sync(() => met),
    around: ({ service, method, target }, respond) =>
      Effect.suspend(() => {
        const fault = plans.length === 0 ? undefined : draw(service, method, target)
        return fault === undefined
          ? Effect.map(respond, (reply): Outcome => ({ kind: "answer", reply }))
          : spoilt(fault, respond)
      })
  }
}
