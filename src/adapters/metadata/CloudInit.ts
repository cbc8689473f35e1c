import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { asUuid, problemOf, type Source, SourceFailure, type Told } from "./Source.ts"

export interface CloudInitOptions {
  readonly sysRoot: string
  /** cloud-init's folder, /var/lib/cloud. */
  readonly cloudRoot: string
}

const readShort = (path: string) =>
  Effect.tryPromise({
    try: () => readFile(path, "utf8"),
    catch: (error) => new SourceFailure({ problem: problemOf(error) })
  }).pipe(
    Effect.timeoutFail({
      duration: "5 seconds",
      onTimeout: () => new SourceFailure({ problem: `${path} cannot be read in time` })
    })
  )

/** Old SMBIOS tables store the first three groups with their bytes reversed (DMTF DSP0134, System UUID). */
const swapped = (uuid: string): string => {
  const reversed = (group: string) => (group.match(/../g) ?? []).reverse().join("")
  const [first = "", second = "", third = "", ...rest] = uuid.split("-")
  return [reversed(first), reversed(second), reversed(third), ...rest].join("-")
}

/** The id that the firmware gives this machine; undefined where there is none or it is not for us to read. */
export const firmwareUuid = (sysRoot: string): Effect.Effect<string | undefined> =>
  readShort(join(sysRoot, "class", "dmi", "id", "product_uuid")).pipe(
    Effect.map(asUuid),
    Effect.orElseSucceed(() => undefined)
  )

export const agrees = (uuid: string, firmware: string): boolean => uuid === firmware || swapped(uuid) === firmware

/**
 * What cloud-init noted down at its last run. An image cloned from another server brings that server's id along until
 * cloud-init has run again, so the firmware must not contradict it.
 */
export const makeCloudInit = ({ sysRoot, cloudRoot }: CloudInitOptions): Source => {
  const ask: Effect.Effect<Told, SourceFailure> = Effect.gen(function* () {
    const uuid = asUuid(yield* readShort(join(cloudRoot, "data", "instance-id")))
    if (uuid === undefined) return yield* new SourceFailure({ problem: "its instance-id is not a server's id" })
    const firmware = yield* firmwareUuid(sysRoot)
    if (firmware !== undefined && !agrees(uuid, firmware)) {
      return yield* new SourceFailure({ problem: `its instance-id ${uuid} is not the firmware's ${firmware}` })
    }
    return { uuid, zone: undefined, disks: [] }
  })
  return { name: "cloud-init", ask }
}
