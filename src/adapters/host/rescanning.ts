import { readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import { expectSuccess, mutate } from "../process/Command.ts"
import type { Devices } from "./devices.ts"
import { call, codeOf } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import type { SlowRead } from "./slowReads.ts"

export interface Rescanning {
  readonly rescan: Effect.Effect<void, HostFailure>
  readonly refreshSize: (device: BlockDevice) => Effect.Effect<BlockDevice, HostFailure>
}

/** False where the kernel has no such file: then the bus announces changes itself, as virtio does. */
const tell = async (file: string, word: string): Promise<boolean> => {
  try {
    await writeFile(file, word, { flag: "r+" })
    return true
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false
    throw error
  }
}

/** https://docs.kernel.org/scsi/scsi_mid_low_api.html and the `rescan` attributes of SCSI disks and NVMe controllers. */
export const makeRescanning = ({ sysRoot, limits }: HostOptions, devices: Devices, slowRead: SlowRead): Rescanning => {
  const scanHosts = async () => {
    const folder = join(sysRoot, "class", "scsi_host")
    const hosts = await readdir(folder).catch(() => [])
    await Promise.all(hosts.map((host) => tell(join(folder, host, "scan"), "- - -").catch(() => false)))
  }

  const udevadm = (args: ReadonlyArray<string>) =>
    mutate({
      operation: "make udev look for disks",
      program: "udevadm",
      debianPackage: "udev",
      args,
      timeLimit: limits.look
    }).pipe(Effect.catchAll(({ message }) => Effect.logDebug(message)))

  /** udev may have missed an event or read the serial too early; where it does not run, sysfs alone has to do. */
  const rescan = slowRead("scan SCSI hosts", "look for new disks", limits.look, scanHosts).pipe(
    Effect.zipRight(udevadm(["trigger", "--action=add", "--subsystem-match=block"])),
    Effect.zipRight(udevadm(["settle", "--timeout=3"])),
    Effect.asVoid
  )

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
        const folder = join(sysRoot, "class", "block", name, "device")
        yield* call(
          operation,
          limits.look,
          async () => (await tell(join(folder, "rescan"), "1")) || (await tell(join(folder, "rescan_controller"), "1"))
        )
      }
      return { ...device, sizeBytes: yield* devices.sizeOf(operation, device) }
    })
  }

  return { rescan, refreshSize }
}
