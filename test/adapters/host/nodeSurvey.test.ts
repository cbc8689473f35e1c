import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { lookAtFolder, mountOf, propagationsIn } from "../../../src/adapters/host/folderLook.ts"
import { toolVersions } from "../../../src/adapters/host/toolVersions.ts"
import { debianPackages } from "../../../src/adapters/process/programs.ts"

describe("the programs of a node", () => {
  it.live("name their versions", () =>
    Effect.map(toolVersions, (seen) => {
      const version = (name: string) => seen.find(({ program }) => program === name)?.version
      assert.match(version("mount") ?? "", /util-linux/)
      assert.match(version("stat") ?? "", /coreutils/)
      assert.deepStrictEqual(seen.map(({ program }) => program).sort(), Object.keys(debianPackages).sort())
    })
  )
})

const table = [
  "1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
  "2 1 254:1 / /var/lib rw,relatime - ext4 /dev/vdb rw",
  "3 2 0:5 / /var/lib/kubelet rw,relatime master:4 - ext4 /dev/vdc rw",
  "4 2 0:6 / /var/lib/a\\040b rw shared:7 master:4 - tmpfs tmpfs rw",
  ""
].join("\n")

describe("the propagation of mounts", () => {
  it.each([
    ["/etc", "/", "shared"],
    ["/var/lib", "/var/lib", "private"],
    ["/var/library", "/", "shared"],
    ["/var/lib/kubelet/pods", "/var/lib/kubelet", "slave"],
    ["/var/lib/a b/c", "/var/lib/a b", "shared"]
  ])("at %s is that of %s: %s", (path, target, propagation) =>
    assert.deepStrictEqual(mountOf(propagationsIn(table), path), { target, propagation })
  )

  it.live("is told with a folder, whose last link is not passed over in silence", () =>
    Effect.acquireUseRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "folder-"))),
      (root) =>
        Effect.gen(function* () {
          yield* Effect.promise(async () => {
            await mkdir(join(root, "real"))
            await symlink("real", join(root, "link"))
          })
          const seen = yield* lookAtFolder(join(root, "link"))
          assert.strictEqual(seen.kind, "symlink")
          assert.isTrue(seen.real.endsWith("/real"))
          assert.strictEqual((yield* lookAtFolder(join(root, "nothing"))).kind, "absent")
        }),
      (root) => Effect.promise(() => rm(root, { recursive: true }))
    )
  )
})
