import { readdirSync, realpathSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import type { DiskAddress } from "../../domain/DescribedDisk.ts"
import type { HostFailure } from "../../domain/errors.ts"
import type { VolumeId } from "../../domain/Volume.ts"
import type { BlockDevice, DiskTraffic } from "../../ports/HostMounter.ts"
import { type NumberOf, numberOfNode } from "./deviceNumbers.ts"
import { makeDiskRegister } from "./diskRegister.ts"
import { failed, glance, orNothing } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"
import { bearsSomeVolume, type Disk, describe, promises, proofOf } from "./identity.ts"
import { makePinned, type Pinned } from "./pinning.ts"
import type { SlowRead } from "./slowReads.ts"
import { makeSysfs } from "./sysfs.ts"
import { readTraffic } from "./traffic.ts"

export interface Devices {
  readonly find: (volume: VolumeId) => Effect.Effect<BlockDevice | undefined, HostFailure>
  readonly findAt: (address: DiskAddress, volume: VolumeId) => Effect.Effect<BlockDevice | undefined, HostFailure>
  /** Every disk that may be a volume. */
  readonly list: (operation: string) => Effect.Effect<ReadonlyArray<Disk>, HostFailure>
  readonly describe: Effect.Effect<ReadonlyArray<string>>
  readonly at: (path: string) => Effect.Effect<BlockDevice | undefined, HostFailure>
  /** Fails if the node no longer leads to the same disk, also if another has its name and number by now. */
  readonly verify: (operation: string, device: BlockDevice) => Effect.Effect<{ readonly name: string }, HostFailure>
  readonly pinned: Pinned
  readonly holdersOf: (operation: string, device: BlockDevice) => Effect.Effect<ReadonlyArray<string>, HostFailure>
  readonly trafficOf: (operation: string, device: BlockDevice) => Effect.Effect<DiskTraffic | undefined, HostFailure>
  readonly sizeOf: (operation: string, device: BlockDevice) => Effect.Effect<bigint, HostFailure>
}

/** A device node and the number of the disk it leads to. */
interface Node {
  readonly path: string
  readonly number: string
}

export const makeDevices = (options: HostOptions, slowRead: SlowRead, numberOf: NumberOf = numberOfNode): Devices => {
  const { devRoot, sysRoot, identity } = options
  const sysfs = makeSysfs(sysRoot)
  const register = makeDiskRegister(options, sysfs, slowRead)
  const byId = join(devRoot, "disk", "by-id")
  const byPath = join(devRoot, "disk", "by-path")

  /** The nodes behind links of udev; a link that leads nowhere is none. */
  const nodesBehind = (folder: string, isWanted: (name: string) => boolean): ReadonlyArray<Node> =>
    (orNothing(() => readdirSync(folder)) ?? []).filter(isWanted).flatMap((name) => {
      const path = orNothing(() => realpathSync(join(folder, name)))
      const number = path === undefined ? undefined : numberOf(path)
      return path === undefined || number === undefined ? [] : [{ path, number }]
    })

  /** The node of a disk by the kernel's name, where `!` stands for a slash, else by a link of udev's. */
  const nodeOf = (disk: Disk, volume: VolumeId): string | undefined => {
    const path = join(devRoot, disk.name.replaceAll("!", "/"))
    if (numberOf(path) === disk.number) return path
    return promisedNodes(volume).find(({ number }) => number === disk.number)?.path
  }

  /** The nodes that udev's links promise to be the volume: a hint at most, since every disk is asked who it is. */
  const promisedNodes = (volume: VolumeId) => nodesBehind(byId, (name) => promises(volume, name))

  /** What is at a node now; undefined if it is not the disk that was asked who it is. */
  const deviceOf = (disk: Disk, path: string, evidence: string): BlockDevice | undefined => {
    const { instance, name, number } = disk
    const owner = sysfs.ownerOf(number)
    if (owner?.instance === instance) return { path, number, instance, sizeBytes: sysfs.sizeOf(name), evidence }
    register.forget(name)
    return undefined
  }

  /**
   * Loop devices carry no serial of their own and several pretended servers may share this host's, so there the links say
   * which of them this one sees.
   */
  const candidates = (operation: string, volume: VolumeId) =>
    identity === "serial"
      ? register.list(operation)
      : glance(operation, () => {
          const numbers = new Set(promisedNodes(volume).map(({ number }) => number))
          return [...numbers].flatMap(register.looped)
        })

  const claimants = (operation: string, volume: VolumeId) =>
    Effect.map(candidates(operation, volume), (disks) =>
      disks.flatMap((disk) => {
        const evidence = proofOf(volume, disk, identity)
        return evidence === undefined ? [] : [{ disk, evidence }]
      })
    )

  const find = (volume: VolumeId) =>
    Effect.gen(function* () {
      const operation = `find the disk of volume ${volume}`
      const [claim, ...others] = yield* claimants(operation, volume)
      if (claim === undefined) return undefined
      if (others.length > 0) {
        const names = [claim, ...others].map(({ disk }) => describe(disk)).join(" and ")
        return yield* failed(operation, `more than one disk claims to be it: ${names}`)
      }
      const { disk, evidence } = claim
      return yield* glance(operation, () => {
        const path = nodeOf(disk, volume)
        return path === undefined ? undefined : deviceOf(disk, path, evidence)
      })
    })

  /** The whole disks whose links by path end with bus and address, as `acpi-VMBUS:00-scsi-0:0:0:2` does. */
  const disksAt = (operation: string, { address, bus }: DiskAddress) =>
    Effect.gen(function* () {
      const isThere = (name: string) => name.endsWith(`-${bus}-${address}`)
      const nodes = yield* glance(operation, () => nodesBehind(byPath, isThere))
      return (yield* register.list(operation)).flatMap((disk) => {
        const path = nodes.find(({ number }) => number === disk.number)?.path
        return path === undefined ? [] : [{ disk, path }]
      })
    })

  const findAt = (address: DiskAddress, volume: VolumeId) =>
    Effect.gen(function* () {
      const where = `${address.bus} ${address.address}`
      const operation = `find the disk of volume ${volume} at ${where}`
      const [found, ...others] = yield* disksAt(operation, address)
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
      if (disk.isSilent) return yield* failed(operation, `${describe(disk)}: nobody knows which volume it is`)
      const evidence = proof ?? `address ${where} in the server's metadata`
      return yield* glance(operation, () => deviceOf(disk, path, evidence))
    })

  const at = (path: string) =>
    glance(`look at ${path}`, (): BlockDevice | undefined => {
      const number = numberOf(path)
      const owner = number === undefined ? undefined : sysfs.ownerOf(number)
      if (number === undefined || owner === undefined) return undefined
      const { instance, name } = owner
      const names = [join(devRoot, name.replaceAll("!", "/")), join("/dev", name.replaceAll("!", "/"))]
      const known = names.find((node) => numberOf(node) === number)
      const sizeBytes = sysfs.sizeOf(name)
      return { path: known ?? path, number, instance, sizeBytes, evidence: `device number of ${path}` }
    })

  const verify = (operation: string, { instance, number, path }: BlockDevice) =>
    glance(operation, () => ({ numberNow: numberOf(path), owner: sysfs.ownerOf(number) })).pipe(
      Effect.flatMap(({ numberNow, owner }) => {
        if (numberNow === number && owner?.instance === instance) return Effect.succeed({ name: owner.name })
        const now = numberNow === number && owner !== undefined ? "is another one" : `is ${numberNow ?? "absent"}`
        return failed(operation, `the disk is gone: ${path} was ${number} and ${now}`)
      })
    )

  const named =
    <A>(read: (name: string) => A) =>
    (operation: string, device: BlockDevice) =>
      Effect.flatMap(verify(operation, device), ({ name }) => glance(operation, () => read(name)))

  return {
    find,
    findAt,
    list: register.list,
    describe: register.list("list the disks").pipe(
      Effect.map((disks) => disks.map(describe)),
      Effect.catchAll(({ message }) => Effect.succeed([message]))
    ),
    at,
    verify,
    pinned: makePinned(options, sysfs, slowRead, verify),
    holdersOf: named(sysfs.holdersOf),
    trafficOf: named((name) => readTraffic(sysRoot, name)),
    sizeOf: named(sysfs.sizeOf)
  }
}
