import { Option, Schema } from "effect"

export const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))
export const Texts = Schema.Record({ key: Schema.String, value: Schema.String })
/** The library makes dates of times, objects of its own of some that have microseconds, and leaves those of a watch as they came. */
export const Time = Schema.Union(Schema.DateFromSelf, Schema.String)

/** The first that is a time. */
export const millisOf = (...times: ReadonlyArray<Date | string | null | undefined>): number | undefined =>
  times.map((time) => new Date(time ?? "").getTime()).find((millis) => !Number.isNaN(millis))

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
export const Meta = Schema.Struct({
  name: Schema.String,
  namespace: maybe(Schema.String),
  uid: maybe(Schema.String),
  annotations: maybe(Texts),
  labels: maybe(Texts),
  creationTimestamp: maybe(Time),
  deletionTimestamp: maybe(Time)
})

/** Kubernetes keeps what is being deleted until everybody has let go of it. */
export const isDeleting = ({ deletionTimestamp }: typeof Meta.Type): boolean => deletionTimestamp != null

/** Undefined for what is not of the schema, or nothing to the reader. */
export const decoding = <A, I, B>(schema: Schema.Schema<A, I>, read: (wire: A) => B | undefined) => {
  const decode = Schema.decodeUnknownOption(schema)
  return (object: unknown): B | undefined => Option.getOrUndefined(Option.flatMapNullable(decode(object), read))
}
