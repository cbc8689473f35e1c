import { readFileSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Vitest } from "@effect/vitest"
import { Context, Effect, Layer, type Scope } from "effect"
import type { CsiClient } from "../../../src/adapters/csi/client.ts"
import { run } from "./commands.ts"
import { bundle, startProcess } from "./DriverProcess.ts"
import { type LabNode, startNode } from "./LabNode.ts"
import { labFile } from "./labFiles.ts"

const scripts = join(import.meta.dirname, "..", "lab")

export const minutes = (count: number) => count * 60_000

export interface DriverProcess {
  readonly csi: CsiClient
  readonly pid: number
  /** Path of its cloud.conf. */
  readonly config: string
  /** What it has logged so far. */
  readonly log: () => string
}

/** A running OpenStack, a controller on it and two nodes: separate processes, driven through their sockets. */
export class Lab extends Context.Tag("test/Lab")<
  Lab,
  {
    readonly controller: DriverProcess
    readonly node1: LabNode
    readonly node2: LabNode
    /** Another controller, with a configuration of that text. */
    readonly startController: (
      conf: string,
      ...flags: ReadonlyArray<string>
    ) => Effect.Effect<DriverProcess, unknown, Scope.Scope>
    /** Makes another server of the project a node as well: it gets its disks, and a driver. */
    readonly playNode: (server: {
      readonly id: string
      readonly name: string
    }) => Effect.Effect<LabNode, unknown, Scope.Scope>
    /** Turns a screw of the lab; see lab/ctl. */
    readonly ctl: (...words: ReadonlyArray<string>) => Effect.Effect<string, unknown>
  }
>() {}

/** How a suite for the lab declares its tests. */
export type LabTests = Vitest.MethodsNonLive<Lab, true>

const needRoot = Effect.suspend(() =>
  process.platform === "linux" && process.getuid?.() === 0
    ? Effect.void
    : Effect.dieMessage("the OpenStack suite starts services and mounts disks: run it as root on Debian")
)

const makeLab = Effect.gen(function* () {
  yield* needRoot
  yield* Effect.logInfo("starting OpenStack; the first time on a machine this installs it")
  yield* run(join(scripts, "up"), [])
  // Starting takes a minute: whoever works on these tests keeps the services running between two runs.
  if (process.env["OPENSTACK_LAB_KEEP"] !== "1") {
    yield* Effect.addFinalizer(() => Effect.orDie(run(join(scripts, "down"), ["--purge"])))
  }
  const ctl = (...words: ReadonlyArray<string>) => run(join(scripts, "ctl"), words)
  yield* ctl("no-fault", "all")
  yield* bundle("src/main/main.ts", "build/cinder-csi-plugin.cjs")
  yield* bundle("test/openstack/support/labDriver.ts", "build/lab-driver.cjs")

  const folder = yield* Effect.acquireRelease(
    Effect.tryPromise(() => mkdtemp(join(tmpdir(), "cinder-csi-openstack-"))),
    (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
  )
  const servers: Readonly<Record<string, string>> = JSON.parse(readFileSync(labFile("servers.json"), "utf8"))
  const { metadata_url: metadataUrl } = JSON.parse(readFileSync(labFile("lab.json"), "utf8"))
  const metadataPort = Number(new URL(metadataUrl).port)

  let controllers = 0
  const startController = (conf: string, ...flags: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      controllers += 1
      const name = join(folder, `controller-${controllers}`)
      yield* Effect.tryPromise(() => writeFile(`${name}.conf`, conf, { mode: 0o600 }))
      const always = [`--endpoint=unix://${name}.sock`, `--cloud-config=${name}.conf`, "--cluster=openstack-suite"]
      const { csi, pid, log } = yield* startProcess(
        "build/cinder-csi-plugin.cjs",
        [...always, "--provide-node-service=false", ...flags],
        `${name}.sock`
      )
      return { csi, pid, log, config: `${name}.conf` }
    })

  /** The servers that this machine plays; the lab's metadata service has a port for each place in this list. */
  const played: Array<string> = ["node-1", "node-2"]
  const nobody = "-"
  const play = Effect.suspend(() => ctl("this", ...played))
  const taken = (id: string) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        const place = played.includes(nobody) ? played.indexOf(nobody) : played.length
        played[place] = id
        return Effect.as(play, place)
      }),
      (place) =>
        Effect.suspend(() => {
          played[place] = nobody
          return Effect.orDie(play)
        })
    )
  const playNode = ({ id, name }: { readonly id: string; readonly name: string }) =>
    Effect.flatMap(taken(id), (place) =>
      startNode({ folder, name, serverId: id, metadataPort: metadataPort + 2 + place })
    )

  yield* play
  const startNumbered = (number: number) => {
    const name = `node-${number}`
    return startNode({ folder, name, serverId: servers[name] ?? "", metadataPort: metadataPort + number })
  }
  return {
    controller: yield* startController(readFileSync(labFile("cloud.conf"), "utf8")),
    node1: yield* startNumbered(1),
    node2: yield* startNumbered(2),
    startController,
    playNode,
    ctl
  }
})

export const layerLab: Layer.Layer<Lab, unknown> = Layer.scoped(Lab, makeLab)
