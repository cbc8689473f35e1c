import { request as httpRequest } from "node:http"
import { Data, Effect, type Scope } from "effect"
import { layerNoDisks } from "../../../../src/adapters/memory/DiskBackend.ts"
import {
  makeOpenStackHttp,
  type OpenStackHttp,
  type OpenStackHttpOptions
} from "../../../../src/adapters/memory/http/makeOpenStackHttp.ts"
import type { WorldService } from "../../../../src/adapters/memory/World.ts"
import { makeWorld } from "../../../../src/adapters/memory/worldLayer.ts"
import type { WorldOptions } from "../../../../src/adapters/memory/worldSettings.ts"

export class ConnectionLost extends Data.TaggedError("ConnectionLost")<{ readonly code: string | undefined }> {}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** One request on a connection of its own. */
export const ask = (url: string, asked: Asked = {}): Effect.Effect<Answer, ConnectionLost> =>
  Effect.async((resume) => {
    const lost = (error: NodeJS.ErrnoException) => resume(Effect.fail(new ConnectionLost({ code: error.code })))
    const body = asked.body === undefined ? undefined : JSON.stringify(asked.body)
    const outgoing = httpRequest(
      url,
      {
        method: asked.method ?? "GET",
        agent: false,
        headers: body === undefined ? asked.headers : { "Content-Type": "application/json", ...asked.headers }
      },
      (incoming) => {
        const chunks: Array<Buffer> = []
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
        incoming.on("error", lost)
        incoming.on("end", () =>
          resume(
            Effect.succeed({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              text: Buffer.concat(chunks).toString("utf8")
            })
          )
        )
      }
    )
    outgoing.on("error", lost)
    outgoing.end(body)
  })

export const json = (answer: Answer): unknown => JSON.parse(answer.text)

export interface Cloud {
  readonly world: WorldService
  readonly http: OpenStackHttp
  /** As the user `csi`, with a token that is asked for once; without one over TLS. */
  readonly volume: (path: string, asked?: Asked, microversion?: string) => Effect.Effect<Answer, ConnectionLost>
  readonly compute: (path: string, asked?: Asked, microversion?: string) => Effect.Effect<Answer, ConnectionLost>
  readonly logIn: (auth: unknown) => Effect.Effect<Answer, ConnectionLost>
}

export const password = (scope?: unknown) => ({
  identity: {
    methods: ["password"],
    password: { user: { name: "csi", domain: { id: "default" }, password: "secret" } }
  },
  ...(scope === undefined ? {} : { scope })
})

export const makeCloud = (
  worldOptions: WorldOptions = {},
  options: Omit<OpenStackHttpOptions, "world"> = {}
): Effect.Effect<Cloud, never, Scope.Scope> =>
  Effect.gen(function* () {
    const world = yield* makeWorld(worldOptions)
    const http = yield* makeOpenStackHttp({ ...options, world })
    const logIn = (auth: unknown) => ask(`${http.authUrl}/auth/tokens`, { method: "POST", body: { auth } })
    const { headers } =
      options.tls === undefined
        ? yield* logIn(password({ project: { id: world.settings.projectId } }))
        : { headers: { "x-subject-token": undefined } }
    const as = (asked: Asked = {}, microversion: string): Asked => ({
      ...asked,
      headers: {
        "X-Auth-Token": `${headers["x-subject-token"]}`,
        "OpenStack-API-Version": microversion,
        ...asked.headers
      }
    })
    return {
      world,
      http,
      logIn,
      volume: (path, asked, microversion = "3.60") =>
        ask(`${http.endpoints.volume}/${world.settings.projectId}${path}`, as(asked, `volume ${microversion}`)),
      compute: (path, asked, microversion = "2.60") =>
        ask(`${http.endpoints.compute}${path}`, as(asked, `compute ${microversion}`))
    } satisfies Cloud
  }).pipe(Effect.provide(layerNoDisks), Effect.orDie)

export const newVolume = (body: Readonly<Record<string, unknown>> = {}): Asked => ({
  method: "POST",
  body: { volume: { size: 1, ...body } }
})
