import { HttpClient } from "@effect/platform"
import { Effect, Layer } from "effect"

/** A login is the one thing that is asked for by anything else than GET. */
const isReading = (method: string, url: string): boolean =>
  method === "GET" || (method === "POST" && /\/auth\/tokens$/.test(url))

/** An HTTP client that sends nothing which could change a cloud, whoever uses it. */
export const readingOnly = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.mapRequestEffect(client, (request) =>
    isReading(request.method, request.url)
      ? Effect.succeed(request)
      : Effect.dieMessage(`${request.method} ${request.url} would change something and is not sent`)
  )

export const layerReadingOnly: Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, readingOnly)
)
