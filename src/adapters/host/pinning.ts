import { close, constants, fstat, open } from "node:fs"
import { promisify } from "node:util"
import { Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import type { OpenFile } from "../process/Command.ts"
import { numberIn } from "./deviceNumbers.ts"
import { codeOf } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import type { SlowRead } from "./slowReads.ts"
import type { Sysfs } from "./sysfs.ts"

export type OpenNode = (path: string, flags: number) => Promise<number>

const openNode: OpenNode = promisify(open)
const statOpen = promisify(fstat)

const openFile = (descriptor: number): OpenFile => {
  let isOpen = true
  return {
    descriptor,
    close: () => {
      if (isOpen) close(descriptor, () => undefined)
      isOpen = false
    }
  }
}

/** Runs what works on a disk while its device node is held open, or merely checked where that cannot be had. */
export type Pinned = <A>(
  operation: string,
  device: BlockDevice,
  use: (file: OpenFile | undefined) => Effect.Effect<A, HostFailure>
) => Effect.Effect<A, HostFailure>

/**
 * Between a check and the moment when a program opens the disk by its name, another disk could get that name. The kernel
 * gives neither name nor number to another as long as somebody has the disk open, so we open it, check it, and let the
 * program inherit what is open.
 */
export const makePinned = (
  { limits }: Pick<HostOptions, "limits">,
  sysfs: Sysfs,
  slowRead: SlowRead,
  verify: (operation: string, device: BlockDevice) => Effect.Effect<unknown, HostFailure>,
  openWith = openNode
): Pinned => {
  const openChecked = async ({ instance, number, path }: BlockDevice): Promise<OpenFile> => {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW
    const descriptor = await openWith(path, flags).catch((error: unknown) => {
      const isGone = ["ENOENT", "ENXIO", "ENODEV"].includes(codeOf(error) ?? "")
      throw isGone ? new Error(`the disk is gone: ${path} does not open (${codeOf(error)})`) : error
    })
    const file = openFile(descriptor)
    try {
      const opened = numberIn(await statOpen(file.descriptor, { bigint: true }))
      const owner = sysfs.ownerOf(number)
      if (opened === number && owner?.instance === instance) return file
      throw new Error(`the disk is gone: ${path} was ${number} and leads to another`)
    } catch (error) {
      file.close()
      throw error
    }
  }

  const acquire = (operation: string, device: BlockDevice): Effect.Effect<OpenFile | undefined, HostFailure> =>
    Effect.suspend(() => {
      let opened: OpenFile | undefined
      let isWanted = true
      const open = async () => {
        opened = await openChecked(device)
        if (!isWanted) opened.close()
        return opened
      }
      const giveUp = Effect.sync(() => {
        isWanted = false
        opened?.close()
      })
      // Where threads are short the check alone has to do.
      const unpinned = Effect.as(verify(operation, device), undefined)
      return slowRead<OpenFile | undefined>(`open ${device.number}`, operation, limits.look, open, unpinned).pipe(
        Effect.tap((file) => (file === undefined ? giveUp : Effect.void)),
        Effect.tapError(() => giveUp)
      )
    })

  return (operation, device, use) =>
    Effect.acquireUseRelease(acquire(operation, device), use, (file) => Effect.sync(() => file?.close()))
}
