import { close, constants, open, read as readAt } from "node:fs"
import { promisify } from "node:util"
import { type Duration, Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { BlockDevice } from "../../ports/HostMounter.ts"
import { expectSuccess, read } from "../process/Command.ts"
import { hostProgram } from "../process/programs.ts"
import { failed } from "./failures.ts"
import { type Region, regionsOf } from "./signatures.ts"

/** A stretch of a disk and what is there. */
export interface Piece {
  readonly offset: number
  readonly bytes: Buffer
}

const tooShort = (got: number, { length, offset }: Region) =>
  `only ${got} of ${length} bytes could be read at ${offset}`

const largestRegion = 1024 * 1024
const zeros = Buffer.alloc(largestRegion)

export const zerosOf = (length: number): Buffer => zeros.subarray(0, length)

/** Most disks that are scanned hold nothing but zeros, for which no memory has to be found and given back each time. */
const spareBuffers: Array<Buffer> = []

const openNode = promisify(open)
const closeFile = promisify(close)
const readInto = promisify(readAt)

const readRegion = async (file: number, buffer: Buffer, region: Region): Promise<Piece> => {
  const { length, offset } = region
  const { bytesRead } = await readInto(file, buffer, 0, length, offset)
  if (bytesRead !== length) throw new Error(tooShort(bytesRead, region))
  const found = buffer.subarray(0, length)
  const empty = zerosOf(length)
  return { offset, bytes: found.equals(empty) ? empty : Buffer.from(found) }
}

/** The content of a regular block device or file, region by region; rejects on the first read that falls short. */
export const readPieces = async (path: string, size: number): Promise<ReadonlyArray<Piece>> => {
  const file = await openNode(path, constants.O_RDONLY)
  const buffer = spareBuffers.pop() ?? Buffer.allocUnsafeSlow(largestRegion)
  try {
    const pieces: Array<Piece> = []
    for (const region of regionsOf(size)) pieces.push(await readRegion(file, buffer, region))
    return pieces
  } finally {
    spareBuffers.push(buffer)
    await closeFile(file)
  }
}

/** The same by a child process for each region: some fifty of them, but none that could hang takes a thread of ours. */
export const readPiecesByChildren = (
  operation: string,
  device: BlockDevice,
  size: number,
  timeLimit: Duration.Duration
): Effect.Effect<ReadonlyArray<Piece>, HostFailure> =>
  Effect.forEach(regionsOf(size), (region) => {
    const { length, offset } = region
    const flags = "iflag=fullblock,skip_bytes,count_bytes"
    const command = {
      operation,
      ...hostProgram("dd"),
      args: [`if=${device.path}`, "bs=64K", `skip=${offset}`, `count=${length}`, flags, "status=none"],
      timeLimit,
      patience: "1 second",
      worksOn: [device.number],
      stdoutBytes: length
    } as const
    return read(command).pipe(
      Effect.flatMap(expectSuccess(command)),
      Effect.map(({ stdout }): Piece => ({ offset, bytes: Buffer.from(stdout, "latin1") })),
      Effect.filterOrFail(
        ({ bytes }) => bytes.length === length,
        ({ bytes }) => failed(operation, tooShort(bytes.length, region))
      )
    )
  })
