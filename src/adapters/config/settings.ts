import { Either, ParseResult, Schema } from "effect"
import type { GcfgEntry } from "./gcfg.ts"
import type { Written } from "./keyValues.ts"
import type { ConfigProblem, Place } from "./problems.ts"

export type PlacedEntry = GcfgEntry & { readonly file: string }

export interface Setting {
  readonly value: Written
  readonly place: Place
  /** Section and key as they stand in a file that is no cloud.conf. */
  readonly shown?: { readonly section: string; readonly key: string }
}

/** The keys of one section over all files, each with its last value and the place of it. */
export type Settings = ReadonlyMap<string, Setting>

export const collectSettings = (entries: ReadonlyArray<PlacedEntry>, section: string, subsection: string): Settings =>
  new Map(
    entries
      .filter((entry) => entry.section === section && entry.subsection === subsection)
      .map(({ key, value, file, line }) => [key, { value, place: { file, line } }])
  )

/** Says what is wrong with a key, where it stands; `title` is how its section is written in cloud.conf. */
export const problemAt = (title: string, settings: Settings, key: string, problem: string): ConfigProblem => {
  const setting = settings.get(key)
  return {
    place: setting?.place,
    section: setting?.shown?.section ?? title,
    key: setting?.shown?.key ?? key,
    problem
  }
}

/** Reads the known keys; all bad values are reported at once, each where it stands. */
export const decodeSettings = <A, I>(
  schema: Schema.Schema<A, I>,
  title: string,
  settings: Settings
): Either.Either<A, ReadonlyArray<ConfigProblem>> => {
  const written = Object.fromEntries([...settings].map(([key, { value }]) => [key, value]))
  return Either.mapLeft(Schema.decodeUnknownEither(schema, { errors: "all" })(written), (error) =>
    ParseResult.ArrayFormatter.formatErrorSync(error).map(({ path, message }) =>
      problemAt(title, settings, String(path[0]), message)
    )
  )
}
