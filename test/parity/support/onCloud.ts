import { Effect } from "effect"
import { makeOpenStackHttp, type OpenStackHttpOptions } from "../../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { layerNoDisks, makeWorld, type WorldOptions } from "../../../src/adapters/memory/index.ts"
import { cloudConf, startWired } from "../../support/wiredDriver.ts"

export interface CloudAndDriver {
  readonly world?: WorldOptions
  readonly http?: Omit<OpenStackHttpOptions, "world">
  /** The whole file, given Keystone's URL; unless given, a login by password. */
  readonly conf?: (authUrl: string) => string
  readonly flags?: ReadonlyArray<string>
}

/** `conf` of a cloud with these lines in [BlockStorage]. */
export const withBlockStorage = (lines: string) => (authUrl: string) =>
  `${cloudConf(authUrl)}[BlockStorage]\n${lines}\n`

/** A World and its HTTP face, with the `cloud.conf` that leads there. */
export const startCloud = (options: CloudAndDriver = {}) =>
  Effect.gen(function* () {
    const world = yield* makeWorld({ servers: [{ name: "node-1" }, { name: "node-2" }], ...options.world })
    const cloud = yield* makeOpenStackHttp({ ...options.http, world })
    const nodeIds: Array<string> = []
    for (const { name } of world.settings.servers) {
      nodeIds.push((yield* world.control.lookUpServer(name ?? ""))?.id ?? "")
    }
    return { world, cloud, conf: (options.conf ?? cloudConf)(cloud.authUrl), nodeIds }
  }).pipe(Effect.provide(layerNoDisks))

/** A World, its HTTP face and a controller on it, driven through its socket: nothing of the driver is replaced. */
export const onCloud = (options: CloudAndDriver = {}) =>
  Effect.gen(function* () {
    const { world, cloud, conf, nodeIds } = yield* startCloud(options)
    const { csi, config, root } = yield* startWired(conf, ["--provide-node-service=false", ...(options.flags ?? [])])
    return { world, cloud, csi, config, root, nodeIds }
  })
