// Runs one TypeScript program of ours: node scripts/run-ts.mjs [--build] FILE [ARGUMENT...]. Node 20 reads JavaScript alone.
// With --build it is only made, as build/NAME.cjs.
import { spawnSync } from "node:child_process"
import { basename } from "node:path"
import { build } from "esbuild"

const buildOnly = process.argv[2] === "--build"
const [entry, ...args] = process.argv.slice(buildOnly ? 3 : 2)
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
if (!buildOnly) process.exit(spawnSync(process.execPath, [outfile, ...args], { stdio: "inherit" }).status ?? 1)
