import { constants } from "node:fs"
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Clock, Effect, Option } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import { bounded } from "../process/bounded.ts"
import { expectSuccess, mutate } from "../process/Command.ts"
import type { Devices } from "./devices.ts"
import { codeOf, failed, problemOf } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import { hostToScan, type ScsiHost } from "./scsiHosts.ts"

export interface Rescanning {
  readonly rescan: Effect.Effect<void, HostFailure>
  readonly refreshSize: (device: BlockDevice) => Effect.Effect<BlockDevice, HostFailure>
}

/**
 * False where the kernel has no such file: then the bus announces changes itself, as virtio does. These files let
 * themselves be written only, and the kernel answers when it has done what it was told.
 */
const tell = async (file: string, word: string): Promise<boolean> => {
  try {
    await writeFile(file, word, { flag: constants.O_WRONLY })
    return true
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false
    throw error
  }
}

/** https://docs.kernel.org/scsi/scsi_mid_low_api.html and the `rescan` attributes of SCSI disks and NVMe controllers. */
export const makeRescanning = ({ sysRoot, limits }: HostOptions, devices: Devices): Rescanning => {
  const folder = join(sysRoot, "class", "scsi_host")
  const scannedAt = new Map<string, number>()
  let scanning: string | undefined
  /** Disks that were told to look at their size and have not answered in time; each of them keeps a thread. */
  const silent = new Set<string>()

  const waitFor = (operation: string, told: Promise<unknown>) =>
    Effect.flatMap(
      bounded(
        Effect.tryPromise({ try: () => told, catch: (error) => failed(operation, problemOf(error)) }),
        limits.look
      ),
      Option.match({ onNone: () => failed(operation, "the kernel does not answer"), onSome: () => Effect.void })
    )

  const hosts = async (): Promise<ReadonlyArray<ScsiHost>> => {
    const names = await readdir(folder).catch(() => [])
    const read = async (name: string) => {
      const driver = await readFile(join(folder, name, "proc_name"), "utf8").catch(() => "")
      return { name, driver: driver.trim() }
    }
    return Promise.all(names.map(read))
  }

  const rescan = Effect.gen(function* () {
    const present = yield* Effect.promise(hosts)
    const now = yield* Clock.currentTimeMillis
    const host = hostToScan({ hosts: present, scannedAt, scanning, now })
    if (host === undefined) return
    scannedAt.set(host, now)
    scanning = host
    const told = tell(join(folder, host, "scan"), "- - -").finally(() => {
      scanning = undefined
    })
    yield* waitFor(`look for new disks at SCSI ${host}`, told)
  })

  const askForSize = (operation: string, name: string) =>
    Effect.suspend(() => {
      const [other] = silent
      if (other !== undefined) return failed(operation, `${other} has been asked the same and does not answer`)
      const disk = join(sysRoot, "class", "block", name, "device")
      const ask = async () => (await tell(join(disk, "rescan"), "1")) || tell(join(disk, "rescan_controller"), "1")
      const told = ask()
      return waitFor(operation, told).pipe(
        Effect.tapError(() =>
          Effect.sync(() => {
            silent.add(name)
            const answered = () => silent.delete(name)
            told.then(answered, answered)
          })
        )
      )
    })

  const refreshSize = (device: BlockDevice) => {
    const operation = `read the size of ${device.path} anew`
    return Effect.gen(function* () {
      const { name } = yield* devices.verify(operation, device)
      if (/^loop\d+$/.test(name)) {
        const command = {
          operation,
          program: "losetup",
          debianPackage: "mount",
          args: ["--set-capacity", device.path],
          timeLimit: limits.look
        }
        yield* mutate(command).pipe(Effect.flatMap(expectSuccess(command)))
      } else {
        yield* askForSize(operation, name)
      }
      return { ...device, sizeBytes: yield* devices.sizeOf(operation, device) }
    })
  }

  return { rescan, refreshSize }
}
