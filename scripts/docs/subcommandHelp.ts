import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Console, Effect } from "effect"
import { subcommands } from "../../src/main/subcommands.ts"
import type { SubcommandHelp } from "./optionsPage.ts"

/** What a program writes to its output, in place of writing it. */
export const printedBy = <E, R>(program: Effect.Effect<unknown, E, R>): Effect.Effect<string, E, R> =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const usual = yield* Console.consoleWith(Effect.succeed)
    const keep = (...texts: ReadonlyArray<unknown>) => Effect.sync(() => void lines.push(texts.join(" ")))
    yield* Effect.withConsole(program, { ...usual, log: keep })
    return lines.join("\n")
  })

/** Asks each sub-command for its help, as a person would. */
export const subcommandHelp: Effect.Effect<ReadonlyArray<SubcommandHelp>, Error> = Effect.forEach(
  subcommands,
  ([name, { summary, run }]) => Effect.map(printedBy(run(["--help"], {})), (help) => ({ name, summary, help }))
).pipe(Effect.provide(NodeFileSystem.layer))
