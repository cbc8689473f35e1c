import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { parseMountinfo } from "../../../src/adapters/host/mountinfo.ts"

const one = (line: string) => {
  const [mount, ...others] = parseMountinfo(line)
  assert.deepStrictEqual(others, [])
  return mount
}

/** As the kernel does it (seq_escape with " \t\n\\#"), byte by byte. */
const escaped = (text: string) =>
  text.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`)

describe("parseMountinfo", () => {
  it("reads a line with optional fields", () => {
    assert.deepStrictEqual(
      one("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue"),
      {
        target: "/mnt2",
        source: "/dev/root",
        fsType: "ext3",
        options: ["rw", "noatime", "errors=continue"],
        number: "98:0",
        root: "/mnt1",
        turnedReadOnly: false
      }
    )
  })

  it("reads a line without optional fields", () => {
    assert.strictEqual(one("36 35 98:0 / /mnt2 rw - tmpfs none rw")?.fsType, "tmpfs")
  })

  it("is not misled by a dash among the fields", () => {
    assert.strictEqual(one("36 35 98:0 /- /- rw shared:1 - ext4 - rw")?.source, "-")
  })

  it("undoes the kernel's escapes in paths", () => {
    assert.strictEqual(one("36 35 98:0 / /a\\040b\\011c\\134d\\043e rw - ext4 /dev/vdb rw")?.target, "/a b\tc\\d#e")
  })

  it("calls a read-only bind of a writable file system read-only", () => {
    assert.deepStrictEqual(one("36 35 98:0 / /x ro,relatime - ext4 /dev/vdb rw,discard")?.options, [
      "ro",
      "relatime",
      "discard"
    ])
  })

  it("calls a writable mount of a read-only file system read-only", () => {
    assert.deepStrictEqual(one("36 35 98:0 / /x rw - ext4 /dev/vdb ro")?.options, ["ro"])
  })

  it.each([
    ["rw - ext4 /dev/vdb rw,errors=remount-ro,emergency_ro", "ro", true],
    ["rw - ext4 /dev/vdb ro,errors=remount-ro", "ro", true],
    ["ro - ext4 /dev/vdb ro", "ro", false],
    ["ro - ext4 /dev/vdb rw", "ro", false],
    ["rw - ext4 /dev/vdb rw,errors=remount-ro", "rw", false]
  ])("tells what the kernel made read-only from what was asked: %s", (line, mode, turnedReadOnly) => {
    const mount = one(`36 35 98:0 / /x ${line}`)
    assert.deepStrictEqual([mount?.options[0], mount?.turnedReadOnly], [mode, turnedReadOnly])
  })

  it("keeps commas within quotes in one option", () => {
    const line = '36 35 98:0 / /x rw - ext4 /dev/vdb rw,context="system_u:object_r:container_file_t:s0:c1,c2",discard'
    assert.deepStrictEqual(one(line)?.options, [
      "rw",
      'context="system_u:object_r:container_file_t:s0:c1,c2"',
      "discard"
    ])
  })

  it("puts the mount in sight last although another slid beneath it later", () => {
    const lines = [
      "40 1 0:1 / /t rw - ext4 /dev/base rw",
      "42 43 0:2 / /t rw - ext4 /dev/top rw",
      "43 40 0:3 / /t rw - ext4 /dev/beneath rw"
    ]
    assert.deepStrictEqual(
      parseMountinfo(lines.join("\n")).map(({ source }) => source),
      ["/dev/base", "/dev/beneath", "/dev/top"]
    )
  })

  it("reads a line anew once it has changed, and no other", () => {
    const line = (options: string) => `36 35 98:0 / /x rw - ext4 /dev/vdb ${options}`
    const other = "37 35 98:16 / /y rw - ext4 /dev/vdc rw"
    const before = parseMountinfo(`${line("rw")}\n${other}`)
    const after = parseMountinfo(`${other}\n${line("ro")}`)
    assert.deepStrictEqual(
      after.map(({ target, turnedReadOnly }) => [target, turnedReadOnly]),
      [
        ["/y", false],
        ["/x", true]
      ]
    )
    assert.strictEqual(after[0], before[1])
    assert.strictEqual(parseMountinfo(line("rw"))[0]?.turnedReadOnly, false)
  })

  it("skips lines that are none", () => {
    assert.deepStrictEqual(parseMountinfo("\nnonsense\n1 2 3\n"), [])
  })

  it("gives back any paths the kernel can write", () => {
    const path = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter((text) => !text.includes("\0"))
    fc.assert(
      fc.property(path, path, path, (root, target, source) => {
        const line = `36 35 98:0 /${escaped(root)} /${escaped(target)} rw shared:7 - ext4 ${escaped(source)} rw`
        const mount = one(line)
        assert.deepStrictEqual(
          [mount?.root, mount?.target, mount?.source],
          [`/${root}`, `/${target}`, source].map((text) => text)
        )
      })
    )
  })

  it("never throws, whatever the text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => parseMountinfo(text).length >= 0))
  })
})
