import { type BigIntStats, lstatSync } from "node:fs"
import { codeOf } from "./failures.ts"

/**
 * The device number of a block device node; undefined if the path is none. Symlinks are not followed. Device nodes live in
 * memory, so that the event loop does not wait for a disk here.
 */
export type NumberOf = (path: string) => string | undefined

/** `major:minor` as the kernel spells it: glibc's makedev(3) taken apart again. Undefined for what is no block device. */
export const numberIn = (stats: BigIntStats): string | undefined => {
  if (!stats.isBlockDevice()) return undefined
  const { rdev } = stats
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}

export const numberOfNode: NumberOf = (path) => {
  try {
    return numberIn(lstatSync(path, { bigint: true }))
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined
    throw error
  }
}
