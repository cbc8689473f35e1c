import { close, constants, fstat, open } from "node:fs"
import { promisify } from "node:util"
import { Effect, Option } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import { bounded } from "../process/bounded.ts"
import type { OpenFile } from "../process/Command.ts"
import { numberIn } from "./deviceNumbers.ts"
import { codeOf, failed, problemOf } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
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
  verify: (operation: string, device: BlockDevice) => Effect.Effect<unknown, HostFailure>,
  openWith = openNode
): Pinned => {
  let hanging = 0

  const openChecked = async ({ instance, number, path }: BlockDevice): Promise<OpenFile> => {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW
    const file = openFile(await openWith(path, flags))
    try {
      const opened = numberIn(await statOpen(file.descriptor, { bigint: true }))
      const owner = await sysfs.ownerOf(number)
      if (opened === number && owner?.instance === instance) return file
      throw new Error(`the disk is gone: ${path} was ${number} and leads to another`)
    } catch (error) {
      file.close()
      throw error
    }
  }

  const explain = ({ path }: BlockDevice, error: unknown): string =>
    ["ENOENT", "ENXIO", "ENODEV"].includes(codeOf(error) ?? "")
      ? `the disk is gone: ${path} does not open (${codeOf(error)})`
      : problemOf(error)

  const pin = (operation: string, device: BlockDevice): Effect.Effect<OpenFile, HostFailure> =>
    Effect.suspend(() => {
      const opening = openChecked(device)
      const opened = Effect.tryPromise({
        try: () => opening,
        catch: (error) => failed(operation, explain(device, error))
      })
      const giveUp = () => {
        hanging += 1
        const whenOver = () => {
          hanging -= 1
        }
        opening.then((file) => file.close()).then(whenOver, whenOver)
        return failed(operation, `${device.path} does not even open`)
      }
      return Effect.flatMap(
        bounded(opened, limits.look),
        Option.match({ onNone: () => Effect.fail(giveUp()), onSome: Effect.succeed })
      )
    })

  const acquire = (operation: string, device: BlockDevice): Effect.Effect<OpenFile | undefined, HostFailure> =>
    // An open that hangs keeps one of Node's four threads: a second one is not risked, and the check alone has to do.
    Effect.suspend(() => (hanging > 0 ? Effect.as(verify(operation, device), undefined) : pin(operation, device)))

  return (operation, device, use) =>
    Effect.acquireUseRelease(acquire(operation, device), use, (file) => Effect.sync(() => file?.close()))
}
