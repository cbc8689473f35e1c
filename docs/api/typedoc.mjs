import { readFileSync } from "node:fs"

const root = new URL("../../", import.meta.url)
const read = (path) => readFileSync(new URL(path, root), "utf8")
const { files } = JSON.parse(read("tsconfig.build.json"))

/** CSI's own messages: its specification has the words for them. */
const wire = "src/adapters/csi/gen/csi.ts"
const answers = [...read(wire).matchAll(/^export interface (?!\w*Group|GetMetadata)(\w+Response) /gm)].map(
  ([, name]) => name
)

/** Each entry of the package is a module, and a type that an export mentions is exported as well. */
export default {
  // The whole comes last: what it passes on is described with its part.
  entryPoints: [...files.slice(1), files[0]].map((file) => new URL(file, root).pathname),
  tsconfig: new URL("tsconfig.build.json", root).pathname,
  out: new URL("build/api", root).pathname,
  // Read by test/library, which asks for a sentence about each export.
  json: new URL("build/api.json", root).pathname,
  name: "effect-cinder-csi",
  readme: "none",
  // `npm run check` has done so, with the TypeScript that the library is made with.
  skipErrorChecking: true,
  disableSources: true,
  excludePrivate: true,
  excludeExternals: true,
  sort: ["source-order"],
  intentionallyNotExported: [
    ...answers.map((name) => `${wire}:${name}`),
    "Answer",
    "CloudPorts",
    "DocumentedBackupStatus",
    "DocumentedSnapshotStatus",
    "DocumentedVolumeStatus",
    "Environment",
    "HostMounterService"
  ],
  validation: { notExported: true, invalidLink: true, notDocumented: false },
  treatValidationWarningsAsErrors: true
}
