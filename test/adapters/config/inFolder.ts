import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { Effect } from "effect"

/** A folder of its own for one test; `write` answers the path. */
export const inFolder = <A, E>(
  use: (
    folder: string,
    write: (name: string, content: string | Uint8Array) => Effect.Effect<string>
  ) => Effect.Effect<A, E, FileSystem.FileSystem>
) =>
  Effect.gen(function* () {
    const fileSystem = yield* FileSystem.FileSystem
    const folder = yield* fileSystem.makeTempDirectoryScoped()
    return yield* use(folder, (name, content) => {
      const path = `${folder}/${name}`
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
      const parent = path.slice(0, path.lastIndexOf("/"))
      return fileSystem
        .makeDirectory(parent, { recursive: true })
        .pipe(Effect.zipRight(fileSystem.writeFile(path, bytes)), Effect.as(path), Effect.orDie)
    })
  }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
