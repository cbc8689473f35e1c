import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Schema } from "effect"

const folder = join(import.meta.dirname, "..", "..", "..", "recordings")

const Step = Schema.Struct({
  note: Schema.String,
  request: Schema.Struct({
    service: Schema.Literal("keystone", "cinder", "nova", "metadata"),
    method: Schema.String,
    path: Schema.String,
    headers: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), { exact: true }),
    body: Schema.optionalWith(Schema.Unknown, { exact: true })
  }),
  response: Schema.Struct({
    status: Schema.Number,
    headers: Schema.Record({ key: Schema.String, value: Schema.String }),
    body: Schema.Unknown
  }),
  updated_at_moved: Schema.optionalWith(Schema.Boolean, { exact: true })
})

const Recording = Schema.Struct({ what: Schema.String, steps: Schema.Array(Step) })

export type RecordedStep = typeof Step.Type
export type RecordedService = RecordedStep["request"]["service"]

/** What a real OpenStack (Zed) answered, topic by topic. */
export interface Topic {
  readonly name: string
  readonly what: string
  readonly steps: ReadonlyArray<RecordedStep>
}

export const readTopics = (): ReadonlyArray<Topic> =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => ({
      name: file.replace(/\.json$/, ""),
      ...Schema.decodeUnknownSync(Recording)(JSON.parse(readFileSync(join(folder, file), "utf8")))
    }))

export const uuidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i
