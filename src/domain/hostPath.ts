import { InvalidInput } from "./errors.ts"

/** Linux's PATH_MAX, which counts the closing NUL. */
const longestPathBytes = 4095

export const isTooLong = (path: string): boolean => new TextEncoder().encode(path).length > longestPathBytes

/**
 * Whether a path is absolute and says the same to us, the kernel and its mount table. The root itself never holds a
 * volume and counts as improper.
 */
export const isProperPath = (path: string): boolean => {
  if (!path.startsWith("/") || path.includes("\0")) return false
  return path
    .slice(1)
    .split("/")
    .every((name) => name !== "" && name !== "." && name !== "..")
}

/** What is wrong with a path at which something is to be placed or taken away; undefined if nothing is. */
export const pathProblem = (field: string, path: string): InvalidInput | undefined => {
  if (isTooLong(path)) return new InvalidInput({ field, problem: `is longer than ${longestPathBytes} bytes` })
  if (!isProperPath(path)) {
    return new InvalidInput({ field, problem: "must be absolute, without empty, '.' or '..' components" })
  }
  return undefined
}

export const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf("/")))

/** Whether `path` is `ancestor` or lies below it. */
export const isWithin = (path: string, ancestor: string): boolean =>
  path === ancestor || path.startsWith(`${ancestor}/`)
