import { randomUUID } from "node:crypto"
import { FileSystem } from "@effect/platform"
import { Effect } from "effect"

/** Nobody but its owner may read what is written. */
const ownerOnly = 0o600

/** A file that is there already is neither followed nor changed: with `replace` another one takes its place, at once. */
export const writeSecret = (path: string, text: string, replace: boolean) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const bytes = new TextEncoder().encode(text)
    const write = (to: string) => files.writeFile(to, bytes, { flag: "wx", mode: ownerOnly })
    if (!replace) return yield* write(path)
    const beside = `${path}.${randomUUID()}`
    yield* Effect.zipRight(write(beside), files.rename(beside, path)).pipe(
      Effect.onError(() => Effect.ignore(files.remove(beside)))
    )
  })
