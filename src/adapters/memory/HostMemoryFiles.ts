import { Effect } from "effect"
import { HostFailure } from "../../domain/errors.ts"
import type { Place, Usage } from "../../ports/HostMounter.ts"
import type { OutsideEntry, OutsideFiles } from "./HostMemoryOutside.ts"
import { kindOf } from "./HostMemoryPaths.ts"
import { fail, type HostState } from "./HostMemoryState.ts"
import { joinPath, parentOf } from "./HostMemoryTree.ts"

const rootBytes = 20n * 1_073_741_824n
const inodeBytes = 16_384n

/** Components of a path with all its symlinks; a loop of these ends here. */
const mostLooks = 1_000

/** Files and directories of a server, seen through its mount table. */
export const makeFiles = ({ isAlive, mounts, topAt, tree, walk }: HostState, outside: OutsideFiles | undefined) => {
  const learnEntry = (path: string, entry: OutsideEntry): void => {
    const known = tree.get(path)
    switch (entry.kind) {
      case "absent":
        tree.delete(path)
        return
      case "directory":
      case "other":
        tree.set(path, { kind: entry.kind })
        return
      case "symlink":
        tree.set(path, entry)
        return
      case "file": {
        const isSame = known?.kind === "file" && (known.bytes.length === 0) === entry.isEmpty
        if (!isSame) tree.set(path, { kind: "file", bytes: new Uint8Array(entry.isEmpty ? 0 : 1) })
      }
    }
  }

  /** Learns what other programs made or removed along the path. */
  const learn = (path: string): Effect.Effect<void> =>
    outside === undefined
      ? Effect.void
      : Effect.gen(function* () {
          let left = path.split("/")
          let at = "/"
          for (let looks = 0; looks < mostLooks; looks++) {
            const [name, ...rest] = left
            if (name === undefined) return
            left = rest
            if (name === "" || name === ".") continue
            if (name === "..") {
              at = parentOf(at)
              continue
            }
            const next = joinPath(at, name)
            if (mounts().some(({ target }) => next === target || next.startsWith(`${target}/`))) return
            const entry = yield* outside.look(next)
            learnEntry(next, entry)
            if (entry.kind !== "symlink") at = next
            else {
              left = [...entry.to.split("/"), ...left]
              if (entry.to.startsWith("/")) at = "/"
            }
          }
        })

  /** Nobody looks at what is mounted at the path, so that it makes no difference whether its disk is there. */
  const locate = Effect.fnUntraced(function* (path: string): Effect.fn.Return<Place, HostFailure> {
    const operation = `look at ${path}`
    yield* learn(path)
    const parent = path.startsWith("/") ? yield* walk(operation, parentOf(path), true) : undefined
    const plain = joinPath(parent?.path ?? "", path.slice(path.lastIndexOf("/") + 1))
    if (topAt(plain)?.thing._tag === "disk") return { path: plain, kind: "directory" }
    const place = yield* walk(operation, path, false)
    return { path: place.path, kind: kindOf(place.found) }
  })

  /** A place in a directory where something can be made or removed. */
  const writable = Effect.fnUntraced(function* (operation: string, path: string) {
    const parent = yield* walk(operation, parentOf(path), true)
    if (kindOf(parent.found) !== "directory") return yield* fail(operation, `${path}: No such file or directory`)
    const place = yield* walk(operation, joinPath(parent.path, path.slice(path.lastIndexOf("/") + 1)), false)
    const { found } = place
    if (found._tag !== "Entry") return { ...place, found, isOwn: false }
    const thing = found.mount?.thing
    if (
      found.mount?.readOnly ||
      (thing?._tag === "disk" && (thing.superReadOnly || thing.disk.collapse === "readOnly"))
    ) {
      return yield* fail(operation, `${path}: Read-only file system`)
    }
    return { ...place, found, isOwn: found.mount === undefined }
  })

  const outsideStep = (
    operation: string,
    isOwn: boolean,
    step: (files: OutsideFiles) => Effect.Effect<void, string>
  ) =>
    outside === undefined || !isOwn
      ? Effect.void
      : Effect.mapError(step(outside), (detail) => new HostFailure({ operation, outcome: "failed", detail }))

  const make = Effect.fnUntraced(function* (operation: string, path: string, wanted: "directory" | "file") {
    yield* learn(path)
    const { found, isOwn, path: place } = yield* writable(operation, path)
    const kind = kindOf(found)
    if (kind === wanted) return
    if (kind !== "absent" || found._tag !== "Entry") return yield* fail(operation, `${path}: File exists`)
    yield* outsideStep(operation, isOwn, (files) =>
      wanted === "directory" ? files.makeDirectory(place) : files.makeFile(place)
    )
    found.tree.set(found.inner, wanted === "directory" ? { kind: wanted } : { kind: wanted, bytes: new Uint8Array() })
  })

  const remove = Effect.fnUntraced(function* (path: string) {
    const operation = `remove ${path}`
    yield* learn(path)
    const parent = yield* walk(operation, parentOf(path), true)
    if (kindOf(parent.found) === "absent") return
    const { found, isOwn, path: place } = yield* writable(operation, path)
    if (topAt(place) !== undefined) return yield* fail(operation, "Device or resource busy")
    if (found._tag !== "Entry") return yield* fail(operation, "Operation not permitted")
    const entry = found.tree.get(found.inner)
    if (entry === undefined) return
    switch (entry.kind) {
      case "directory":
        if (!found.tree.isEmpty(found.inner)) return yield* fail(operation, "Directory not empty")
        break
      case "file":
        if (entry.bytes.length > 0) return yield* fail(operation, "File not empty")
        break
      case "symlink":
      case "other":
        return yield* fail(operation, "neither a directory nor a file")
    }
    yield* outsideStep(operation, isOwn, (files) => files.remove(place))
    found.tree.delete(found.inner)
  })

  const usage = Effect.fnUntraced(function* (path: string) {
    const operation = `measure ${path}`
    const { found } = yield* walk(operation, path, true)
    if (found._tag !== "Entry") return yield* fail(operation, "not a file system")
    const thing = found.mount?.thing
    const totalBytes = thing?._tag === "disk" ? thing.contents.sizeBytes : rootBytes
    const usedBytes = found.tree.usedBytes()
    const totalInodes = totalBytes / inodeBytes
    const usedInodes = BigInt(found.tree.paths().length)
    const availableBytes = totalBytes > usedBytes ? totalBytes - usedBytes : 0n
    const availableInodes = totalInodes - usedInodes
    return { totalBytes, usedBytes, availableBytes, totalInodes, usedInodes, availableInodes } satisfies Usage
  })

  const writeFile = Effect.fnUntraced(function* (path: string, bytes: Uint8Array) {
    const operation = `write ${path}`
    const { found } = yield* writable(operation, path)
    switch (found._tag) {
      case "Dead":
        return yield* fail(operation, "Input/output error")
      case "Node":
        if (!isAlive(found.disk)) return yield* fail(operation, "No such device or address")
        found.disk.image.contents = { _tag: "Raw", bytes }
        return
      case "Entry": {
        const kind = kindOf(found)
        if (kind !== "absent" && kind !== "file") return yield* fail(operation, `is a ${kind}`)
        const thing = found.mount?.thing
        const room = thing?._tag === "disk" ? thing.contents.sizeBytes : rootBytes
        if (found.tree.usedBytes() + BigInt(bytes.length) > room)
          return yield* fail(operation, "No space left on device")
        found.tree.set(found.inner, { kind: "file", bytes })
      }
    }
  })

  const readFile = Effect.fnUntraced(function* (path: string) {
    const operation = `read ${path}`
    const { found } = yield* walk(operation, path, true)
    switch (found._tag) {
      case "Dead":
        return yield* fail(operation, "Input/output error")
      case "Node": {
        if (!isAlive(found.disk)) return yield* fail(operation, "No such device or address")
        const { contents } = found.disk.image
        return contents._tag === "Raw" ? contents.bytes : new Uint8Array()
      }
      case "Entry": {
        const entry = found.tree.get(found.inner)
        return entry?.kind === "file" ? entry.bytes : yield* fail(operation, "No such file")
      }
    }
  })

  return { locate, make, remove, usage, writeFile, readFile }
}
