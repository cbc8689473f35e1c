import { lstatSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { debianPackages } from "../../src/adapters/process/programs.ts"
import { version } from "../../src/main/version.ts"
import { liveUnless } from "../parity/support/needs.ts"
import { configOf, filesOf, noImage, readIn, rootOf, type Target, targets } from "./images.ts"

const built = liveUnless(noImage)
const check = (name: string, look: () => void) => built(name, Effect.sync(look))

/** The program's first line names these two. */
const started = ["env", "node"]
const programsOf: Record<Target, ReadonlyArray<string>> = {
  controller: started,
  node: [...started, ...Object.keys(debianPackages)]
}

const isProgramsFolder = (path: string) => /^(\/usr(\/local)?)?\/s?bin$/.test(dirname(path))

const Sbom = Schema.Struct({
  bomFormat: Schema.Literal("CycloneDX"),
  metadata: Schema.Struct({ component: Schema.Struct({ name: Schema.String, version: Schema.String }) }),
  components: Schema.Array(Schema.Struct({ name: Schema.String, version: Schema.String, purl: Schema.String }))
})
const sbomOf = (target: Target) =>
  Schema.decodeUnknownSync(Schema.parseJson(Sbom))(readIn(target, "/usr/share/sbom/cinder-csi-plugin.cdx.json"))

describe.each(targets)("the image %s", (target) => {
  check("has the programs that the driver runs, and no others, so that no shell", () => {
    const ours = ["cinder-csi-kubernetes.cjs", "cinder-csi-plugin"]
    const wanted = [...programsOf[target], ...ours]
    const found = filesOf(target).filter(isProgramsFolder)
    const names = found.map((path) => basename(path))
    assert.deepStrictEqual(
      wanted.filter((name) => !names.includes(name)),
      []
    )
    const links = found.filter((path) => lstatSync(join(rootOf(target), path)).isSymbolicLink())
    // Debian's mkfs.ext4 is a link to mke2fs.
    const behindLinks = links.length === 0 ? [] : ["mke2fs"]
    assert.deepStrictEqual(
      names.filter((name) => !wanted.includes(name) && !behindLinks.includes(name)),
      []
    )
  })

  check("holds no modules, package manager, or files that run as somebody else", () => {
    const unwanted = filesOf(target).filter((path) => {
      const { mode } = lstatSync(join(rootOf(target), path))
      return /node_modules|npm|\/apt\//.test(path) || (mode & 0o6000) !== 0
    })
    assert.deepStrictEqual(unwanted, [])
  })

  check("says what it is", () => {
    const { Labels } = configOf(target).config
    const label = (name: string) => Labels[`org.opencontainers.image.${name}`]
    assert.strictEqual(label("version"), version)
    assert.strictEqual(label("title"), "cinder-csi-plugin")
    assert.match(label("revision") ?? "", /^[0-9a-f]{40}$/)
    assert.strictEqual(label("licenses"), "Apache-2.0")
  })

  check("lists what it is made of", () => {
    const { components, metadata } = sbomOf(target)
    assert.deepStrictEqual(metadata.component, { name: "effect-cinder-csi", version })
    const bundled = ["effect", "@grpc/grpc-js", "@kubernetes/client-node", "prom-client", "yaml", "ini"]
    const needed = target === "node" ? Object.values(debianPackages) : ["coreutils"]
    const names = components.map(({ name }) => name)
    assert.includeMembers(names, [...bundled, ...needed, "libc6", "ca-certificates", "node"])
    for (const name of ["typescript", "vitest", "esbuild"]) assert.notInclude(names, name)
    // A scanner passes over what is said to be for development.
    assert.notInclude(readIn(target, "/usr/share/sbom/cinder-csi-plugin.cdx.json"), "package:development")
    const purls = components.map(({ purl }) => purl)
    assert.match(purls.find((purl) => purl.startsWith("pkg:generic/node@")) ?? "", /@\d+\.\d+\.\d+$/)
    for (const purl of purls) assert.match(purl, /^pkg:(npm|deb\/debian|generic)\/[^@]+@./)
  })

  check("has the licence of each thing that it is made of, and what scanners read", () => {
    const files = filesOf(target)
    const notices = readIn(target, "/usr/share/doc/cinder-csi-plugin/THIRD-PARTY-NOTICES.txt")
    assert.include(files, "/usr/share/doc/cinder-csi-plugin/LICENSE")
    for (const { name, version: its, purl } of sbomOf(target).components) {
      if (purl.startsWith("pkg:npm/")) assert.include(notices, `${name} ${its} (`)
      else if (purl.startsWith("pkg:deb/")) {
        assert.include(files, `/usr/share/doc/${name}/copyright`)
        assert.include(readIn(target, `/var/lib/dpkg/status.d/${name}`), `Version: ${its}`)
      } else assert.include(files, "/usr/share/doc/node/LICENSE")
    }
  })

  check("knows nothing of the machine that built it", () => {
    const texts = ["/usr/share/sbom/cinder-csi-plugin.cdx.json", "/usr/bin/cinder-csi-plugin", "/etc/passwd"]
    for (const path of texts) assert.notInclude(readIn(target, path), rootOf(target).split("/build/")[0] ?? "")
    const times = new Set(filesOf(target).map((path) => lstatSync(join(rootOf(target), path)).mtimeMs))
    assert.deepStrictEqual([...times], [0])
  })
})
