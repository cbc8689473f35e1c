// Builds both targets of deploy/Dockerfile without a container engine's daemon and lays what they hold below build/image:
// TARGET/root and TARGET.json, the configuration. Needs root, buildah and mmdebstrap; says so where they are not.
// The base is made here, of Debian's packages and Node's binary, as no registry of images can be asked.
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const targets = ["controller", "node"]
const suite = "bookworm"
const nodeVersion = "24.22.3"
const base = `localhost/debian-node:${suite}-${nodeVersion}`
const project = join(import.meta.dirname, "..", "..")
const out = join(project, "build", "image")
const scratch = mkdtempSync(join(tmpdir(), "cinder-csi-image-"))

const run = (program, args, options = {}) =>
  execFileSync(program, args, {
    cwd: project,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    ...options
  }).trim()
const environment = {
  ...process.env,
  BUILDAH_ISOLATION: "chroot",
  STORAGE_DRIVER: process.env.STORAGE_DRIVER ?? "overlay"
}
const buildah = (...args) =>
  run("buildah", ["--root", join(out, "store"), "--runroot", join(scratch, "run"), ...args], { env: environment })

const began = Date.now()
const tell = (what) => console.log(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}`)

const missing = ["buildah", "mmdebstrap"].filter((program) => spawnSync(program, ["--version"]).error !== undefined)
const obstacle =
  process.platform !== "linux" || process.getuid() !== 0
    ? "it takes root on Linux"
    : missing.length > 0
      ? `install ${missing.join(" and ")}`
      : undefined

/** Where Debian's own images note down the packages that they are made of; here it is the mirror of today. */
const sourcesOf = (oneLine) =>
  [...oneLine.matchAll(/^deb (\S+) (\S+) (.+)$/gm)]
    .map(([, uri, suite, components]) =>
      [
        "Types: deb",
        `# ${uri}`,
        "URIs: http://packages.invalid/not-the-snapshot",
        `Suites: ${suite}`,
        `Components: ${components}`,
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
      ].join("\n")
    )
    .join("\n")

const makeBase = () => {
  const root = join(scratch, "base")
  const keep = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*"
  ]
  const dpkg = keep.map((option) => `--dpkgopt=${option}`)
  run("mmdebstrap", ["--quiet", "--mode=root", "--variant=minbase", ...dpkg, suite, root])
  const oneLine = join(root, "etc", "apt", "sources.list")
  writeFileSync(join(root, "etc", "apt", "sources.list.d", "debian.sources"), sourcesOf(readFileSync(oneLine, "utf8")))
  rmSync(oneLine)
  tell("Debian is there")
  const packed = run("npm", [
    "pack",
    "--silent",
    "--pack-destination",
    scratch,
    `node-linux-${process.arch}@${nodeVersion}`
  ])
  const local = join(root, "usr", "local")
  run("tar", [
    "-xzf",
    join(scratch, packed),
    "-C",
    local,
    "--strip-components=1",
    "package/bin/node",
    "package/LICENSE"
  ])
  const npm = join(run("npm", ["root", "--global"]), "npm")
  mkdirSync(join(local, "lib", "node_modules"), { recursive: true })
  run("cp", ["-a", npm, join(local, "lib", "node_modules", "npm")])
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(local, "bin", "npm"))
  const container = buildah("from", "scratch")
  buildah("add", "--quiet", container, root, "/")
  buildah("config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
  buildah("commit", "--quiet", "--rm", container, base)
  tell(`the base is there, with Node ${nodeVersion}`)
}

/** How this machine reaches its registry of packages; no layer of the image ever holds it. */
const npmrc = () => {
  const ask = (key) => run("npm", ["config", "get", key])
  const path = join(scratch, "npmrc")
  const authorities = ask("cafile")
  const certificates =
    authorities === "null"
      ? []
      : (readFileSync(authorities, "utf8").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [])
  const lines = certificates.map((text) => `ca[]="${text.replaceAll("\n", "\\n")}"`)
  writeFileSync(path, [`registry=${ask("registry")}`, "audit=false", "fund=false", ...lines, ""].join("\n"))
  return path
}

const layOut = (target) => {
  const container = buildah("from", target)
  const root = join(out, target, "root")
  rmSync(join(out, target), { recursive: true, force: true })
  mkdirSync(join(out, target))
  run("cp", ["-a", buildah("mount", container), root])
  const { OCIv1 } = JSON.parse(buildah("inspect", "--type=image", target))
  writeFileSync(join(out, `${target}.json`), JSON.stringify(OCIv1))
  buildah("rm", container)
}

const build = () => {
  mkdirSync(out, { recursive: true })
  for (const target of targets) rmSync(join(out, `${target}.json`), { force: true })
  if (!buildah("images", "--quiet", "--filter", `reference=${base}`)) makeBase()
  const revision = run("git", ["rev-parse", "HEAD"])
  const secret = `id=npmrc,src=${npmrc()}`
  const given = [`BASE=${base}`, "DEBIAN=snapshot", `REVISION=${revision}`].flatMap((pair) => ["--build-arg", pair])
  for (const target of targets) {
    buildah(
      "bud",
      "--quiet",
      "--layers",
      "-f",
      "deploy/Dockerfile",
      ...given,
      "--secret",
      secret,
      "--target",
      target,
      "-t",
      target,
      "."
    )
    tell(`target ${target} is built`)
    layOut(target)
  }
  tell("both are laid out below build/image")
}

if (obstacle !== undefined) {
  rmSync(join(out, "node.json"), { force: true })
  console.error(`the image is not built, so its tests do not run: ${obstacle}`)
} else {
  try {
    build()
  } catch (error) {
    console.error(`the image cannot be built: ${error.message}`)
    process.exitCode = 1
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
