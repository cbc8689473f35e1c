import { Effect } from "effect"
import { makeOpenStackHttp } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { layerNoDisks, makeWorld } from "../../src/adapters/memory/index.ts"

/** A cloud that speaks HTTP and has one server. Disks are nowhere to be seen. */
export const cloudWithNode = Effect.gen(function* () {
  const world = yield* makeWorld({ servers: [{ name: "node-1" }], latencies: { create: "300 millis" } })
  const cloud = yield* makeOpenStackHttp({ world })
  const server = yield* world.control.lookUpServer("node-1")
  return { world, authUrl: cloud.authUrl, cloud, nodeId: server?.id ?? "" }
}).pipe(Effect.provide(layerNoDisks))
