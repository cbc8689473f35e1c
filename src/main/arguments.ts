import { Either } from "effect"
import { nearest } from "../adapters/config/nearest.ts"
import { type FlagName, flagNames, flags } from "./flags.ts"
import { readBoolean } from "./flagValues.ts"

/** The text of each time that a flag was given, in order. */
export interface Arguments {
  readonly given: ReadonlyMap<FlagName, ReadonlyArray<string>>
  /** What is neither a flag nor the value of one. */
  readonly words: ReadonlyArray<string>
  readonly asked: "help" | "version" | undefined
}

type Builtin = "help" | "version"
interface OneFlag {
  readonly name: FlagName | Builtin
  /** What stands in the same argument; undefined when a value may follow in the next one. */
  readonly attached: string | undefined
}

const isFlagName = (name: string): name is FlagName => Object.hasOwn(flags, name)
const isBuiltin = (name: string): name is Builtin => name === "help" || name === "version"

const readLong = (argument: string): Either.Either<OneFlag, string> => {
  const [, written = "", attached] = /^--([^=]*)(?:=(.*))?$/s.exec(argument) ?? []
  const name = written.replaceAll("_", "-")
  if (isFlagName(name) || isBuiltin(name)) return Either.right({ name, attached })
  const hint = nearest(name, [...flagNames, "help", "version"])
  return Either.left(
    `unknown flag --${written}; ${hint === undefined ? "--help lists the flags" : `did you mean --${hint}?`}`
  )
}

const readShort = (argument: string): Either.Either<OneFlag, string> => {
  if (argument.startsWith("-v")) {
    const attached = argument.slice(2)
    return Either.right({ name: "v", attached: attached === "" ? undefined : attached.replace(/^=(?=.)/s, "") })
  }
  if (argument === "-h") return Either.right({ name: "help", attached: undefined })
  const long = argument.slice(1).split("=")[0] ?? ""
  return Either.left(
    isFlagName(long.replaceAll("_", "-"))
      ? `unknown flag -${long}; it is written with two dashes: --${long}`
      : `unknown flag -${[...long][0] ?? ""}; --help lists the flags`
  )
}

/** A deployment's first argument may be the program: `args: ["/bin/cinder-csi-plugin", …]` without `command`. */
const isProgram = (argument: string | undefined) => argument !== undefined && /(^|\/)cinder-csi-plugin$/.test(argument)

/** Takes an argument vector apart as https://pkg.go.dev/github.com/spf13/pflag does. The failure is one line for people. */
export const readArguments = (argv: ReadonlyArray<string>): Either.Either<Arguments, string> => {
  const given = new Map<FlagName, ReadonlyArray<string>>()
  const words: Array<string> = []
  let at = isProgram(argv[0]) ? 1 : 0
  while (at < argv.length) {
    const argument = argv[at] ?? ""
    at += 1
    if (argument === "--") {
      words.push(...argv.slice(at))
      break
    }
    if (!argument.startsWith("-") || argument === "-") {
      words.push(argument)
      continue
    }
    const read = argument.startsWith("--") ? readLong(argument) : readShort(argument)
    if (Either.isLeft(read)) return Either.left(read.left)
    const { name, attached } = read.right
    if (isBuiltin(name)) {
      const wanted = readBoolean(attached ?? "true")
      if (Either.isLeft(wanted)) return Either.left(`--${name}: ${wanted.left}`)
      if (wanted.right) return Either.right({ given, words, asked: name })
      continue
    }
    const optional = flags[name].kind === "boolean" ? "true" : undefined
    const next = attached === undefined && optional === undefined ? argv[at] : undefined
    if (next !== undefined) at += 1
    const text = attached ?? optional ?? next
    if (text === undefined) return Either.left(`--${name}: needs a value`)
    given.set(name, [...(given.get(name) ?? []), text])
  }
  return Either.right({ given, words, asked: undefined })
}
