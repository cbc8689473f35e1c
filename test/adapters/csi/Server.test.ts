import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { createConnection, createServer } from "node:net"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { makeCsiClient } from "../../../src/adapters/csi/client.ts"
import { serve } from "../../../src/adapters/csi/server.ts"
import { driver, quiet, serveAt, servicesOf, temporaryDirectory } from "./stubs.ts"

const socketPath = Effect.map(temporaryDirectory, (directory) => join(directory, "csi.sock"))

/** Leaves a socket's file behind as a killed process does. */
const killedListener = (path: string) =>
  Effect.sync(() =>
    spawnSync(process.execPath, [
      "-e",
      `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`
    ])
  )

/** Serves in a scope of its own, which `shut` closes. */
const driverToShut = (stubs: Parameters<typeof serveAt>[1], options: Parameters<typeof serveAt>[2] = {}) =>
  Effect.gen(function* () {
    const path = yield* socketPath
    const scope = yield* Scope.make()
    const { target } = yield* Scope.extend(serveAt(path, stubs, options), scope)
    return { path, client: yield* makeCsiClient(target), shut: Scope.close(scope, Exit.void) }
  })

describe("The server", () => {
  it.scopedLive("serves on a socket that its owner alone may use", () =>
    Effect.gen(function* () {
      const { path, client } = yield* driver()
      assert.deepStrictEqual(yield* client.probe(), { ready: true })
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("serves on TCP", () =>
    Effect.gen(function* () {
      const { target } = yield* serve({
        endpoint: { _tag: "Tcp", address: { host: "127.0.0.1", port: 0 } },
        services: yield* servicesOf()
      })
      const client = yield* makeCsiClient(target)
      assert.deepStrictEqual(yield* client.probe(), { ready: true })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("takes the place of a socket that a killed process left", () =>
    Effect.gen(function* () {
      const path = yield* socketPath
      yield* killedListener(path)
      assert.isTrue(statSync(path).isSocket())
      const { target } = yield* serveAt(path)
      const client = yield* makeCsiClient(target)
      assert.deepStrictEqual(yield* client.probe(), { ready: true })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("leaves a socket alone that another process listens on", () =>
    Effect.gen(function* () {
      const path = yield* socketPath
      const listener = createServer()
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => void listener.listen(path, () => resume(Effect.void))),
        () => Effect.sync(() => listener.close())
      )
      const failure = yield* Effect.flip(serveAt(path))
      assert.strictEqual(failure.message, `cannot serve CSI at unix:${path}: another process listens there`)
      assert.isTrue(statSync(path).isSocket())
    }).pipe(Effect.provide(quiet))
  )

  for (const [what, put] of [
    ["a file", (path: string) => writeFileSync(path, "kept")],
    ["a directory", (path: string) => mkdirSync(path)],
    ["a symbolic link", (path: string) => symlinkSync("elsewhere", path)]
  ] as const) {
    it.scopedLive(`leaves ${what} at the socket's path alone`, () =>
      Effect.gen(function* () {
        const path = yield* socketPath
        put(path)
        const failure = yield* Effect.flip(serveAt(path))
        assert.include(failure.message, "something that is not a socket lies there; it was left alone")
      }).pipe(Effect.provide(quiet))
    )
  }

  it.scopedLive("says so when the socket's directory does not exist", () =>
    Effect.gen(function* () {
      const directory = join(yield* temporaryDirectory, "absent")
      const failure = yield* Effect.flip(serveAt(join(directory, "csi.sock")))
      assert.include(failure.message, `its directory ${directory} does not exist`)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("survives bytes that are not HTTP/2, also in the middle of a connection", () =>
    Effect.gen(function* () {
      const { path, client } = yield* driver()
      const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
      const noise = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 197 + 31) % 256))
      for (const bytes of [noise, Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.concat([preface, noise])]) {
        yield* Effect.async<void>((resume) => {
          const socket = createConnection({ path }, () => socket.end(bytes))
          socket.on("error", () => {})
          socket.resume()
          socket.on("close", () => resume(Effect.void))
        }).pipe(Effect.timeout("5 seconds"))
      }
      assert.deepStrictEqual(yield* client.probe(), { ready: true })
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("refuses a request of more than 4 MiB before any handler sees it", () =>
    Effect.gen(function* () {
      let seen = false
      const { client } = yield* driver({
        volumes: {
          remove: () =>
            Effect.sync(() => {
              seen = true
            })
        }
      })
      const failure = yield* Effect.flip(client.deleteVolume({ volumeId: "v".repeat(4 * 1_048_576) }))
      assert.strictEqual(failure.code, status.RESOURCE_EXHAUSTED)
      assert.isFalse(seen)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("answers UNIMPLEMENTED for a service it does not serve", () =>
    Effect.gen(function* () {
      const path = yield* socketPath
      const [identity] = yield* servicesOf()
      const { target } = yield* serve({
        endpoint: { _tag: "Unix", path },
        services: identity === undefined ? [] : [identity]
      })
      const client = yield* makeCsiClient(target)
      assert.strictEqual((yield* Effect.flip(client.nodeGetInfo())).code, status.UNIMPLEMENTED)
    }).pipe(Effect.provide(quiet))
  )
})

describe("Shutting down", () => {
  it.scopedLive("lets a call in flight answer, and takes the socket away", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const permission = yield* Deferred.make<void>()
      const { path, client, shut } = yield* driverToShut({
        volumes: { remove: () => Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(permission)) }
      })
      const call = yield* Effect.fork(client.deleteVolume({ volumeId: "v" }))
      yield* Deferred.await(begun)
      const closing = yield* Effect.fork(shut)
      const late = yield* makeCsiClient(`unix:${path}`)
      assert.strictEqual(
        (yield* Effect.flip(late.probe().pipe(Effect.repeat({ until: () => false })))).code,
        status.UNAVAILABLE
      )
      yield* Deferred.succeed(permission, undefined)
      yield* Fiber.join(call)
      yield* Effect.timeout(Fiber.join(closing), "5 seconds")
      assert.isFalse(existsSync(path))
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("ends at its bound with a call that does not, and interrupts it", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const { client, shut } = yield* driverToShut(
        {
          volumes: {
            remove: () =>
              Deferred.succeed(begun, undefined).pipe(
                Effect.zipRight(Effect.never),
                Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
              )
          }
        },
        { drain: "200 millis" }
      )
      const call = yield* Effect.fork(Effect.flip(client.deleteVolume({ volumeId: "v" })))
      yield* Deferred.await(begun)
      yield* Effect.timeout(shut, "5 seconds")
      yield* Effect.timeout(Deferred.await(interrupted), "5 seconds")
      yield* Fiber.join(call)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("waits for a change whose client has gone", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const permission = yield* Deferred.make<void>()
      const { client, shut } = yield* driverToShut({
        volumes: {
          remove: () =>
            Effect.uninterruptible(Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(permission)))
        }
      })
      const call = yield* Effect.fork(client.deleteVolume({ volumeId: "v" }))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(call)
      const closing = yield* Effect.fork(shut)
      assert.isTrue((yield* Effect.timeoutOption(Fiber.join(closing), "200 millis"))._tag === "None")
      yield* Deferred.succeed(permission, undefined)
      yield* Effect.timeout(Fiber.join(closing), "5 seconds")
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("does not wait beyond its bound for a change that cannot be interrupted", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const permission = yield* Deferred.make<void>()
      const { client, shut } = yield* driverToShut(
        {
          volumes: {
            remove: () =>
              Effect.uninterruptible(Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(permission)))
          }
        },
        { drain: "200 millis" }
      )
      yield* Effect.fork(Effect.exit(client.deleteVolume({ volumeId: "v" })))
      yield* Deferred.await(begun)
      yield* Effect.timeout(shut, "5 seconds")
      yield* Deferred.succeed(permission, undefined)
    }).pipe(Effect.provide(quiet))
  )
})
