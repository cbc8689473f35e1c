import { Either } from "effect"
import type { FileSystem } from "../Capability.ts"
import { InvalidInput } from "../errors.ts"
import { flagsOf } from "./mkfsFlags.ts"

type Values = Readonly<Record<string, string>>

/** Two spellings of one parameter: classes for the Go driver may use either. */
export const mkfsKeys = ["mkfs-options", "mkfsOptions"] as const

/** Where options were read, as the CSI specification names the field. */
export type MkfsField = "parameters" | "volume_context"

/** Arguments for mkfs, each of a form that is known to name nothing but properties of the new file system. */
export interface MkfsOptions {
  readonly args: ReadonlyArray<string>
  /** The UUID is the class's choice, not ours. */
  readonly setsUuid: boolean
  readonly setsLabel: boolean
}

/** A flag with its value, if it takes one. */
interface Setting {
  readonly flag: string
  readonly value: string | undefined
}

/** What is said of mkfs, under the keys that say it; an empty text says nothing. */
export const mkfsTexts = (values: Values): Values =>
  Object.fromEntries(
    mkfsKeys.flatMap((key) => {
      const text = values[key]?.trim() ?? ""
      return text === "" ? [] : [[key, text]]
    })
  )

/** One part between commas as a setting; a flag of one letter may have its value behind it at once, as in `-m0`. */
const settingOf = (words: ReadonlyArray<string>, takesValue: (flag: string) => boolean): Setting | undefined => {
  const [first = "", second, ...more] = words
  if (!first.startsWith("-") || more.length > 0) return undefined
  const equals = first.indexOf("=")
  const [flag, attached] = first.startsWith("--")
    ? [first.slice(0, equals < 0 ? undefined : equals), equals < 0 ? "" : first.slice(equals + 1)]
    : [first.slice(0, 2), first.slice(2)]
  if (attached === "") return { flag, value: second }
  return second === undefined && (takesValue(flag) || first.startsWith("--")) ? { flag, value: attached } : undefined
}

/** Why the table has no room for a setting; undefined if it has. */
const problemOf = ({ flag, value }: Setting, fileSystem: FileSystem): string | undefined => {
  const flags = flagsOf(fileSystem)
  if (!Object.hasOwn(flags, flag)) {
    return `${flag} may not be set for ${fileSystem}; accepted: ${Object.keys(flags).join(", ")}`
  }
  const wanted = flags[flag]
  if (wanted === undefined) return value === undefined ? undefined : `${flag} takes no value`
  if (value !== undefined && wanted.form.test(value)) return undefined
  return `${flag} takes ${wanted.accepted}`
}

/** Lists of one flag become one list, since mke2fs heeds only the last of several. */
const joined = (settings: ReadonlyArray<Setting>, fileSystem: FileSystem): ReadonlyArray<string> => {
  const values = new Map<string, ReadonlyArray<string>>()
  for (const { flag, value } of settings) {
    const before = flagsOf(fileSystem)[flag]?.isList === true ? (values.get(flag) ?? []) : []
    values.set(flag, value === undefined ? [] : [...before, value])
  }
  return [...values].flatMap(([flag, parts]) => (parts.length === 0 ? [flag] : [flag, parts.join(",")]))
}

const setsUuid = ({ flag, value }: Setting): boolean =>
  flag === "-U" || (flag === "-m" && value?.startsWith("uuid=") === true)

const setsLabel = ({ flag }: Setting): boolean => flag === "-L" || flag === "--label"

/**
 * The options for mkfs among parameters or in a volume context: parts between commas, each a flag and its value. They
 * come from whoever may write a StorageClass and run as root on a node, so that only what is in the table gets through.
 */
export const readMkfsOptions = (
  field: MkfsField,
  values: Values,
  fileSystem: FileSystem
): Either.Either<MkfsOptions, InvalidInput> => {
  const [given, other] = Object.entries(mkfsTexts(values))
  if (given === undefined) return Either.right({ args: [], setsUuid: false, setsLabel: false })
  const [key, text] = given
  const invalid = (problem: string) =>
    Either.left(new InvalidInput({ field: `${field}[${JSON.stringify(key)}]`, problem }))
  if (other !== undefined && other[1] !== text) {
    return invalid(`differs from ${JSON.stringify(other[0])}, which means the same; give one of them`)
  }
  const settings: Array<Setting> = []
  for (const part of text.split(",")) {
    const words = part.split(/\s+/).filter((word) => word !== "")
    const setting = settingOf(words, (flag) => flagsOf(fileSystem)[flag] !== undefined)
    const problem =
      setting === undefined
        ? `begin each part between commas with a flag and repeat it, as in "-E nodiscard,-E lazy_itable_init=0"`
        : problemOf(setting, fileSystem)
    if (problem !== undefined) return invalid(`holds ${JSON.stringify(part.trim())}: ${problem}`)
    if (setting !== undefined) settings.push(setting)
  }
  return Either.right({
    args: joined(settings, fileSystem),
    setsUuid: settings.some(setsUuid),
    setsLabel: settings.some(setsLabel)
  })
}
