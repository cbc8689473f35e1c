// Writes build/sbom.cdx.json (CycloneDX): what npm says of the packages whose code is in the bundles. The image's build adds
// to it what the image has beside them. Run it after scripts/bundle.mjs.
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"

const bundled = JSON.parse(readFileSync("build/bundled.json", "utf8")).map(({ name, version }) => `${name}@${version}`)
// Not with `--omit=dev`: it leaves out `effect` and others that a package for development asks for as well.
const said = JSON.parse(
  execFileSync("npm", ["sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--loglevel=error"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024
  })
)

// In the bundle each is required. npm marks as for development, or optional, what only an install needs not have: a scanner
// would pass over it.
const components = said.components
  .filter((component) => bundled.includes(component["bom-ref"]))
  .map(({ properties: _ofTheInstall, ...component }) => ({ ...component, scope: "required" }))
const unknown = bundled.filter((reference) => !components.some((component) => component["bom-ref"] === reference))
if (unknown.length > 0) throw new Error(`npm sbom does not know ${unknown.join(", ")}`)

const { metadata } = said
const root = metadata.component["bom-ref"]
// npm takes the folder's name and gives each run a number and a time of its own: two builds of one commit would differ.
const { name } = JSON.parse(readFileSync("package.json", "utf8"))
const sbom = {
  bomFormat: said.bomFormat,
  specVersion: said.specVersion,
  version: said.version,
  metadata: { tools: metadata.tools, component: { ...metadata.component, name } },
  components,
  dependencies: said.dependencies
    .filter(({ ref }) => ref === root || bundled.includes(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((on) => bundled.includes(on)) }))
}
writeFileSync("build/sbom.cdx.json", `${JSON.stringify(sbom, null, 1)}\n`)
