import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { FileSystem } from "@effect/platform"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { it } from "@effect/vitest"
import { Effect, Logger, LogLevel, type Scope } from "effect"
import {
  VolumeCapability_AccessMode_Mode as Mode,
  makeCsiClient,
  type VolumeCapability
} from "../../src/adapters/csi/client.ts"
import { bytesOf } from "../../src/domain/Capacity.ts"
import { parseOptions } from "../../src/main/options.ts"
import { type Surroundings, startDriver } from "../../src/main/serve.ts"

export const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "cinder-csi-"))),
  (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
)

export const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** A `cloud.conf` for the one user of the embedded cloud. */
export const cloudConf = (authUrl: string, password = "secret") => `[Global]
auth-url = "${authUrl}"
username = csi
password = "${password}"
domain-id = default
tenant-name = csi
`

export const mountCapability = (fsType = "ext4", mode: Mode = Mode.SINGLE_NODE_WRITER): VolumeCapability => ({
  accessType: { $case: "mount", value: { fsType, mountFlags: [], volumeMountGroup: "" } },
  accessMode: { mode }
})

export const blockCapability = (mode: Mode = Mode.SINGLE_NODE_WRITER): VolumeCapability => ({
  accessType: { $case: "block", value: {} },
  accessMode: { mode }
})

/** What a CreateVolume of one GiB says besides its name. */
export const oneGiB = {
  capacityRange: { requiredBytes: bytesOf(1), limitBytes: 0n },
  volumeCapabilities: [mountCapability()]
}

/**
 * The driver as its flags say, with a configuration of that text, in this process and on a socket of its own. It serves
 * the controller alone unless `flags` say otherwise.
 */
export const startWired = (
  conf: string,
  flags: ReadonlyArray<string> = ["--provide-node-service=false"],
  surroundings: Surroundings = {},
  environment: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function* () {
    const root = yield* temporaryFolder
    const config = join(root, "cloud.conf")
    yield* Effect.promise(() => writeFile(config, conf))
    const socket = join(root, "csi.sock")
    const options = yield* parseOptions(
      [`--endpoint=unix://${socket}`, `--cloud-config=${config}`, ...flags],
      environment
    )
    if (options._tag !== "Options") return yield* Effect.dieMessage("these are flags of a serving driver")
    yield* startDriver(options, surroundings)
    return { csi: yield* makeCsiClient(`unix:${socket}`), socket, config, root }
  })

/** A test in real time, without the driver's log. */
export const live = <A, E>(name: string, test: Effect.Effect<A, E, Scope.Scope | FileSystem.FileSystem>) =>
  it.live(name, () =>
    test.pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer), Logger.withMinimumLogLevel(LogLevel.None))
  )
