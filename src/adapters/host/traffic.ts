import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { DiskTraffic } from "../../ports/HostMounter.ts"

const sectorBytes = 512

/** `/sys/block/NAME/stat` (https://docs.kernel.org/block/stat.html); undefined if it does not read so. */
export const parseTraffic = (text: string): DiskTraffic | undefined => {
  const figures = text.trim().split(/\s+/).map(Number)
  if (figures.length < 11 || figures.some((figure) => !Number.isFinite(figure))) return undefined
  const [reads = 0, , readSectors = 0, readMillis = 0, writes = 0, , writtenSectors = 0, writeMillis = 0, ...more] =
    figures
  const [inFlight = 0, busyMillis = 0] = more
  return {
    reads,
    readBytes: readSectors * sectorBytes,
    readSeconds: readMillis / 1000,
    writes,
    writtenBytes: writtenSectors * sectorBytes,
    writeSeconds: writeMillis / 1000,
    inFlight,
    busySeconds: busyMillis / 1000
  }
}

/** The kernel answers from memory, whatever the disk does. */
export const readTraffic = (sysRoot: string, name: string): DiskTraffic | undefined =>
  parseTraffic(readFileSync(join(sysRoot, "class", "block", name, "stat"), "utf8"))
