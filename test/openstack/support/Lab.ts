import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import type { Vitest } from "@effect/vitest"
import { Context, Effect, Layer, Schedule, type Scope } from "effect"
import { build } from "esbuild"
import { type CsiClient, makeCsiClient } from "../../../src/adapters/csi/client.ts"
import { run } from "./commands.ts"

const scripts = join(import.meta.dirname, "..", "lab")
const state = process.env["OPENSTACK_LAB"] ?? join(homedir(), "openstack-lab")
const project = join(import.meta.dirname, "..", "..", "..")

export const minutes = (count: number) => count * 60_000

export const labFile = (...path: ReadonlyArray<string>) => join(state, ...path)

/** One of the lab's servers, played by a driver process that serves the node alone. */
export interface LabNode {
  readonly csi: CsiClient
  readonly serverId: string
  /** Directory that plays kubelet's root on this node. */
  readonly root: string
}

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

const bundle = (entry: string, outfile: string) =>
  Effect.tryPromise(() =>
    build({
      entryPoints: [join(project, entry)],
      outfile: join(project, outfile),
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      external: ["@grpc/proto-loader"],
      logLevel: "warning"
    })
  )

const stopped = (child: ChildProcess) =>
  Effect.async<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGTERM")
  })

/** Starts a driver and waits until its Probe is answered; ends with the Scope, within the driver's own drain time. */
const startProcess = (file: string, args: ReadonlyArray<string>, socket: string) =>
  Effect.gen(function* () {
    let log = ""
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [join(project, file), ...args], { stdio: ["ignore", "pipe", "pipe"] })),
      stopped
    )
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        log += text
      })
    }
    const csi = yield* makeCsiClient(`unix:${socket}`)
    yield* csi.probe({}, { timeout: "1 second" }).pipe(
      Effect.retry(Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(100))),
      Effect.orElseFail(() => new Error(`the driver does not answer:\n${log}`))
    )
    return { csi, pid: child.pid ?? 0, log: () => log }
  })

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
  yield* ctl("this", "node-1", "node-2")
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
      const started = yield* startProcess(
        "build/cinder-csi-plugin.cjs",
        [...always, "--provide-node-service=false", ...flags],
        `${name}.sock`
      )
      return { ...started, config: `${name}.conf` }
    })

  const startNode = (name: string, number: number) =>
    Effect.gen(function* () {
      const socket = join(folder, `${name}.sock`)
      const root = join(folder, name)
      const devRoot = labFile("nodes", name, "dev")
      yield* Effect.tryPromise(() => mkdir(root))
      if (!existsSync(devRoot)) yield* Effect.tryPromise(() => mkdir(devRoot, { recursive: true }))
      const { csi } = yield* startProcess(
        "build/lab-driver.cjs",
        [
          devRoot,
          `http://127.0.0.1:${metadataPort + number}`,
          `--endpoint=unix://${socket}`,
          `--cloud-config=${labFile("cloud.conf")}`,
          "--provide-controller-service=false"
        ],
        socket
      )
      return { csi, root, serverId: servers[name] ?? "" }
    })

  return {
    controller: yield* startController(readFileSync(labFile("cloud.conf"), "utf8")),
    node1: yield* startNode("node-1", 1),
    node2: yield* startNode("node-2", 2),
    startController,
    ctl
  }
})

export const layerLab: Layer.Layer<Lab, unknown> = Layer.scoped(Lab, makeLab)
