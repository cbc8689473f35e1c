import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Schema } from "effect"

const out = join(import.meta.dirname, "..", "..", "build", "image")

/** Why there is nothing to look at; undefined after `test/image/build.mjs`. */
export const noImage = existsSync(join(out, "node.json"))
  ? undefined
  : "the image is not built: `npm run test:image` as root on Linux, with buildah and mmdebstrap"

export const targets = ["controller", "node"] as const
export type Target = (typeof targets)[number]

const Texts = Schema.optionalWith(Schema.NullOr(Schema.Array(Schema.String)), { default: () => null })
const Configuration = Schema.Struct({
  architecture: Schema.String,
  config: Schema.Struct({
    User: Schema.optional(Schema.String),
    Env: Schema.Array(Schema.String),
    Entrypoint: Texts,
    Cmd: Texts,
    Labels: Schema.Record({ key: Schema.String, value: Schema.String })
  })
})

export const configOf = (target: Target) =>
  Schema.decodeUnknownSync(Schema.parseJson(Configuration))(readFileSync(join(out, `${target}.json`), "utf8"))

export const rootOf = (target: Target): string => join(out, target, "root")

export const readIn = (target: Target, path: string): string => readFileSync(join(rootOf(target), path), "utf8")

/** All that the image holds except for folders, by path. */
export const filesOf = (target: Target): ReadonlyArray<string> =>
  readdirSync(rootOf(target), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join("/", entry.parentPath.slice(rootOf(target).length), entry.name))
    .sort()

/** What a runtime starts for a pod whose container has these `args` and no `command`. */
export const commandLine = (target: Target, args: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...(configOf(target).config.Entrypoint ?? []),
  ...args
]
