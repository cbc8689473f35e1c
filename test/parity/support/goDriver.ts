import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Schedule } from "effect"
import { makeCsiClient } from "../../../src/adapters/csi/client.ts"
import { temporaryFolder } from "../../support/wiredDriver.ts"

const upstream = join(import.meta.dirname, "..", "upstream")
const version = /cloud-provider-openstack (v\S+)/.exec(readFileSync(join(upstream, "go.mod"), "utf8"))?.[1] ?? ""

/** Made by `upstream/build.mjs` before the suite. */
const program = join(import.meta.dirname, "..", "..", "..", "build", "upstream", `cinder-csi-plugin-${version}`)

/** Why the Go driver cannot run here; undefined if it can. */
export const noGoDriver = existsSync(program) ? undefined : `the Go driver ${version} is not built`

const isOnPath = (name: string) =>
  (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, name)))

/** Why it cannot be a node here: it knows the metadata service by its address alone, so it gets a network of its own. */
export const noGoNode =
  noGoDriver ?? (isOnPath("ip") && isOnPath("unshare") ? undefined : "iproute2 or util-linux is not installed")

const ended = (child: ChildProcess) =>
  Effect.async<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGTERM")
  })

const startProcess = (command: string, args: ReadonlyArray<string>, socket: string) =>
  Effect.gen(function* () {
    let log = ""
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] })),
      ended
    )
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        log += text
      })
    }
    const csi = yield* makeCsiClient(`unix:${socket}`)
    yield* csi.probe({}, { timeout: "1 second" }).pipe(
      Effect.retry(Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(400))),
      Effect.orElse(() => Effect.dieMessage(`the Go driver does not answer:\n${log}`))
    )
    return csi
  })

/** The Go driver as a controller with a `cloud.conf` of that text. */
export const startGoController = (conf: string, flags: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const root = yield* temporaryFolder
    const config = join(root, "cloud.conf")
    yield* Effect.sync(() => writeFileSync(config, conf))
    const socket = join(root, "csi.sock")
    const args = [`--endpoint=unix://${socket}`, `--cloud-config=${config}`, "--provide-node-service=false", ...flags]
    return yield* startProcess(program, args, socket)
  })

/** The Go driver as a node that sees this host's disks, and of all networks only a metadata service with `document`. */
export const startGoNode = (document: unknown, flags: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const root = yield* temporaryFolder
    const file = join(root, "meta_data.json")
    yield* Effect.sync(() => writeFileSync(file, JSON.stringify(document)))
    const socket = join(root, "csi.sock")
    const guest = ["--net", process.execPath, join(upstream, "inNamespace.mjs"), file]
    const args = [`--endpoint=unix://${socket}`, "--provide-controller-service=false", ...flags]
    return yield* startProcess("unshare", [...guest, program, ...args], socket)
  })
