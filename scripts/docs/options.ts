import { readFileSync, writeFileSync } from "node:fs"
import { Effect } from "effect"
import { optionsPage } from "./optionsPage.ts"
import { subcommandHelp } from "./subcommandHelp.ts"

const values = readFileSync("deploy/charts/openstack-cinder-csi/values.yaml", "utf8")
Effect.runFork(
  Effect.map(subcommandHelp, (subcommands) => writeFileSync("docs/options.md", optionsPage(subcommands, values)))
)
