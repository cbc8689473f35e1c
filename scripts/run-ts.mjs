// Runs one TypeScript program of ours: node scripts/run-ts.mjs FILE [ARGUMENT...]. Node 20 reads JavaScript alone.
import { spawnSync } from "node:child_process"
import { basename } from "node:path"
import { build } from "esbuild"

const [entry, ...args] = process.argv.slice(2)
const outfile = `build/${basename(entry, ".ts")}.cjs`
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  external: ["@grpc/proto-loader"],
  logLevel: "warning"
})
process.exit(spawnSync(process.execPath, [outfile, ...args], { stdio: "inherit" }).status ?? 1)
