// Runs inside the image, as `node -e TEXT STEPS`: each of STEPS is an argument vector or { truncate, size }. DISK in them is
// the loop device over /tmp/disk. Prints each step that failed and ends with 1 if one did; the device is given back anyway.
const { spawnSync } = require("node:child_process")
const { mkdirSync, truncateSync, writeFileSync } = require("node:fs")

const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" }
const run = (words) => spawnSync(words[0], words.slice(1), { encoding: "utf8", env })
const MiB = 1024 * 1024

writeFileSync("/tmp/disk", "")
truncateSync("/tmp/disk", 400 * MiB)
mkdirSync("/tmp/mount")
const attached = run(["losetup", "--find", "--show", "/tmp/disk"])
const disk = attached.stdout.trim()
let failed = disk === "" ? `losetup: ${attached.error ?? attached.stderr}` : ""
for (const step of disk === "" ? [] : JSON.parse(process.argv[1])) {
  if (failed !== "") break
  if (!Array.isArray(step)) truncateSync("/tmp/disk", step.sizeMiB * MiB)
  else {
    const { status, error, stdout, stderr } = run(step.map((word) => word.replace("DISK", disk)))
    if (status !== 0) failed = `${step.join(" ")}: ${error ?? `${status}: ${stdout}${stderr}`}`
    else if (step[0] === "stat") process.stdout.write(stdout)
  }
}
if (failed !== "") {
  run(["umount", "/tmp/mount"])
  process.stderr.write(failed)
  process.exitCode = 1
}
if (disk !== "") run(["losetup", "--detach", disk])
