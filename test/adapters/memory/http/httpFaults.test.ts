import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { makeCloud, newVolume } from "./client.ts"

const names = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/"name":"([^"]+)"/g)].map((match) => match[1] ?? "")

describe("faults of the way to the services", () => {
  it.scoped("answer instead of the service, so often and after so many requests", () =>
    Effect.gen(function* () {
      const { volume, http } = yield* makeCloud()
      yield* http.faults.add({
        service: "volume",
        method: "GET",
        path: /\/volumes$/,
        status: 503,
        headers: { "Retry-After": "1" },
        body: "<html>busy</html>",
        skip: 1,
        count: 2
      })
      const statuses: Array<number> = []
      for (let request = 0; request < 4; request += 1) statuses.push((yield* volume("/volumes")).status)
      assert.deepStrictEqual(statuses, [200, 503, 503, 200])
      assert.strictEqual(yield* http.faults.met, 2)
    })
  )

  it.scoped("keep a request from the service when the connection is dropped before it", () =>
    Effect.gen(function* () {
      const { volume, http } = yield* makeCloud()
      yield* http.faults.add({ method: "POST", drop: true, count: 1 })
      const lost = yield* Effect.flip(volume("/volumes", newVolume({ name: "lost" })))
      assert.strictEqual(lost.code, "ECONNRESET")
      assert.deepStrictEqual(names((yield* volume("/volumes")).text), [])
    })
  )

  it.scoped("lose the answer of work that was done", () =>
    Effect.gen(function* () {
      const { volume, http } = yield* makeCloud()
      yield* http.faults.add({ method: "POST", drop: true, after: true, count: 1 })
      yield* Effect.flip(volume("/volumes", newVolume({ name: "made" })))
      assert.deepStrictEqual(names((yield* volume("/volumes")).text), ["made"])
    })
  )

  it.scoped("replace the answer of work that was done", () =>
    Effect.gen(function* () {
      const { volume, http } = yield* makeCloud()
      yield* http.faults.add({ method: "POST", status: 504, body: "<html>late</html>", after: true, count: 1 })
      assert.strictEqual((yield* volume("/volumes", newVolume({ name: "made" }))).status, 504)
      assert.deepStrictEqual(names((yield* volume("/volumes")).text), ["made"])
    })
  )

  it.scoped("cut an answer in half", () =>
    Effect.gen(function* () {
      const { volume, http } = yield* makeCloud()
      yield* http.faults.add({ half: true, count: 1 })
      assert.strictEqual((yield* Effect.flip(volume("/volumes")))._tag, "ConnectionLost")
    })
  )

  it.scoped("leave headers out of an answer", () =>
    Effect.gen(function* () {
      const { volume, http } = yield* makeCloud()
      yield* http.faults.add({ withoutHeaders: ["x-openstack-request-id"] })
      const answer = yield* volume("/volumes")
      assert.strictEqual(answer.status, 200)
      assert.isUndefined(answer.headers["x-openstack-request-id"])
    })
  )

  it.scoped("delay on the Effect Clock", () =>
    Effect.gen(function* () {
      const { volume, http } = yield* makeCloud()
      yield* http.faults.add({ delay: "30 seconds", count: 1 })
      const answer = yield* Effect.fork(volume("/volumes"))
      while ((yield* http.faults.met) === 0)
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      assert.strictEqual((yield* Fiber.poll(answer))._tag, "None")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* answer).status, 200)
    })
  )
})
