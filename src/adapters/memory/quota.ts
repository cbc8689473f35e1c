import { overLimit, type WorldFault } from "./worldErrors.ts"
import type { QuotaSettings, VolumeTypeSettings } from "./worldSettings.ts"
import type { QuotaSet, QuotaUsage } from "./worldTypes.ts"

interface Usage {
  inUse: number
  reserved: number
}

/** What the project uses of its quotas. Sizes are GiB; snapshots count into the gigabytes of volumes. */
export interface Quota {
  readonly refuseVolume: (sizeGiB: number, type: string) => WorldFault | undefined
  /** `ofType` alone leaves the project's own quotas out: a retype moves a volume between types. */
  readonly refuseRetype: (sizeGiB: number, type: string) => WorldFault | undefined
  readonly refuseGrowth: (newSizeGiB: number, byGiB: number, type: string) => WorldFault | undefined
  readonly refuseSnapshot: (sizeGiB: number, type: string) => WorldFault | undefined
  readonly refuseBackup: (sizeGiB: number) => WorldFault | undefined
  /** `count` is 1 for a new object and -1 for one that went. */
  readonly countVolume: (count: 1 | -1, sizeGiB: number, type: string) => void
  readonly countTypeOnly: (count: 1 | -1, sizeGiB: number, type: string) => void
  readonly countSnapshot: (count: 1 | -1, sizeGiB: number, type: string) => void
  readonly countBackup: (count: 1 | -1, sizeGiB: number) => void
  readonly reserveGrowth: (byGiB: number, type: string) => void
  readonly endGrowth: (byGiB: number, type: string, grown: boolean) => void
  readonly set: () => QuotaSet
}

export const makeQuota = (limits: QuotaSettings, types: ReadonlyArray<VolumeTypeSettings>): Quota => {
  const usages = new Map<string, Usage>()
  const usage = (name: string): Usage => {
    const known = usages.get(name)
    if (known !== undefined) return known
    const fresh = { inUse: 0, reserved: 0 }
    usages.set(name, fresh)
    return fresh
  }

  const limitOf = (name: string): number => {
    switch (name) {
      case "volumes":
      case "gigabytes":
      case "snapshots":
      case "backups":
        return limits[name]
      case "backup_gigabytes":
        return limits.backupGigabytes
      default: {
        const separator = name.indexOf("_")
        const ofType = limits.types[name.slice(separator + 1)]
        return (name.slice(0, separator) === "volumes" ? ofType?.volumes : ofType?.gigabytes) ?? -1
      }
    }
  }

  const consumed = (name: string) => usage(name).inUse + usage(name).reserved
  const exceeds = (name: string, delta: number) => limitOf(name) >= 0 && consumed(name) + delta > limitOf(name)

  const refuseSize = (sizeGiB: number): WorldFault | undefined =>
    limits.perVolumeGigabytes >= 0 && sizeGiB > limits.perVolumeGigabytes
      ? overLimit(
          `VolumeSizeExceedsLimit: Requested volume size ${sizeGiB}G is larger than maximum allowed limit ${limits.perVolumeGigabytes}G.`
        )
      : undefined

  const refuseGigabytes = (names: ReadonlyArray<string>, delta: number): WorldFault | undefined => {
    const name = names.find((candidate) => exceeds(candidate, delta))
    return name === undefined
      ? undefined
      : overLimit(
          `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed ${name} quota. ` +
            `Requested ${delta}G, quota is ${limitOf(name)}G and ${consumed(name)}G has been consumed.`
        )
  }

  const refuseCount = (names: ReadonlyArray<string>): WorldFault | undefined => {
    const name = names.find((candidate) => exceeds(candidate, 1))
    return name === undefined
      ? undefined
      : overLimit(
          `VolumeLimitExceeded: Maximum number of volumes allowed (${limitOf(name)}) exceeded for quota '${name}'.`
        )
  }

  const add = (name: string, delta: number) => {
    usage(name).inUse += delta
  }

  const shown = (name: string): QuotaUsage => ({ limit: limitOf(name), ...usage(name) })

  return {
    refuseVolume: (sizeGiB, type) =>
      refuseSize(sizeGiB) ??
      refuseGigabytes(["gigabytes", `gigabytes_${type}`], sizeGiB) ??
      refuseCount(["volumes", `volumes_${type}`]),
    refuseRetype: (sizeGiB, type) =>
      refuseGigabytes([`gigabytes_${type}`], sizeGiB) ?? refuseCount([`volumes_${type}`]),
    refuseGrowth: (newSizeGiB, byGiB, type) =>
      refuseSize(newSizeGiB) ?? refuseGigabytes(["gigabytes", `gigabytes_${type}`], byGiB),
    refuseSnapshot: (sizeGiB, type) =>
      refuseGigabytes(["gigabytes", `gigabytes_${type}`], sizeGiB) ??
      (exceeds("snapshots", 1)
        ? overLimit(`SnapshotLimitExceeded: Maximum number of snapshots allowed (${limits.snapshots}) exceeded`)
        : undefined),
    refuseBackup: (sizeGiB) => {
      if (exceeds("backups", 1)) {
        return overLimit(`BackupLimitExceeded: Maximum number of backups allowed (${limits.backups}) exceeded`)
      }
      return exceeds("backup_gigabytes", sizeGiB)
        ? overLimit(
            "VolumeBackupSizeExceedsAvailableQuota: Requested backup exceeds allowed Backup gigabytes quota. " +
              `Requested ${sizeGiB}G, quota is ${limits.backupGigabytes}G and ${consumed("backup_gigabytes")}G has been consumed.`
          )
        : undefined
    },
    countVolume: (count, sizeGiB, type) => {
      add("volumes", count)
      add("gigabytes", count * sizeGiB)
      add(`volumes_${type}`, count)
      add(`gigabytes_${type}`, count * sizeGiB)
    },
    countTypeOnly: (count, sizeGiB, type) => {
      add(`volumes_${type}`, count)
      add(`gigabytes_${type}`, count * sizeGiB)
    },
    countSnapshot: (count, sizeGiB, type) => {
      add("snapshots", count)
      add("gigabytes", count * sizeGiB)
      add(`gigabytes_${type}`, count * sizeGiB)
    },
    countBackup: (count, sizeGiB) => {
      add("backups", count)
      add("backup_gigabytes", count * sizeGiB)
    },
    reserveGrowth: (byGiB, type) => {
      for (const name of ["gigabytes", `gigabytes_${type}`]) usage(name).reserved += byGiB
    },
    endGrowth: (byGiB, type, grown) => {
      for (const name of ["gigabytes", `gigabytes_${type}`]) {
        usage(name).reserved -= byGiB
        if (grown) usage(name).inUse += byGiB
      }
    },
    set: () => ({
      volumes: shown("volumes"),
      gigabytes: shown("gigabytes"),
      snapshots: shown("snapshots"),
      backups: shown("backups"),
      backupGigabytes: shown("backup_gigabytes"),
      perVolumeGigabytes: { limit: limits.perVolumeGigabytes, inUse: 0, reserved: 0 },
      types: Object.fromEntries(
        types.map(({ name }) => [name, { volumes: shown(`volumes_${name}`), gigabytes: shown(`gigabytes_${name}`) }])
      )
    })
  }
}
