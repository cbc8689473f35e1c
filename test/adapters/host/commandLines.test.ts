import { assert, describe, it } from "@effect/vitest"
import { explainMount } from "../../../src/adapters/host/damage.ts"
import { checkTool, checkVerdict, explainGrowth, formatTool, growTool } from "../../../src/adapters/host/filesystems.ts"
import { mountOptions, withoutValues } from "../../../src/adapters/host/mounting.ts"

const device = "/dev/vdb"
const uuid = "1c2f4b7e-9d3a-4e51-8a6b-0f1e2d3c4b5a"

describe("making a file system", () => {
  const ext = ["-q", "-F", "-m0", "-E"]

  it("uses the Go driver's defaults, discards nothing, and sets the UUID that is asked", () => {
    assert.deepStrictEqual(formatTool("ext4", device, uuid, []).args, [...ext, "nodiscard", "-U", uuid, device])
    assert.deepStrictEqual(formatTool("xfs", device, uuid, []).args, ["-q", "-f", "-K", "-m", `uuid=${uuid}`, device])
    assert.deepStrictEqual(formatTool("btrfs", device, uuid, []).args, ["-q", "-f", "-K", "-U", uuid, device])
  })

  it("puts the user's options behind ours and the disk at the end", () => {
    const args = formatTool("ext4", device, uuid, ["-m", "1", "-E", "stride=4,discard", "-D"]).args
    assert.deepStrictEqual(args, [...ext, "nodiscard,stride=4,discard", "-U", uuid, "-m", "1", "-D", device])
    assert.deepStrictEqual(formatTool("xfs", device, undefined, ["-L", "a"]).args, [
      "-q",
      "-f",
      "-K",
      "-L",
      "a",
      device
    ])
  })

  it("leaves the UUID to the tool if none is asked", () => {
    assert.deepStrictEqual(formatTool("ext3", device, undefined, []), {
      program: "mkfs.ext3",
      debianPackage: "e2fsprogs",
      args: [...ext, "nodiscard", device]
    })
  })
})

describe("checking a file system", () => {
  it("asks only ext, which does not check itself at the mount", () => {
    assert.deepStrictEqual(checkTool("ext4", device)?.args, ["-a", device])
    assert.isUndefined(checkTool("xfs", device))
    assert.isUndefined(checkTool("btrfs", device))
  })

  it.each([
    [0, "sound"],
    [1, "sound"],
    [2, "sound"],
    [3, "sound"],
    [4, "damaged"],
    [5, "damaged"],
    [12, "damaged"],
    [8, "unchecked"],
    [16, "unchecked"],
    [32, "unchecked"],
    [128, "unchecked"]
  ] as const)("takes exit status %d as %s", (code, verdict) => {
    assert.strictEqual(checkVerdict(device, { code, stdout: "", stderr: "" })._tag, verdict)
  })
})

describe("growing a file system", () => {
  it("grows ext through its disk and the others through their mount", () => {
    assert.deepStrictEqual(growTool("ext4", device, "/m")?.args, [device])
    assert.deepStrictEqual(growTool("xfs", device, "/m")?.args, ["-d", "/m"])
    assert.deepStrictEqual(growTool("btrfs", device, "/m")?.args, ["filesystem", "resize", "max", "/m"])
    assert.isUndefined(growTool("xfs", device, undefined))
  })

  it("names the capability that the kernel asks for", () => {
    assert.include(explainGrowth("resize2fs: Permission denied to resize filesystem"), "CAP_SYS_RESOURCE")
    assert.strictEqual(explainGrowth("resize2fs: Device or resource busy"), "resize2fs: Device or resource busy")
  })
})

describe("a mount that the kernel refuses", () => {
  it.each([
    ["ext4", "mount(2) system call failed: Structure needs cleaning.", "e2fsck -fn /dev/vdb"],
    ["xfs", "mount(2) system call failed: Structure needs cleaning.", "xfs_repair -n /dev/vdb"],
    ["btrfs", "can't read superblock on /dev/vdb.", "btrfs check --readonly /dev/vdb"]
  ] as const)("for damage of %s names the command that looks at it", (fileSystem, detail, command) => {
    const explained = explainMount(fileSystem, device, detail)
    assert.isTrue(explained.startsWith(`${detail}: its ${fileSystem} is damaged`))
    assert.include(explained, `"${command}"`)
  })

  it("for options or damage, of which the kernel does not say which, names both", () => {
    const detail = "wrong fs type, bad option, bad superblock on /dev/vdb, missing codepage or helper program"
    assert.include(explainMount("xfs", device, detail), "if the mount options are right, its xfs is damaged")
  })

  it("for anything else is told in mount's own words", () =>
    assert.strictEqual(explainMount("xfs", device, "Permission denied"), "Permission denied"))
})

describe("mount options", () => {
  it("are one argument, with nouuid for xfs and the Go driver's defaults at the end", () => {
    assert.strictEqual(mountOptions("ext4", []), "defaults")
    assert.strictEqual(mountOptions("xfs", ["ro", "noatime"]), "nouuid,ro,noatime,defaults")
  })

  it("keep the quotes of an SELinux context", () => {
    const context = 'context="system_u:object_r:container_file_t:s0:c1,c2"'
    assert.strictEqual(mountOptions("ext4", [context]), `${context},defaults`)
  })

  it("leave no value of theirs in a message", () => {
    const message = withoutValues("mount: bad option password=hunter22 (hunter22)", ["ro", "password=hunter22"])
    assert.strictEqual(message, "mount: bad option password=… (…)")
  })
})
