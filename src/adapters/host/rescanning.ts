import { constants, readdirSync, readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Clock, Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import { expectSuccess, mutate } from "../process/Command.ts"
import { hostProgram } from "../process/programs.ts"
import type { Devices } from "./devices.ts"
import { codeOf, orNothing } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import { hostToScan, type ScsiHost } from "./scsiHosts.ts"
import type { SlowRead } from "./slowReads.ts"

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
export const makeRescanning = ({ sysRoot, limits }: HostOptions, devices: Devices, slowRead: SlowRead): Rescanning => {
  const folder = join(sysRoot, "class", "scsi_host")
  const scannedAt = new Map<string, number>()
  let scanning: string | undefined

  const hosts = (): ReadonlyArray<ScsiHost> =>
    (orNothing(() => readdirSync(folder)) ?? []).map((name) => {
      const driver = orNothing(() => readFileSync(join(folder, name, "proc_name"), "utf8")) ?? ""
      return { name, driver: driver.trim() }
    })

  const rescan = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const host = hostToScan({ hosts: hosts(), scannedAt, scanning, now })
    if (host === undefined) return
    scannedAt.set(host, now)
    const scan = async () => {
      scanning = host
      await tell(join(folder, host, "scan"), "- - -").finally(() => {
        scanning = undefined
      })
    }
    yield* slowRead("scan SCSI hosts", `look for new disks at SCSI ${host}`, limits.look, scan)
  })

  const askForSize = (operation: string, name: string) => {
    const disk = join(sysRoot, "class", "block", name, "device")
    const ask = async () => (await tell(join(disk, "rescan"), "1")) || tell(join(disk, "rescan_controller"), "1")
    return slowRead(`size of ${name}`, operation, limits.look, ask)
  }

  const refreshSize = (device: BlockDevice) => {
    const operation = `read the size of ${device.path} anew`
    return Effect.gen(function* () {
      const { name } = yield* devices.verify(operation, device)
      if (/^loop\d+$/.test(name)) {
        const command = {
          operation,
          ...hostProgram("losetup"),
          args: ["--set-capacity", device.path],
          timeLimit: limits.look,
          worksOn: [device.number]
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
