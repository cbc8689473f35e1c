// Run while the image is built: sbom.mjs BUNDLE PACKAGES OUT
// Adds to BUNDLE, the CycloneDX list of what the bundle is made of, the Debian packages of an image and Node with what it
// carries inside, and writes the whole to OUT.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"

const [bundle, collected, out] = process.argv.slice(2)
const sbom = JSON.parse(readFileSync(bundle, "utf8"))
const packages = JSON.parse(readFileSync(collected, "utf8"))

const release = Object.fromEntries(
  [...readFileSync("/etc/os-release", "utf8").matchAll(/^(\w+)="?([^"\n]*)"?$/gm)].map(([, key, value]) => [key, value])
)
const distro = `${release.ID}-${release.VERSION_ID}`

const ofDebian = packages.map(({ name, version, architecture, source, sourceVersion }) => ({
  "bom-ref": `deb:${name}@${version}`,
  type: "library",
  name,
  version,
  purl: `pkg:deb/${release.ID}/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=${distro}`,
  properties: [{ name: "debian:source", value: `${source} ${sourceVersion}` }]
}))

const inside = Object.entries(process.versions)
  .filter(([name]) => !["node", "modules", "napi"].includes(name))
  .map(([name, version]) => ({ "bom-ref": `node:${name}@${version}`, type: "library", name, version }))
const { node } = process.versions
const ofNode = {
  "bom-ref": `node@${node}`,
  type: "application",
  name: "node",
  version: node,
  purl: `pkg:generic/node@${node}`,
  cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`,
  licenses: [{ license: { id: "MIT" } }],
  components: inside
}

mkdirSync(dirname(out), { recursive: true })
writeFileSync(out, `${JSON.stringify({ ...sbom, components: [...sbom.components, ofNode, ...ofDebian] }, null, 1)}\n`)
