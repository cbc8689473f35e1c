// Runs csi-sanity, the specification's own test program, against the bundled driver on the embedded cloud.
// Needs root on Linux (real loop devices, real mounts), Go and the packages of test/host. Ends with `N passed, N failed`.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"

const version = "v5.5.0"
const program = join("build", "bin", "csi-sanity")
const driver = join("build", "cinder-csi-plugin.cjs")
const driverLog = join("build", "sanity-driver.log")

/** Every spec that may skip, with the reason; a skip that is not listed fails the run, and so does a listed one that ran. */
const expectedSkips = [
  { spec: /GetCapacity/, count: 1, reason: "GET_CAPACITY is not advertised yet" },
  { spec: /CreateVolume \/ .*volume attribute class/, count: 2, reason: "MODIFY_VOLUME is not advertised yet" },
  { spec: /^ModifyVolume/, count: 6, reason: "MODIFY_VOLUME is not advertised yet" },
  { spec: /GetSnapshot/, count: 3, reason: "GET_SNAPSHOT is not advertised yet" },
  { spec: /GroupController/, count: 6, reason: "volume groups are not advertised yet" },
  {
    spec: /ControllerPublishVolume \/ .*incompatible/,
    count: 1,
    reason: "PUBLISH_READONLY: Cinder attaches for writing only"
  }
]

const fail = (message) => {
  console.error(message)
  console.log("0 passed, 1 failed")
  process.exit(1)
}

const run = (command, args, options = {}) => spawnSync(command, args, { stdio: "inherit", ...options })

const installProgram = () => {
  if (existsSync(program)) return
  console.log(`installing csi-sanity ${version}`)
  const installed = run("go", ["install", `github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity@${version}`], {
    env: { ...process.env, GOBIN: join(process.cwd(), "build", "bin") }
  })
  if (installed.error) fail("csi-sanity is built with Go, and there is no `go` here: install Go 1.24 or later")
  if (installed.status !== 0) fail("csi-sanity could not be built")
}

/** Starts the driver and waits until it prints the path of its socket. */
const startDriver = () =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [driver, "demo", "--keep", "--log", "--max-volumes=6"], {
      stdio: ["ignore", "pipe", openSync(driverLog, "w")]
    })
    const lines = createInterface({ input: child.stdout })
    lines.on("line", (line) => {
      console.log(`  ${line}`)
      if (/^\/\S+\.sock$/.test(line)) resolve({ child, socket: line })
    })
    child.once("exit", (code) => fail(`the driver ended with ${code} before it served`))
  })

const stopDriver = (child) =>
  new Promise((resolve) => {
    child.removeAllListeners("exit")
    child.once("exit", resolve)
    child.kill("SIGTERM")
  })

/** The verdict of each spec from Ginkgo's JSON report. */
const specsOf = (report) =>
  JSON.parse(readFileSync(report, "utf8"))
    .flatMap((suite) => suite.SpecReports ?? [])
    .filter((spec) => spec.LeafNodeType === "It")
    .map((spec) => ({
      name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(" / "),
      state: spec.State,
      failure: spec.Failure?.Message
    }))

if (process.platform !== "linux" || process.getuid() !== 0)
  fail("csi-sanity mounts real disks: run it as root on Linux")
installProgram()
if (run(process.execPath, ["scripts/bundle.mjs"]).status !== 0) fail("the bundle could not be made")

const scratch = mkdtempSync(join(tmpdir(), "cinder-csi-sanity-"))
const report = join(scratch, "report.json")
const { child, socket } = await startDriver()
const sanity = spawnSync(
  program,
  [
    `-csi.endpoint=${socket}`,
    `-csi.mountdir=${join(scratch, "mount")}`,
    `-csi.stagingdir=${join(scratch, "staging")}`,
    "-csi.testnodevolumeattachlimit",
    `-ginkgo.json-report=${report}`,
    "-ginkgo.no-color",
    "-ginkgo.timeout=10m"
  ],
  { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }
)
await stopDriver(child)
if (!existsSync(report)) fail(`csi-sanity gave no report:\n${sanity.stdout}\n${sanity.stderr}`)

const specs = specsOf(report)
rmSync(scratch, { recursive: true, force: true })
const passed = specs.filter(({ state }) => state === "passed")
const skipped = specs.filter(({ state }) => state === "skipped")
const pending = specs.filter(({ state }) => state === "pending")
const failed = specs.filter(({ state }) => !["passed", "skipped", "pending"].includes(state))

for (const { name, state, failure } of failed) console.log(`FAIL ${name} (${state})\n     ${failure}`)
const unexplained = []
const seen = new Map()
for (const { name } of skipped) {
  const why = expectedSkips.find(({ spec }) => spec.test(name))
  if (why === undefined) unexplained.push(name)
  else seen.set(why, (seen.get(why) ?? 0) + 1)
  console.log(`skip ${name}: ${why?.reason ?? "NOT EXPECTED"}`)
}
for (const { name } of pending) console.log(`skip ${name}: never runs, its authors left it pending`)
const missing = expectedSkips.filter((why) => (seen.get(why) ?? 0) !== why.count)
for (const { reason, count, spec } of missing) console.log(`expected ${count} skips for ${spec}: ${reason}`)

console.log(`csi-sanity ${version}: ${passed.length} specs passed, ${skipped.length} skipped, ${failed.length} failed`)
if (failed.length > 0) console.log(`what the driver logged is in ${driverLog}`)
const wrong = failed.length + unexplained.length + missing.length
console.log(`${passed.length} passed, ${wrong} failed`)
process.exit(wrong === 0 ? 0 : 1)
