import { existsSync, readFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { Effect, Exit, Schedule, Scope } from "effect"
import type { CsiClient } from "../../../src/adapters/csi/client.ts"
import { run } from "./commands.ts"
import { startProcess } from "./DriverProcess.ts"
import { labFile } from "./labFiles.ts"

/** One of the lab's servers, played by a driver process that serves the node alone. */
export interface LabNode {
  readonly csi: CsiClient
  readonly name: string
  readonly serverId: string
  /** Directory that plays kubelet's root on this node. */
  readonly root: string
  /** Nothing hears from the node's driver any more, as when the network fails. Its pods run on. */
  readonly isolate: Effect.Effect<void>
  readonly rejoin: Effect.Effect<void>
  /** The driver is killed; the node's mounts and pods stay. */
  readonly stopDriver: Effect.Effect<void>
  /** The guest's memory is gone: no process of it and no mount is left. */
  readonly crash: Effect.Effect<void, unknown>
  /** The driver starts, as after a boot of the guest. */
  readonly boot: Effect.Effect<void, unknown>
}

export const mountsBelow = (folder: string): ReadonlyArray<string> =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((target) => target.startsWith(`${folder}/`))

/** Also mounts of disks that do not answer any more. */
const unmountAll = (root: string) =>
  Effect.forEach([...mountsBelow(root)].reverse(), (target) => run("umount", ["--lazy", target]), { discard: true })

export const startNode = ({
  folder,
  name,
  serverId,
  metadataPort
}: {
  readonly folder: string
  readonly name: string
  readonly serverId: string
  readonly metadataPort: number
}) =>
  Effect.gen(function* () {
    const socket = join(folder, `${name}.sock`)
    const root = join(folder, name)
    const devRoot = labFile("nodes", name, "dev")
    yield* Effect.tryPromise(() => mkdir(root, { recursive: true }))
    if (!existsSync(devRoot)) yield* Effect.tryPromise(() => mkdir(devRoot, { recursive: true }))
    const args = [devRoot, `http://127.0.0.1:${metadataPort}`, `--endpoint=unix://${socket}`]
    const own = [`--cloud-config=${labFile("cloud.conf")}`, "--provide-controller-service=false"]

    const start = Effect.gen(function* () {
      const scope = yield* Scope.make()
      const driver = yield* Scope.extend(startProcess("build/lab-driver.cjs", [...args, ...own], socket), scope)
      return { driver, close: Scope.close(scope, Exit.void) }
    })
    let current = yield* start
    yield* Effect.addFinalizer(() => Effect.zipRight(current.close, Effect.ignore(unmountAll(root))))

    const stopDriver = Effect.suspend(() => Effect.zipRight(current.driver.kill, current.close))

    return {
      get csi() {
        return current.driver.csi
      },
      name,
      serverId,
      root,
      isolate: Effect.suspend(() => current.driver.signal("SIGSTOP")),
      rejoin: Effect.suspend(() => current.driver.signal("SIGCONT")),
      stopDriver,
      crash: Effect.zipRight(
        stopDriver,
        Effect.suspend(() => unmountAll(root))
      ),
      boot: Effect.map(start, (started) => {
        current = started
      })
    } satisfies LabNode
  })

/** Waits for a state of this machine that comes by itself. */
export const soon = <A, E, R>(look: Effect.Effect<A, E, R>) =>
  Effect.retry(look, Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(100)))
