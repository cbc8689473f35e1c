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
import { locate, makeDirectory, makeFile, remove } from "../../../src/adapters/host/places.ts"

const limit = Duration.seconds(5)

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
        assert.deepStrictEqual(yield* locate(join(folder, "alias", "inner"), limit), {
          path: join(folder, "real", "inner"),
          kind: "directory"
        })
        assert.deepStrictEqual(yield* locate(join(folder, "alias"), limit), {
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
          assert.deepStrictEqual(yield* locate(join(folder, path), limit), { path: join(folder, path), kind: "absent" })
        }
      })
    )
  )

  it.live("tells files, devices and others apart, and does not mind a slash at the end", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        writeFileSync(join(folder, "file"), "")
        assert.strictEqual((yield* locate(join(folder, "file"), limit)).kind, "file")
        assert.strictEqual((yield* locate("/dev/null", limit)).kind, "other")
        assert.deepStrictEqual(yield* locate(`${folder}//`, limit), { path: folder, kind: "directory" })
        assert.deepStrictEqual(yield* locate("/", limit), { path: "/", kind: "directory" })
      })
    )
  )

  it.live.each(["", "some/path", "/a/../b", "/a/./b", "/a\0b"])("refuses %j", (path) =>
    Effect.gen(function* () {
      assert.match((yield* Effect.flip(locate(path, limit))).message, /absolute/)
    })
  )
})

describe("making and removing places", () => {
  it.live("makes a directory and a file, again without effect, and removes them, again without effect", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        const [directory, file] = [join(folder, "d"), join(folder, "f")]
        for (const path of [directory, directory]) yield* makeDirectory(path, limit)
        for (const path of [file, file]) yield* makeFile(path, limit)
        assert.strictEqual((yield* locate(directory, limit)).kind, "directory")
        assert.strictEqual((yield* locate(file, limit)).kind, "file")
        for (const path of [directory, file, directory, file]) yield* remove(path, limit)
        assert.isFalse(existsSync(directory) || existsSync(file))
      })
    )
  )

  it.live("refuses to make what is there as something else", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        writeFileSync(join(folder, "file"), "")
        assert.match(
          (yield* Effect.flip(makeDirectory(join(folder, "file"), limit))).message,
          /something else is there/
        )
        assert.match((yield* Effect.flip(makeFile(folder, limit))).message, /something else is there/)
      })
    )
  )

  it.live("makes nothing in a parent that does not exist", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        assert.match((yield* Effect.flip(makeDirectory(join(folder, "x", "y"), limit))).message, /ENOENT/)
      })
    )
  )

  it.live("removes nothing that holds data", () =>
    inScratch((folder) =>
      Effect.gen(function* () {
        const [directory, file] = [join(folder, "d"), join(folder, "d", "f")]
        mkdirSync(directory)
        writeFileSync(file, "data")
        assert.match((yield* Effect.flip(remove(directory, limit))).message, /ENOTEMPTY/)
        assert.match((yield* Effect.flip(remove(file, limit))).message, /not empty/)
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
          assert.match((yield* Effect.flip(act(alias, limit))).message, /symbolic link, which is never followed/)
        }
        assert.isTrue(existsSync(target))
        assert.strictEqual(readlinkSync(alias), target)
      })
    )
  )
})
