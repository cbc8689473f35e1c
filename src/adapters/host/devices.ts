import { lstat, readdir, realpath } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import type { DiskAddress } from "../../domain/DescribedDisk.ts"
import type { HostFailure } from "../../domain/errors.ts"
import type { VolumeId } from "../../domain/Volume.ts"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import { call, codeOf, failed } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import { bearsSomeVolume, type Disk, describe, promises, proofOf } from "./identity.ts"
import { makeSysfs } from "./sysfs.ts"

/** The device number of a block device node; undefined if the path is none. Symlinks are not followed. */
export type NumberOf = (path: string) => Promise<string | undefined>

/** glibc's makedev(3) taken apart again. */
const formatNumber = (rdev: bigint): string => {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}

export const numberOfNode: NumberOf = async (path) => {
  try {
    const stats = await lstat(path, { bigint: true })
    return stats.isBlockDevice() ? formatNumber(stats.rdev) : undefined
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined
    throw error
  }
}

export interface Devices {
  readonly find: (volume: VolumeId) => Effect.Effect<BlockDevice | undefined, HostFailure>
  readonly findAt: (address: DiskAddress, volume: VolumeId) => Effect.Effect<BlockDevice | undefined, HostFailure>
  readonly describe: Effect.Effect<ReadonlyArray<string>>
  readonly at: (path: string) => Effect.Effect<BlockDevice | undefined, HostFailure>
  /** Fails if the node no longer leads to the same disk, as after a quick detach and attach. */
  readonly verify: (operation: string, device: BlockDevice) => Effect.Effect<{ readonly name: string }, HostFailure>
  readonly holdersOf: (operation: string, device: BlockDevice) => Effect.Effect<ReadonlyArray<string>, HostFailure>
  readonly sizeOf: (operation: string, device: BlockDevice) => Effect.Effect<bigint, HostFailure>
}

/** A device node and the number of the disk it leads to. */
interface Node {
  readonly path: string
  readonly number: string
}

export const makeDevices = (
  { devRoot, sysRoot, identity, limits }: HostOptions,
  numberOf: NumberOf = numberOfNode
): Devices => {
  const sysfs = makeSysfs(sysRoot)
  const byId = join(devRoot, "disk", "by-id")
  const byPath = join(devRoot, "disk", "by-path")

  const look = <A>(operation: string, act: () => Promise<A>) => call(operation, limits.look, act)

  /** The nodes behind links of udev; a link that leads nowhere is none. */
  const nodesBehind = async (folder: string, isWanted: (name: string) => boolean): Promise<ReadonlyArray<Node>> => {
    const names = await readdir(folder).catch(() => [])
    const nodes = names.filter(isWanted).map(async (name) => {
      const path = await realpath(join(folder, name)).catch(() => undefined)
      const number = path === undefined ? undefined : await numberOf(path)
      return path === undefined || number === undefined ? [] : [{ path, number }]
    })
    return (await Promise.all(nodes)).flat()
  }

  /** The nodes that udev's links promise to be the volume. */
  const promisedNodes = (volume: VolumeId) => nodesBehind(byId, (name) => promises(volume, name))

  /** The node of a disk: udev's choice first, else the kernel's name, where `!` stands for a slash. */
  const nodeOf = async (disk: Disk, promised: ReadonlyArray<Node>): Promise<string | undefined> => {
    const linked = promised.find(({ number }) => number === disk.number)
    if (linked !== undefined) return linked.path
    const path = join(devRoot, disk.name.replaceAll("!", "/"))
    return (await numberOf(path)) === disk.number ? path : undefined
  }

  /**
   * Serials are asked of every disk, so links are a hint at most. Loop devices carry no serial of their own and several
   * pretended servers may share this host's, so there the links say which of them this one sees.
   */
  const candidates = (disks: ReadonlyArray<Disk>, promised: ReadonlyArray<Node>) =>
    identity === "serial" ? disks : disks.filter((disk) => promised.some(({ number }) => number === disk.number))

  const claimants = async (volume: VolumeId) => {
    const promised = await promisedNodes(volume)
    const proved = candidates(await sysfs.disks(), promised).flatMap((disk) => {
      const evidence = proofOf(volume, disk, identity)
      return evidence === undefined ? [] : [{ disk, evidence }]
    })
    return Promise.all(proved.map(async (claim) => ({ ...claim, path: await nodeOf(claim.disk, promised) })))
  }

  const find = (volume: VolumeId) =>
    Effect.gen(function* () {
      const operation = `find the disk of volume ${volume}`
      const [claim, ...others] = yield* look(operation, () => claimants(volume))
      if (claim === undefined) return undefined
      if (others.length > 0) {
        const names = [claim, ...others].map(({ disk }) => describe(disk)).join(" and ")
        return yield* failed(operation, `more than one disk claims to be it: ${names}`)
      }
      const { disk, evidence, path } = claim
      return path === undefined ? undefined : { path, number: disk.number, sizeBytes: disk.sizeBytes, evidence }
    })

  /** The whole disks whose links by path end with bus and address, as `acpi-VMBUS:00-scsi-0:0:0:2` does. */
  const disksAt = async ({ address, bus }: DiskAddress) => {
    const nodes = await nodesBehind(byPath, (name) => name.endsWith(`-${bus}-${address}`))
    const disks = await sysfs.disks()
    const numbers = [...new Set(nodes.map(({ number }) => number))]
    return numbers.flatMap((number) => {
      const disk = disks.find((each) => each.number === number)
      const path = nodes.find((node) => node.number === number)?.path
      return disk === undefined || path === undefined ? [] : [{ disk, path }]
    })
  }

  const findAt = (address: DiskAddress, volume: VolumeId) =>
    Effect.gen(function* () {
      const where = `${address.bus} ${address.address}`
      const operation = `find the disk of volume ${volume} at ${where}`
      const [found, ...others] = yield* look(operation, () => disksAt(address))
      if (found === undefined) return undefined
      if (others.length > 0) {
        const names = [found, ...others].map(({ disk }) => describe(disk)).join(" and ")
        return yield* failed(operation, `more than one disk is there: ${names}`)
      }
      const { disk, path } = found
      const proof = proofOf(volume, disk, identity)
      if (proof === undefined && bearsSomeVolume(disk)) {
        yield* Effect.logWarning(`${where} should be volume ${volume} and is ${describe(disk)}`)
        return undefined
      }
      const evidence = proof ?? `address ${where} in the server's metadata`
      return { path, number: disk.number, sizeBytes: disk.sizeBytes, evidence }
    })

  const at = (path: string) =>
    look(`look at ${path}`, async (): Promise<BlockDevice | undefined> => {
      const number = await numberOf(path)
      const name = number === undefined ? undefined : await sysfs.nameOf(number)
      if (number === undefined || name === undefined) return undefined
      const names = [join(devRoot, name.replaceAll("!", "/")), join("/dev", name.replaceAll("!", "/"))]
      const known = await Promise.all(names.map(async (node) => ((await numberOf(node)) === number ? [node] : [])))
      const sizeBytes = await sysfs.sizeOf(name)
      return { path: known.flat()[0] ?? path, number, sizeBytes, evidence: `device number of ${path}` }
    })

  const verify = (operation: string, device: BlockDevice) =>
    look(operation, async () => ({
      number: await numberOf(device.path),
      name: await sysfs.nameOf(device.number)
    })).pipe(
      Effect.flatMap(({ number, name }) =>
        number === device.number && name !== undefined
          ? Effect.succeed({ name })
          : failed(operation, `the disk is gone: ${device.path} was ${device.number} and is ${number ?? "absent"}`)
      )
    )

  const named =
    <A>(read: (name: string) => Promise<A>) =>
    (operation: string, device: BlockDevice) =>
      Effect.flatMap(verify(operation, device), ({ name }) => look(operation, () => read(name)))

  return {
    find,
    findAt,
    describe: look("list the disks", sysfs.disks).pipe(
      Effect.map((disks) =>
        disks
          .filter(
            ({ serials, backingFile, name }) => serials.length > 0 || backingFile !== undefined || !/^loop/.test(name)
          )
          .map(describe)
      ),
      Effect.catchAll(({ message }) => Effect.succeed([message]))
    ),
    at,
    verify,
    holdersOf: named(sysfs.holdersOf),
    sizeOf: named(sysfs.sizeOf)
  }
}
