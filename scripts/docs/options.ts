import { writeFileSync } from "node:fs"
import { Effect } from "effect"
import { optionsPage } from "./optionsPage.ts"
import { subcommandHelp } from "./subcommandHelp.ts"

Effect.runFork(Effect.map(subcommandHelp, (subcommands) => writeFileSync("docs/options.md", optionsPage(subcommands))))
