import { Option, Schema } from "effect"

export const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))
export const Texts = Schema.Record({ key: Schema.String, value: Schema.String })
/** The library makes dates of times, and objects of its own of some that have microseconds. */
export const Time = Schema.Union(Schema.DateFromSelf, Schema.String)

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
export const Meta = Schema.Struct({
  name: Schema.String,
  namespace: maybe(Schema.String),
  uid: maybe(Schema.String),
  annotations: maybe(Texts),
  labels: maybe(Texts),
  deletionTimestamp: maybe(Time)
})

/** Kubernetes keeps what is being deleted until everybody has let go of it. */
export const isDeleting = ({ deletionTimestamp }: typeof Meta.Type): boolean => deletionTimestamp != null

/** Undefined for what is not of the schema. */
export const decoding =
  <A, I, B>(schema: Schema.Schema<A, I>, read: (wire: A) => B) =>
  (object: unknown): B | undefined =>
    Option.getOrUndefined(Option.map(Schema.decodeUnknownOption(schema)(object), read))
