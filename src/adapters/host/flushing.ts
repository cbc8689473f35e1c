import { Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import { expectSuccess, mutate } from "../process/Command.ts"
import { hostProgram } from "../process/programs.ts"
import type { Devices } from "./devices.ts"
import type { HostOptions } from "./HostOptions.ts"

/**
 * The last unmount and the last close of a disk write everything back; but a container that was started meanwhile may
 * hold a copy of the mount in its own namespace, where nobody here sees it and the last unmount is yet to come. The
 * request of blockdev(8) reaches the file system wherever it is mounted.
 */
export const makeFlush =
  ({ limits }: HostOptions, devices: Devices) =>
  (device: BlockDevice): Effect.Effect<void, HostFailure> => {
    const operation = `write back what is held for ${device.path}`
    const args = ["--flushbufs", device.path]
    const command = {
      operation,
      ...hostProgram("blockdev"),
      args,
      timeLimit: limits.mount,
      worksOn: [device.number]
    }
    return devices
      .verify(operation, device)
      .pipe(Effect.zipRight(mutate(command)), Effect.flatMap(expectSuccess(command)), Effect.asVoid)
  }
