import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { makePlaces } from "../../../src/adapters/host/places.ts"
import type { Mount } from "../../../src/ports/HostMounter.ts"

const { locate, makeDirectory, makeFile, remove } = makePlaces(Duration.seconds(5), Effect.succeed([]))

const scratch = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "place-")))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const inScratch = <A, E>(test: (folder: string) => Effect.Effect<A, E>) => Effect.scoped(Effect.flatMap(scratch, test))

describe("locate", () => {
  it.live("resolves symlinks on the way but never at the end", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        mkdirSync(join(folder, "real"))
        mkdirSync(join(folder, "real", "inner"))
        symlinkSync("real", join(folder, "alias"))
        assert.deepStrictEqual(yield* locate(join(folder, "alias", "inner")), {
          path: join(folder, "real", "inner"),
          kind: "directory"
        })
        assert.deepStrictEqual(yield* locate(join(folder, "alias")), {
          path: join(folder, "alias"),
          kind: "symlink"
        })
      })
    )
  )

  it.live("calls a path absent whose end, parent or ancestor does not exist", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        writeFileSync(join(folder, "file"), "")
        for (const path of ["x", "x/y", "x/y/z", "file/x"]) {
          assert.deepStrictEqual(yield* locate(join(folder, path)), { path: join(folder, path), kind: "absent" })
        }
      })
    )
  )

  it.live("tells files, devices and others apart, and does not mind a slash at the end", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        writeFileSync(join(folder, "file"), "")
        assert.strictEqual((yield* locate(join(folder, "file"))).kind, "file")
        assert.strictEqual((yield* locate("/dev/null")).kind, "other")
        assert.deepStrictEqual(yield* locate(`${folder}//`), { path: folder, kind: "directory" })
        assert.deepStrictEqual(yield* locate("/"), { path: "/", kind: "directory" })
      })
    )
  )

  it.live.each(["", "some/path", "/a/../b", "/a/./b", "/a\0b"])("refuses %j", (path) =>
    Effect.gen(function* () {
      assert.match((yield* Effect.flip(locate(path))).message, /absolute/)
    })
  )
})

describe("making and removing places", () => {
  it.live("makes a directory and a file, again without effect, and removes them, again without effect", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        const [directory, file] = [join(folder, "d"), join(folder, "f")]
        for (const path of [directory, directory]) yield* makeDirectory(path)
        for (const path of [file, file]) yield* makeFile(path)
        assert.strictEqual((yield* locate(directory)).kind, "directory")
        assert.strictEqual((yield* locate(file)).kind, "file")
        for (const path of [directory, file, directory, file]) yield* remove(path)
        assert.isFalse(existsSync(directory) || existsSync(file))
      })
    )
  )

  it.live("refuses to make what is there as something else", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        writeFileSync(join(folder, "file"), "")
        assert.match((yield* Effect.flip(makeDirectory(join(folder, "file")))).message, /something else is there/)
        assert.match((yield* Effect.flip(makeFile(folder))).message, /something else is there/)
      })
    )
  )

  it.live("makes nothing in a parent that does not exist", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        assert.match((yield* Effect.flip(makeDirectory(join(folder, "x", "y")))).message, /ENOENT/)
      })
    )
  )

  it.live("removes nothing that holds data", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        const [directory, file] = [join(folder, "d"), join(folder, "d", "f")]
        mkdirSync(directory)
        writeFileSync(file, "data")
        assert.match((yield* Effect.flip(remove(directory))).message, /ENOTEMPTY/)
        assert.match((yield* Effect.flip(remove(file))).message, /not empty/)
        assert.isTrue(existsSync(file))
      })
    )
  )

  it.live("follows no symlink, neither to make nor to remove", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        const [target, alias] = [join(folder, "target"), join(folder, "alias")]
        mkdirSync(target)
        symlinkSync(target, alias)
        for (const act of [makeDirectory, makeFile, remove]) {
          assert.match((yield* Effect.flip(act(alias))).message, /symbolic link, which is never followed/)
        }
        assert.isTrue(existsSync(target))
        assert.strictEqual(readlinkSync(alias), target)
      })
    )
  )
})

describe("a path at which something is mounted", () => {
  const mounted = (target: string, fsType: string): Mount => ({
    target,
    source: "/dev/vdb",
    fsType,
    options: ["rw"],
    number: "253:16",
    root: "/",
    turnedReadOnly: false
  })

  it.live("is a directory by the mount table alone, whatever would be seen there", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        const path = join(folder, "target")
        writeFileSync(path, "")
        const kindIn = (mounts: ReadonlyArray<Mount>) => Effect.map(locate(path, mounts), ({ kind }) => kind)
        assert.strictEqual(yield* kindIn([mounted(path, "ext4")]), "directory")
        assert.strictEqual(yield* kindIn([mounted(path, "devtmpfs")]), "file")
        assert.strictEqual(yield* kindIn([mounted(path, "ext4"), mounted(path, "tmpfs")]), "file")
        assert.strictEqual(yield* kindIn([mounted(join(path, "below"), "ext4")]), "file")
        const table = Effect.succeed([mounted(path, "ext4")])
        assert.strictEqual((yield* makePlaces(Duration.seconds(5), table).locate(path)).kind, "directory")
      })
    )
  )
})
