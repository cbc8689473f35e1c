// Builds the Go driver that the parity suite runs beside ours: once, into build/upstream, from the pinned module.
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"

const here = import.meta.dirname
const version = /cloud-provider-openstack (v\S+)/.exec(readFileSync(join(here, "go.mod"), "utf8"))?.[1]
const program = join(here, "..", "..", "..", "build", "upstream", `cinder-csi-plugin-${version}`)

if (!existsSync(program)) {
  console.log(`building the Go driver ${version}, once; it takes some minutes`)
  const built = spawnSync(
    "go",
    [
      "build",
      "-mod=readonly",
      "-buildvcs=false",
      "-o",
      program,
      "k8s.io/cloud-provider-openstack/cmd/cinder-csi-plugin"
    ],
    { cwd: here, stdio: "inherit" }
  )
  const problem = built.error ? "Go 1.26 or later is needed and not here" : "Go could not build it"
  if (built.error || built.status !== 0) console.error(`the Go driver is missing, so its tests do not run: ${problem}`)
}
