import { type ParseArgsConfig, parseArgs } from "node:util"
import { Data, Effect } from "effect"

/** The arguments of a sub-command cannot be used; the message is one line for people. */
export class SubcommandRefusal extends Data.TaggedError("SubcommandRefusal")<{
  readonly command: string
  readonly problem: string
}> {
  override get message() {
    return `${this.command}: ${this.problem}; ${this.command} --help shows what it takes`
  }
}

type FlagRules = NonNullable<ParseArgsConfig["options"]>

const refusalOf = (command: string) => (error: unknown) =>
  new SubcommandRefusal({
    command,
    problem: error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error)
  })

/** Reads the flags of a sub-command that is ours alone, hence in Node's dialect and not in upstream's. */
export const readFlags = <const Flags extends FlagRules>(
  command: string,
  args: ReadonlyArray<string>,
  options: Flags
) =>
  Effect.try({
    try: () => parseArgs({ args: [...args], options, allowPositionals: false, strict: true }).values,
    catch: refusalOf(command)
  })

/** As `readFlags`, for a sub-command that takes words too. */
export const readWordsAndFlags = <const Flags extends FlagRules>(
  command: string,
  args: ReadonlyArray<string>,
  options: Flags
) =>
  Effect.try({
    try: () => {
      const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
      return { words: positionals, flags: values }
    },
    catch: refusalOf(command)
  })

/** A number of at most nine digits; undefined is the flag not given. */
export const readCount = (command: string, flag: string, text: string | undefined, fallback: number) =>
  text === undefined
    ? Effect.succeed(fallback)
    : /^\d{1,9}$/.test(text)
      ? Effect.succeed(Number(text))
      : Effect.fail(
          new SubcommandRefusal({ command, problem: `--${flag} takes a whole number, not ${JSON.stringify(text)}` })
        )
