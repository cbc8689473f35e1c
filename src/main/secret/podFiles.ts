import { FileSystem } from "@effect/platform"
import { SystemError } from "@effect/platform/Error"
import { Effect } from "effect"

/** The files that a pod has for sure, and nothing else of this machine: by the path where the pod sees them. */
export const podFiles = (files: ReadonlyMap<string, Uint8Array>): FileSystem.FileSystem => {
  const read = (method: string, path: string) => {
    const bytes = files.get(path)
    return bytes === undefined
      ? Effect.fail(new SystemError({ module: "FileSystem", method, reason: "NotFound", pathOrDescriptor: path }))
      : Effect.succeed(bytes)
  }
  return FileSystem.makeNoop({
    exists: (path) => Effect.succeed(files.has(path)),
    readFile: (path) => read("readFile", path),
    readFileString: (path) => Effect.map(read("readFileString", path), (bytes) => new TextDecoder().decode(bytes))
  })
}
