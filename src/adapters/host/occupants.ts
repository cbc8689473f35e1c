import { readdir, readFile, readlink } from "node:fs/promises"
import { join } from "node:path"
import { isWithin } from "../../domain/hostPath.ts"

const quietly = <A>(promise: Promise<A>, otherwise: A): Promise<A> => promise.catch(() => otherwise)

const pathsOf = async (pid: string): Promise<ReadonlyArray<string>> => {
  const folder = join("/proc", pid)
  const descriptors = (await quietly(readdir(join(folder, "fd")), [])).map((fd) => join(folder, "fd", fd))
  const links = [join(folder, "cwd"), join(folder, "root"), join(folder, "exe"), ...descriptors]
  return Promise.all(links.map((link) => quietly(readlink(link), "")))
}

/**
 * Up to five processes that have something open below a path; those of other namespaces cannot be seen. Links in /proc
 * are told from memory, so that nothing below the path is touched.
 */
export const occupantsOf = async (path: string, signal: AbortSignal): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    if (found.length === 5 || signal.aborted) return found
    if ((await pathsOf(pid)).some((open) => isWithin(open, path))) {
      found.push(`${(await quietly(readFile(join("/proc", pid, "comm"), "utf8"), "a process")).trim()} (pid ${pid})`)
    }
  }
  return found
}
