import { FileSystem } from "@effect/platform"
import { Console, Effect } from "effect"
import { layerNoDisks } from "../adapters/memory/DiskBackend.ts"
import { openStackServer } from "../adapters/memory/http/server.ts"
import { readCount, readFlags } from "./subcommand.ts"

const help = `cinder-csi-plugin cloud: the embedded cloud as a server of its own, for other drivers and for measurements.
It speaks Keystone, Cinder, Nova and the metadata service on one port of 127.0.0.1; its volumes hold no bytes.

  --port=N              where to listen (default 0: any free port)
  --cloud-config=FILE   write a cloud.conf with its address and credentials there
  --create-millis=N     how long a volume stays in creating (default 0)
  --servers=N           servers that are there from the start (default 1)`

const cloudConf = (authUrl: string): string => `[Global]
auth-url = "${authUrl}"
username = "csi"
password = "secret"
domain-id = "default"
tenant-name = "csi"
`

/** Serves the cloud in memory over HTTP until interrupted. */
export const runCloud = (argv: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const flags = yield* readFlags("cloud", argv, {
      help: { type: "boolean" },
      port: { type: "string" },
      "cloud-config": { type: "string" },
      "create-millis": { type: "string" },
      servers: { type: "string" }
    })
    if (flags.help) return yield* Console.log(help)
    const port = yield* readCount("cloud", "port", flags.port, 0)
    const create = yield* readCount("cloud", "create-millis", flags["create-millis"], 0)
    const servers = yield* readCount("cloud", "servers", flags.servers, 1)
    const { authUrl, metadataUrl } = yield* openStackServer({
      world: {
        latencies: { create },
        servers: Array.from({ length: servers }, (_, index) => ({ name: `server-${index + 1}` }))
      },
      http: { port }
    })
    if (flags["cloud-config"] !== undefined) {
      const files = yield* FileSystem.FileSystem
      yield* files.writeFileString(flags["cloud-config"], cloudConf(authUrl))
    }
    yield* Console.log(`Keystone: ${authUrl}`)
    yield* Console.log(`metadata: ${metadataUrl}/openstack/latest/meta_data.json`)
    yield* Effect.never
  }).pipe(Effect.scoped, Effect.provide(layerNoDisks))
