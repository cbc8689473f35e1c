import { createServer, type RequestListener } from "node:http"
import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Scheduler } from "effect"
import { layerHttpClient } from "../../../src/adapters/openstack/httpClient.ts"

/** Runs some steps at once and others milliseconds later, so that an answer comes between sending and listening. */
const uneven = () => {
  let steps = 0
  return Scheduler.make((task) => {
    steps += 1
    setTimeout(task, (steps % 4) * 5)
  })
}

const serving = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer(listener)
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(
          Effect.succeed({
            url: `http://127.0.0.1:${port}`,
            close: () => {
              server.closeAllConnections()
              server.close()
            }
          })
        )
      })
    }),
    ({ close }) => Effect.sync(close)
  )

describe("the HTTP client", () => {
  it.live("loses no answer that comes before anybody listens for it", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => response.end("hello"))
      const answers = yield* Effect.forEach(
        Array.from({ length: 20 }),
        () => Effect.flatMap(HttpClient.get(url), (response) => response.text),
        { concurrency: 4 }
      ).pipe(Effect.provide(layerHttpClient({})), Effect.withScheduler(uneven()), Effect.timeout("5 seconds"))
      assert.deepStrictEqual(
        answers,
        Array.from({ length: 20 }, () => "hello")
      )
    }).pipe(Effect.scoped)
  )

  it.live("reports an error that comes before anybody listens for it", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((request) => request.socket.destroy())
      const failure = yield* HttpClient.get(url).pipe(
        Effect.flip,
        Effect.provide(layerHttpClient({})),
        Effect.withScheduler(uneven()),
        Effect.timeout("5 seconds")
      )
      assert.strictEqual(failure._tag, "RequestError")
    }).pipe(Effect.scoped)
  )
})
