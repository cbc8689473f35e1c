// Run while the image is built: collect.mjs INTO PROGRAM...
// Copies the programs with the libraries and files that they need into the folder INTO, which becomes an image without a
// shell or a package manager, and writes INTO.packages.json: the Debian packages that what it copied comes from.
import { execFileSync, spawnSync } from "node:child_process"
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { basename, dirname, join, resolve } from "node:path"

const [into, ...programs] = process.argv.slice(2)

/** Read by the programs at run time. Without nsswitch.conf a pod's /etc/hosts would not be read first. */
const data = ["/etc/mke2fs.conf", "/etc/nsswitch.conf", "/etc/ssl/certs/ca-certificates.crt"]
const madeWhenInstalling = { "/etc/nsswitch.conf": "libc-bin", "/etc/ssl/certs/ca-certificates.crt": "ca-certificates" }
const accounts = [
  ["root", 0],
  ["nonroot", 65532]
]

const pathOf = (program) => {
  const found = process.env.PATH.split(":")
    .map((folder) => join(folder, program))
    .find(existsSync)
  if (found === undefined) throw new Error(`there is no ${program} in ${process.env.PATH}`)
  return found
}

const libraries = (file) => {
  const { status, stdout, stderr } = spawnSync("ldd", [file], { encoding: "utf8" })
  if (status !== 0) throw new Error(`ldd ${file}: ${stdout}${stderr}`)
  if (/not found/.test(stdout)) throw new Error(`${file} lacks a library:\n${stdout}`)
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path)
}

/** A file's path by its folder's real name: Debian's /bin, /sbin and /lib are links to those below /usr. */
const canonical = (path) => join(realpathSync(dirname(path)), basename(path))

const copied = new Set()
const copy = (path) => {
  const from = canonical(path)
  const to = join(into, from)
  if (copied.has(from)) return
  copied.add(from)
  mkdirSync(dirname(to), { recursive: true })
  if (lstatSync(from).isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to)
    copy(resolve(dirname(from), readlinkSync(from)))
  } else {
    copyFileSync(from, to)
    chmodSync(to, lstatSync(from).mode & 0o755)
  }
}

for (const name of readdirSync("/").filter((name) => /^(s?bin|lib\w*)$/.test(name))) {
  if (!lstatSync(`/${name}`).isSymbolicLink()) continue
  mkdirSync(into, { recursive: true })
  symlinkSync(readlinkSync(`/${name}`), join(into, name))
}
for (const path of programs.map(pathOf)) {
  copy(path)
  libraries(realpathSync(path)).forEach(copy)
}
for (const path of data.filter(existsSync)) copy(path)

const write = (path, text) => {
  mkdirSync(dirname(join(into, path)), { recursive: true })
  writeFileSync(join(into, path), text)
}
write("etc/passwd", accounts.map(([name, id]) => `${name}:x:${id}:${id}::/:/sbin/nologin\n`).join(""))
write("etc/group", accounts.map(([name, id]) => `${name}:x:${id}:\n`).join(""))
mkdirSync(join(into, "tmp"))
chmodSync(join(into, "tmp"), 0o1777)

/** The package database knows some files by their names from before /bin and /lib were links. */
const ownerOf = (path) =>
  [path, path.replace(/^\/usr/, "")]
    .map((name) => spawnSync("dpkg-query", ["--search", name], { encoding: "utf8" }).stdout)
    .map((answer) => /^([^\s,:]+)[^\n]*: \//m.exec(answer)?.[1])
    .find((owner) => owner !== undefined) ?? madeWhenInstalling[path]

const owners = [...copied].map((path) => ({ path, owner: ownerOf(path) }))
const node = canonical(pathOf("node"))
const unowned = owners.filter(({ owner, path }) => owner === undefined && path !== node)
if (unowned.length > 0) throw new Error(`no package has brought ${unowned.map(({ path }) => path).join(", ")}`)
const fields = ["Package", "Version", "Architecture", "source:Package", "source:Version"].map((name) => `$\{${name}}`)
const names = [...new Set(owners.flatMap(({ owner }) => owner ?? []))].sort()
const packages = names.map((name) => {
  const said = execFileSync("dpkg-query", ["--show", `--showformat=${fields.join("\\t")}`, name], { encoding: "utf8" })
  const [, version, architecture, source, sourceVersion] = said.split("\t")
  // Where scanners look for the packages of an image without a package manager, and the licences that go with the files.
  write(`var/lib/dpkg/status.d/${name}`, execFileSync("dpkg-query", ["--status", name]))
  write(`usr/share/doc/${name}/copyright`, readFileSync(`/usr/share/doc/${name}/copyright`))
  return { name, version, architecture, source, sourceVersion }
})

const nodesLicence = join(dirname(dirname(node)), "LICENSE")
if (existsSync(nodesLicence)) write("usr/share/doc/node/LICENSE", readFileSync(nodesLicence))
writeFileSync(`${into}.packages.json`, JSON.stringify(packages))
