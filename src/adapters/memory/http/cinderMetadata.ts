import { Effect } from "effect"
import { type ApiFault, badRequest, itemNotFound, type Refusal } from "./apiFaults.ts"
import { invalidField, memberOf, objectOrNull } from "./bodies.ts"
import { isObject, type JsonObject, pythonRepr } from "./json.ts"
import { emptyReply, jsonReply } from "./messages.ts"
import type { Call, Route } from "./service.ts"

type Metadata = Readonly<Record<string, string>>

/** The metadata of one object, of whatever kind. */
interface Store {
  readonly read: (call: Call, id: string) => Effect.Effect<Metadata, Refusal>
  readonly merge: (call: Call, id: string, metadata: Metadata) => Effect.Effect<Metadata, Refusal>
  readonly replace: (call: Call, id: string, metadata: Metadata) => Effect.Effect<Metadata, Refusal>
  readonly remove: (call: Call, id: string, key: string) => Effect.Effect<void, Refusal>
}

const texts = (member: JsonObject): Effect.Effect<Metadata, ApiFault> =>
  Effect.forEach(Object.entries(member), ([key, value]) =>
    typeof value === "string"
      ? Effect.succeed([key, value] as const)
      : Effect.fail(invalidField(key, value, `${pythonRepr(value)} is not of type 'string'`))
  ).pipe(Effect.map((entries) => Object.fromEntries(entries)))

const given = (call: Call): Effect.Effect<Metadata, ApiFault> =>
  isObject(call.body) && isObject(call.body.metadata)
    ? texts(call.body.metadata)
    : Effect.flatMap(memberOf(call.body, "metadata", { fields: { metadata: objectOrNull }, additional: true }), texts)

const routesFor = (collection: string, thing: string, store: Store): ReadonlyArray<Route> => {
  const all = `/${collection}/{id}/metadata`
  const one = `${all}/{key}`
  const id = (call: Call) => call.params.id ?? ""
  const key = (call: Call) => call.params.key ?? ""
  const noKey = (call: Call) => itemNotFound(`${thing} ${id(call)} has no metadata with key ${key(call)}.`)
  return [
    {
      method: "GET",
      template: all,
      handle: (call) => Effect.map(store.read(call, id(call)), (metadata) => jsonReply(200, { metadata }))
    },
    {
      method: "POST",
      template: all,
      handle: (call) =>
        Effect.flatMap(given(call), (metadata) => store.merge(call, id(call), metadata)).pipe(
          Effect.map((metadata) => jsonReply(200, { metadata }))
        )
    },
    {
      method: "PUT",
      template: all,
      handle: (call) =>
        Effect.flatMap(given(call), (metadata) => store.replace(call, id(call), metadata)).pipe(
          Effect.map((metadata) => jsonReply(200, { metadata }))
        )
    },
    {
      method: "GET",
      template: one,
      handle: (call) =>
        Effect.flatMap(store.read(call, id(call)), (metadata) => {
          const value = metadata[key(call)]
          return value === undefined
            ? Effect.fail(noKey(call))
            : Effect.succeed(jsonReply(200, { meta: { [key(call)]: value } }))
        })
    },
    {
      method: "PUT",
      template: one,
      handle: (call) =>
        Effect.gen(function* () {
          const meta = yield* memberOf(call.body, "meta", { fields: {}, additional: true })
          const entries = Object.entries(yield* texts(meta))
          if (entries.length !== 1 || entries[0]?.[0] !== key(call)) {
            return yield* badRequest("Request body and URI mismatch")
          }
          yield* store.merge(call, id(call), Object.fromEntries(entries))
          return jsonReply(200, { meta })
        })
    },
    {
      method: "DELETE",
      template: one,
      handle: (call) =>
        Effect.as(
          store.remove(call, id(call), key(call)),
          emptyReply(200, { "Content-Type": "text/html; charset=UTF-8" })
        )
    }
  ]
}

const ofSnapshot = (call: Call, id: string, change: (former: Metadata) => Metadata) =>
  Effect.gen(function* () {
    const former = yield* call.world.cinder.showSnapshot(id)
    return (yield* call.world.cinder.updateSnapshot(id, { metadata: change(former.metadata) })).metadata
  })

/** https://docs.openstack.org/api-ref/block-storage/v3/#volumes-volumes and the same for snapshots. */
export const metadataRoutes: ReadonlyArray<Route> = [
  ...routesFor("volumes", "Volume", {
    read: ({ world }, id) => Effect.map(world.cinder.showVolume(id), ({ metadata }) => metadata),
    merge: ({ world }, id, metadata) => world.cinder.mergeVolumeMetadata(id, metadata),
    replace: ({ world }, id, metadata) => world.cinder.replaceVolumeMetadata(id, metadata),
    remove: ({ world }, id, key) => world.cinder.removeVolumeMetadata(id, key)
  }),
  ...routesFor("snapshots", "Snapshot", {
    read: ({ world }, id) => Effect.map(world.cinder.showSnapshot(id), ({ metadata }) => metadata),
    merge: (call, id, metadata) => ofSnapshot(call, id, (former) => ({ ...former, ...metadata })),
    replace: (call, id, metadata) => ofSnapshot(call, id, () => metadata),
    remove: (call, id, key) =>
      ofSnapshot(call, id, (former) => former).pipe(
        Effect.filterOrFail(
          (former) => former[key] !== undefined,
          () => itemNotFound(`Snapshot ${id} has no metadata with key ${key}.`)
        ),
        Effect.flatMap(() =>
          ofSnapshot(call, id, (former) => Object.fromEntries(Object.entries(former).filter(([name]) => name !== key)))
        )
      )
  })
]
