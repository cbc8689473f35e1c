// Builds the one program behind the proofs of deploy/, and fetches the Go driver's manifests and chart: they lie in its module.
import { spawnSync } from "node:child_process"
import { join } from "node:path"

const here = import.meta.dirname
const program = join(here, "..", "..", "build", "bin", "deploy-tools")

const go = (folder, ...args) => {
  const ended = spawnSync("go", args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] })
  return ended.error === undefined && ended.status === 0
}

const built =
  go(join(here, "tools"), "build", "-mod=readonly", "-buildvcs=false", "-ldflags=-s -w", "-o", program, ".") &&
  go(join(here, "..", "parity", "upstream"), "mod", "download", "k8s.io/cloud-provider-openstack")
if (!built) console.error("the proofs of deploy/ do not run: Go 1.26 or later, or its modules, are missing")
