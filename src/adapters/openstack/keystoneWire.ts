import { Schema } from "effect"

const Endpoint = Schema.Struct({
  interface: Schema.String,
  url: Schema.String,
  region: Schema.optionalWith(Schema.NullOr(Schema.String), { exact: true }),
  region_id: Schema.optionalWith(Schema.NullOr(Schema.String), { exact: true })
})

const CatalogEntry = Schema.Struct({ type: Schema.String, endpoints: Schema.Array(Endpoint) })

/** Answer to `POST /v3/auth/tokens`. `project` and `catalog` are absent from a token that is scoped to no project. */
export const TokenReply = Schema.Struct({
  token: Schema.Struct({
    issued_at: Schema.String,
    expires_at: Schema.String,
    project: Schema.optionalWith(Schema.Struct({ id: Schema.String }), { exact: true }),
    catalog: Schema.optionalWith(Schema.Array(CatalogEntry), { exact: true })
  })
})

export type CatalogEntry = typeof CatalogEntry.Type
export type TokenReply = typeof TokenReply.Type
