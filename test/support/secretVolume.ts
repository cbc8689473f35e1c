import { mkdir, rename, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { temporaryFolder } from "./wiredDriver.ts"

type Files = Readonly<Record<string, string>>

export interface SecretVolume {
  readonly path: (name: string) => string
  /** All files change at one instant. */
  readonly swap: (files: Files) => Effect.Effect<void>
}

/**
 * A Secret as kubelet mounts it: each file is a link into `..data`, which is a link to a folder and is replaced as a whole
 * (https://kubernetes.io/docs/concepts/configuration/secret/#mounted-secrets-are-updated-automatically).
 */
export const secretVolume = (files: Files): Effect.Effect<SecretVolume, never, Scope.Scope> =>
  Effect.gen(function* () {
    const root = yield* temporaryFolder
    let versions = 0
    const swap = (contents: Files) =>
      Effect.promise(async () => {
        versions += 1
        const folder = `..version-${versions}`
        await mkdir(join(root, folder))
        for (const [name, text] of Object.entries(contents)) await writeFile(join(root, folder, name), text)
        await symlink(folder, join(root, "..data_tmp"))
        await rename(join(root, "..data_tmp"), join(root, "..data"))
      })
    yield* swap(files)
    yield* Effect.promise(() =>
      Promise.all(Object.keys(files).map((name) => symlink(join("..data", name), join(root, name))))
    )
    return { path: (name) => join(root, name), swap }
  })
