import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { project } from "../support/pages.ts"

/** Runs a program to its end; a bad one is an error with all that it said. */
export const run = (folder: string, program: string, ...args: ReadonlyArray<string>): string => {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" })
  if (status === 0) return stdout
  throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? `status ${status}`}\n${stdout}${stderr}`)
}

export interface PackedFile {
  readonly path: string
  readonly size: number
}

/** An application in a folder of its own: the examples, with the library installed from what `npm publish` would send. */
export interface PackedApp {
  readonly folder: string
  readonly files: ReadonlyArray<PackedFile>
  readonly packedBytes: number
  readonly library: string
  readonly remove: () => void
}

export const makePackedApp = (): PackedApp => {
  // Not in the project: an import that the package does not bring along would be found in the project's own node_modules.
  const root = mkdtempSync(join(tmpdir(), "effect-cinder-csi-"))
  const folder = join(root, "app")
  const said = run(project, "npm", "pack", "--json", "--silent", "--pack-destination", root)
  // The scripts before it may have something to say too.
  const [{ filename, files, size }] = JSON.parse(said.slice(said.search(/^\[/m)))
  cpSync(join(project, "docs", "examples"), folder, { recursive: true })
  run(folder, "npm", "install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", join(root, filename))
  return {
    folder,
    files,
    packedBytes: size,
    library: join(folder, "node_modules", "effect-cinder-csi"),
    remove: () => rmSync(root, { recursive: true, force: true })
  }
}

export const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"))

/** What can be imported, by the names that a program imports it by. */
export const entries: ReadonlyArray<string> = Object.keys(manifest.exports)
  .filter((entry) => entry !== "./package.json")
  .map((entry) => entry.replace(/^\./, manifest.name))
