import { Data, Effect, Either, Option, Schema } from "effect"
import type { DescribedDisk } from "../../domain/DescribedDisk.ts"

/** What one source says of this machine. */
export interface Told {
  /** In lower case. */
  readonly uuid: string
  readonly zone: string | undefined
  /** Those of its disks that it describes. */
  readonly disks: ReadonlyArray<DescribedDisk>
}

/** A source that gave no answer that can be trusted; `problem` is one line for people. */
export class SourceFailure extends Data.TaggedError("SourceFailure")<{ readonly problem: string }> {
  override get message() {
    return this.problem
  }
}

export interface Source {
  /** Such as "config drive". */
  readonly name: string
  readonly ask: Effect.Effect<Told, SourceFailure>
}

export const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A server's id in lower case, or undefined: other clouds and cloud-init's stand-ins put other texts in its place. */
export const asUuid = (text: string): string | undefined => {
  const plain = text.trim().toLowerCase()
  return uuid.test(plain) ? plain : undefined
}

const MetaData = Schema.parseJson(
  Schema.Struct({ uuid: Schema.Unknown, availability_zone: Schema.Unknown, devices: Schema.Unknown })
)
const decode = Schema.decodeUnknownEither(MetaData)

const decodeDisk = Schema.decodeUnknownOption(
  Schema.Struct({
    type: Schema.Literal("disk"),
    bus: Schema.String,
    address: Schema.String,
    serial: Schema.String
  })
)

/** An entry that says too little, as the disks of other hypervisors may, is as good as none. */
const disksIn = (devices: unknown): ReadonlyArray<DescribedDisk> =>
  Array.isArray(devices)
    ? devices.flatMap((device) =>
        Option.match(decodeDisk(device), {
          onNone: () => [],
          onSome: ({ address, bus, serial }) => [{ address, bus, serial }]
        })
      )
    : []

/** OpenStack's meta_data.json (https://docs.openstack.org/nova/latest/user/metadata.html#openstack-format-metadata). */
export const parseMetaData = (text: string): Effect.Effect<Told, SourceFailure> => {
  const document = decode(text)
  if (Either.isLeft(document))
    return new SourceFailure({ problem: "its meta_data.json is not what OpenStack promises" })
  const { uuid: id, availability_zone: zone, devices } = document.right
  const known = typeof id === "string" ? asUuid(id) : undefined
  if (known === undefined) return new SourceFailure({ problem: "its meta_data.json has no valid uuid" })
  return Effect.succeed({
    uuid: known,
    zone: typeof zone === "string" && zone.trim() !== "" ? zone.trim() : undefined,
    disks: disksIn(devices)
  })
}

/** More than any cloud sends; a longer answer is not a metadata document. */
export const documentLimit = 1024 * 1024
export const documentPath = "openstack/latest/meta_data.json"
