import { Effect } from "effect"
import type { ToolSeen } from "../../ports/NodeSurvey.ts"
import { type Completed, read } from "../process/Command.ts"
import { debianPackages, type HostProgram, hostProgram } from "../process/programs.ts"

/** How those name their version that do not heed `--version`. */
const versionFlag = (program: string): string =>
  /^(mkfs\.|fsck\.|e2fsck|resize2fs|xfs_growfs)/.test(program) ? "-V" : "--version"

const isProgram = (name: string): name is HostProgram => Object.hasOwn(debianPackages, name)

/** Some tell it on stderr, and some end with a status other than 0 all the same. */
const firstLine = ({ stderr, stdout }: Completed): string =>
  (stdout.trim() || stderr.trim()).split("\n")[0]?.trim() ?? ""

/** What every program that the driver runs says of itself. */
export const toolVersions: Effect.Effect<ReadonlyArray<ToolSeen>> = Effect.forEach(
  Object.keys(debianPackages).filter(isProgram),
  (name) => {
    const { program, debianPackage } = hostProgram(name)
    const operation = `see whether ${program} is there`
    return read({ operation, program, debianPackage, args: [versionFlag(program)], timeLimit: "5 seconds" }).pipe(
      Effect.map((result): string | undefined => firstLine(result) || "it names no version"),
      Effect.orElseSucceed(() => undefined),
      Effect.map((version) => ({ program, debianPackage, version }))
    )
  },
  { concurrency: 4 }
)
