import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { basename, join } from "node:path"
import { type Context, Effect } from "effect"
import type { HostFailure } from "../../domain/errors.ts"
import type { HostMounter, Pulse } from "../../ports/HostMounter.ts"
import { type Command, complaint, read } from "../process/Command.ts"
import { type HostProgram, hostProgram } from "../process/programs.ts"
import type { Devices } from "./devices.ts"
import { glance, orNothing } from "./failures.ts"
import type { HostOptions } from "./HostOptions.ts"

/** No answer in time is one too; a child that could not start at all is none. */
export const pulse = (command: Command): Effect.Effect<Pulse, HostFailure> =>
  read(command).pipe(
    Effect.map(
      (result): Pulse => (result.code === 0 ? { _tag: "Alive" } : { _tag: "Dead", problem: complaint(result) })
    ),
    Effect.catchAll((failure) => (failure.outcome === "unknown" ? Effect.succeed<Pulse>({ _tag: "Silent" }) : failure))
  )

/** `s_error_count` of the superblock, which e2fsck clears (https://docs.kernel.org/filesystems/ext4/globals.html). */
const extErrors = (sysRoot: string, disk: string): number | undefined => {
  const text = orNothing(() => readFileSync(join(sysRoot, "fs", "ext4", disk, "errors_count"), "utf8"))
  return text === undefined ? undefined : Number(text)
}

/** Counted until `btrfs device stats -z`. */
const btrfsErrors = (sysRoot: string, disk: string): number | undefined => {
  const root = join(sysRoot, "fs", "btrfs")
  for (const name of orNothing(() => readdirSync(root)) ?? []) {
    const link = orNothing(() => readlinkSync(join(root, name, "devices", disk)))
    if (link === undefined || basename(link) !== disk) continue
    const members = join(root, name, "devinfo")
    const counts = (orNothing(() => readdirSync(members)) ?? []).flatMap(
      (member) => orNothing(() => readFileSync(join(members, member, "error_stats"), "utf8"))?.match(/\d+/g) ?? []
    )
    return counts.reduce((sum, count) => sum + Number(count), 0)
  }
  return undefined
}

/** XFS shows no count, and SCSI's `ioerr_cnt` counts answers too that are no errors of the disk. */
export const fileSystemErrors = (sysRoot: string, disk: string): number | undefined =>
  extErrors(sysRoot, disk) ?? btrfsErrors(sysRoot, disk)

export type VitalSigns = Pick<Context.Tag.Service<HostMounter>, "pulseOf" | "vitalsOf">

export const makeVitals = ({ limits, sysRoot }: HostOptions, devices: Devices): VitalSigns => {
  const ask = (operation: string, program: HostProgram, args: ReadonlyArray<string>) =>
    pulse({
      operation,
      ...hostProgram(program),
      args,
      timeLimit: limits.look,
      patience: "1 second",
      worksOn: [operation]
    })

  const readOnce = (path: string) =>
    ask(`read ${path}`, "dd", [`if=${path}`, "of=/dev/null", "bs=4096", "count=1", "iflag=direct", "status=none"])

  return {
    pulseOf: (path) => ask(`look at ${path}`, "stat", ["--format=", "--", path]),
    vitalsOf: (device) => {
      const operation = `see how ${device.path} does`
      return Effect.gen(function* () {
        const { name } = yield* devices.verify(operation, device)
        const state = join(sysRoot, "class", "block", name, "device", "state")
        const shown = yield* glance(operation, () => ({
          state: orNothing(() => readFileSync(state, "utf8"))?.trim(),
          fileSystemErrors: fileSystemErrors(sysRoot, name)
        }))
        return { ...shown, read: yield* readOnce(device.path) }
      })
    }
  }
}
