import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import fc from "fast-check"
import type { FileSystem } from "../../../src/domain/Capability.ts"
import { mkfsTexts, readMkfsOptions } from "../../../src/domain/decisions/mkfsOptions.ts"

const read = (text: string, fileSystem: FileSystem = "ext4") =>
  readMkfsOptions("parameters", { "mkfs-options": text }, fileSystem)

const problem = (text: string, fileSystem?: FileSystem): string =>
  Either.match(read(text, fileSystem), { onLeft: ({ message }) => message, onRight: () => "fine" })

describe("options for mkfs", () => {
  const uuid = "8e2f8a5c-0b7f-4d6e-9c1a-3f5b7d9e1a2b"
  const accepted: ReadonlyArray<readonly [FileSystem, string, ReadonlyArray<string>]> = [
    ["ext4", "-E nodiscard,-O ^metadata_csum", ["-E", "nodiscard", "-O", "^metadata_csum"]],
    ["ext4", "  -E   nodiscard\t, -b 4096 ", ["-E", "nodiscard", "-b", "4096"]],
    ["ext4", "-m1,-i8192,-K", ["-m", "1", "-i", "8192", "-K"]],
    ["ext4", "-m 1,-m 2", ["-m", "2"]],
    ["ext4", "-E nodiscard,-E lazy_itable_init=0", ["-E", "nodiscard,lazy_itable_init=0"]],
    ["ext4", "-E stride=4,-N 1000,-E stripe_width=8", ["-E", "stride=4,stripe_width=8", "-N", "1000"]],
    ["ext3", "-J size=8", ["-J", "size=8"]],
    ["ext2", "-L data_1.a-b", ["-L", "data_1.a-b"]],
    ["ext4", "-T largefile4", ["-T", "largefile4"]],
    ["ext4", `-U ${uuid}`, ["-U", uuid]],
    ["xfs", "-K,-i size=512,-m crc=1,-m reflink=0", ["-K", "-i", "size=512", "-m", "crc=1,reflink=0"]],
    ["xfs", "-d agcount=4,-d su=64k,-d sw=4", ["-d", "agcount=4,su=64k,sw=4"]],
    ["xfs", `-m uuid=${uuid}`, ["-m", `uuid=${uuid}`]],
    ["btrfs", "-K,--csum xxhash,--nodesize=16k", ["-K", "--csum", "xxhash", "--nodesize", "16k"]],
    ["btrfs", "-m dup,-d single,-O ^no-holes", ["-m", "dup", "-d", "single", "-O", "^no-holes"]]
  ]
  it.each(accepted)("of %s: %s", (fileSystem, text, args) => {
    assert.deepStrictEqual(Either.getOrThrow(read(text, fileSystem)).args, args)
  })

  it("are none where nothing is said", () => {
    for (const values of [{}, { mkfsOptions: "" }, { "mkfs-options": " " }, { other: "-K" }]) {
      const options = readMkfsOptions("parameters", values, "ext4")
      assert.deepStrictEqual(Either.getOrThrow(options), { args: [], setsUuid: false, setsLabel: false })
    }
  })

  it("tell whether they set the UUID", () => {
    const sets = (fileSystem: FileSystem, text: string) => Either.getOrThrow(read(text, fileSystem)).setsUuid
    assert.isTrue(sets("ext4", "-U random"))
    assert.isTrue(sets("xfs", `-m crc=1,-m uuid=${uuid}`))
    assert.isFalse(sets("xfs", "-m crc=1"))
    assert.isFalse(sets("ext4", "-m 1"))
  })

  it("tell whether they set the label", () => {
    const sets = (fileSystem: FileSystem, text: string) => Either.getOrThrow(read(text, fileSystem)).setsLabel
    assert.isTrue(sets("ext4", "-L data"))
    assert.isTrue(sets("xfs", "-K,-Ldata"))
    assert.isTrue(sets("btrfs", "--label=data"))
    assert.isFalse(sets("ext4", "-m 1"))
  })

  const refused: ReadonlyArray<readonly [FileSystem, string]> = [
    // Files, folders and other disks.
    ["ext4", "-d /etc"],
    ["ext4", "-J device=/dev/vdb"],
    ["ext4", "-l /etc/passwd"],
    ["ext4", "-z /tmp/undo"],
    ["ext4", "-M /data"],
    ["ext4", "-O journal_dev"],
    ["ext4", "-O feature_i3"],
    ["ext4", "-O ^feature_i3"],
    ["xfs", "-l logdev=/dev/vdb"],
    ["xfs", "-r rtdev=/dev/vdb"],
    ["xfs", "-d name=/dev/vdb"],
    ["xfs", "-d file"],
    ["xfs", "-p /etc/passwd"],
    ["xfs", "-c options=/etc/passwd"],
    ["btrfs", "-r /etc"],
    ["btrfs", "--rootdir=/etc"],
    ["btrfs", "-d raid1"],
    ["btrfs", "/dev/vdc"],
    // Another place or size than the disk, or no file system at all.
    ["ext4", "-E offset=1048576"],
    ["ext4", "-n"],
    ["ext4", "-S"],
    ["xfs", "-N"],
    ["xfs", "-d size=100m"],
    ["btrfs", "-b 100m"],
    ["btrfs", "-O list-all"],
    ["btrfs", "-R list-all"],
    // What nobody has proved: that the disk holds zeros where no mark of a file system can be.
    ["ext4", "-E assume_storage_prezeroed"],
    ["ext4", "-E assume_storage_prezeroed=1"],
    // What the driver says itself, or what a class must not say.
    ["ext4", "-F"],
    ["ext4", "-F -F"],
    ["ext4", "-t xfs"],
    ["ext4", "-q"],
    ["ext4", "-c"],
    ["ext4", "-e panic"],
    ["xfs", "-f"],
    ["btrfs", "-f"],
    ["btrfs", "-U 8e2f8a5c-0b7f-4d6e-9c1a-3f5b7d9e1a2b"],
    // What a shell or a careless reader might make something of.
    ["ext4", "-L $(reboot)"],
    ["ext4", "-L a;reboot"],
    ["ext4", "-L `reboot`"],
    ["ext4", "-L 'a'"],
    ["ext4", "-L -F"],
    ["ext4", "-b 4096\u0000"],
    ["ext4", "-L a\u001bb"],
    ["ext4", "-L ü"],
    ["ext4", "-L seventeen-letters"],
    ["ext4", "-m0 -F"],
    ["ext4", "-KF"],
    ["ext4", "-K now"],
    ["ext4", "-b"],
    ["ext4", "-b -4096"],
    ["ext4", "-E"],
    ["ext4", ","],
    ["ext4", "-K,"],
    ["ext4", "--"],
    ["ext4", "-"],
    ["ext4", "nodiscard"],
    ["ext4", "-E nodiscard 1024"],
    ["ext4", "-E nodiscard,lazy_itable_init=0"],
    ["ext4", "-__proto__ x"],
    ["btrfs", "--constructor x"]
  ]
  it.each(refused)("of %s may not be %j", (fileSystem, text) => {
    assert.notStrictEqual(problem(text, fileSystem), "fine")
  })

  it("name the parameter, the part and what is accepted", () => {
    assert.strictEqual(
      problem("-K,-d /etc"),
      'parameters["mkfs-options"] holds "-d /etc": -d may not be set for ext4; accepted: -b, -C, -D, -e, -E, -g, -G, -i, -I, -J, -K, -L, -m, -N, -O, -T, -U'
    )
    assert.strictEqual(problem("-b large"), 'parameters["mkfs-options"] holds "-b large": -b takes a number of bytes')
    assert.match(problem("-E nodiscard,stride=4"), /holds "stride=4": begin each part .* "-E nodiscard,-E lazy_itable/)
    assert.match(problem("-i sise=512", "xfs"), /-i takes align, attr, .*, size, sparse$/)
  })

  it("may be said in both spellings only if both say the same", () => {
    const both = (one: string, other: string) =>
      readMkfsOptions("volume_context", { "mkfs-options": one, mkfsOptions: other }, "ext4")
    assert.deepStrictEqual(Either.getOrThrow(both("-K", " -K ")).args, ["-K"])
    const { message } = Either.getOrThrow(Either.flip(both("-K", "-D")))
    assert.match(message, /^volume_context\["mkfs-options"\] differs from "mkfsOptions"/)
  })

  it("go to the node under the keys that the class uses", () => {
    const values = { "mkfs-options": "-K", mkfsOptions: "-K", type: "ssd" }
    assert.deepStrictEqual(mkfsTexts(values), { "mkfs-options": "-K", mkfsOptions: "-K" })
    assert.deepStrictEqual(mkfsTexts({ mkfsOptions: "-K" }), { mkfsOptions: "-K" })
  })

  it("hold no path, no shell's character and no word without a flag before it, whatever is said", () => {
    const words = fc.constantFrom(
      "-E",
      "-O",
      "-d",
      "-L",
      "-m",
      "-l",
      "nodiscard",
      "/dev/vdb",
      "size=1",
      "a;b",
      "-F",
      ",",
      " "
    )
    const texts = fc.oneof(
      fc.string(),
      fc.array(words).map((parts) => parts.join(" "))
    )
    const types = fc.constantFrom<FileSystem>("ext4", "xfs", "btrfs")
    fc.assert(
      fc.property(texts, types, (text, fileSystem) => {
        const args = Either.match(read(text, fileSystem), { onLeft: () => [], onRight: (options) => options.args })
        for (const [index, arg] of args.entries()) {
          assert.match(arg, /^[-A-Za-z0-9_.,=:^]+$/)
          assert.notInclude(["-F", "-f"], arg)
          if (!arg.startsWith("-")) assert.match(args[index - 1] ?? "", /^-/)
        }
      })
    )
  })
})
