// The packages whose code is in a bundle, and what their licences ask to hand on with it.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const folderOf = (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]

const licenceOf = ({ license }) => license.replace(/^\((.*)\)$/, "$1")

const textsIn = (folder) =>
  readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8").trim())

/** Of esbuild's metafiles, those that gave at least a byte to an output. */
export const bundledPackages = (metafiles) => {
  const folders = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .flatMap(([input, { bytesInOutput }]) => (bytesInOutput > 0 ? (folderOf(input) ?? []) : []))
  return [...new Set(folders)].sort().map((folder) => {
    const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
    return { name: about.name, version: about.version, licence: licenceOf(about), texts: textsIn(folder) }
  })
}

const rule = "-".repeat(80)

export const noticesOf = (packages) =>
  packages
    .map(({ name, version, licence, texts }) =>
      [`${name} ${version} (${licence})`, ...(texts.length > 0 ? texts : ["It brings no text of its licence."])].join(
        "\n\n"
      )
    )
    .join(`\n\n${rule}\n\n`)
    .concat("\n")
