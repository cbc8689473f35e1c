import { type FileSystem, HttpClient, HttpClientResponse } from "@effect/platform"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, type Scope, TestClock } from "effect"
import { type KubernetesOptions, makeKubernetes } from "../../../src/adapters/kubernetes/KubernetesHttp.ts"

/** An API without a network whose answer takes as long as said, and the times at which it was asked. */
const withApi = <A, E>(
  options: Partial<KubernetesOptions>,
  answer: Effect.Effect<Response>,
  test: (
    get: Effect.Effect<string, { readonly message: string }>,
    askedAt: ReadonlyArray<number>
  ) => Effect.Effect<A, E, Scope.Scope | FileSystem.FileSystem>
) => {
  const askedAt: Array<number> = []
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      askedAt.push(yield* Clock.currentTimeMillis)
      return HttpClientResponse.fromWeb(request, yield* answer)
    })
  )
  return Effect.gen(function* () {
    const { get } = yield* makeKubernetes({
      kubeconfig: "",
      master: "http://kubernetes",
      serviceHost: "",
      servicePort: "",
      serviceAccountFolder: "",
      connect: () => Effect.succeed(client),
      userAgent: "test",
      queriesPerSecond: 5,
      burst: 10,
      ...options
    })
    return yield* test(get("/version"), askedAt)
  }).pipe(Effect.provide(NodeFileSystem.layer))
}

const fine = Effect.sync(() => new Response("{}"))

describe("requests to Kubernetes", () => {
  for (const [rate, limits, times] of [
    ["5 a second after a burst of 2", { queriesPerSecond: 5, burst: 2 }, [0, 0, 200, 400, 600]],
    ["one in two seconds after a burst of 3", { queriesPerSecond: 0.5, burst: 3 }, [0, 0, 0, 2000, 4000]],
    ["Kubernetes' default for 0", { queriesPerSecond: 0, burst: 3 }, [0, 0, 0, 200, 400]],
    ["as they come for a negative rate", { queriesPerSecond: -1, burst: 1 }, [0, 0, 0, 0, 0]]
  ] as const) {
    it.scoped(`are sent at the rate that is asked for: ${rate}`, () =>
      withApi(limits, fine, (get, askedAt) =>
        Effect.gen(function* () {
          const all = yield* Effect.fork(Effect.replicateEffect(get, 5, { concurrency: "unbounded" }))
          yield* Effect.repeatN(TestClock.adjust("200 millis"), 30)
          yield* Fiber.join(all)
          assert.deepStrictEqual(askedAt, times)
        })
      )
    )
  }

  it.scoped("end without an answer after 15 seconds and the pauses between three tries", () =>
    withApi({}, Effect.never, (get, askedAt) =>
      Effect.gen(function* () {
        const asking = yield* Effect.fork(Effect.flip(get))
        yield* TestClock.adjust("17 seconds")
        const error = yield* Fiber.join(asking)
        assert.strictEqual(error.message, "http://kubernetes did not answer within 5s")
        assert.strictEqual(askedAt.length, 3)
      })
    )
  )
})
