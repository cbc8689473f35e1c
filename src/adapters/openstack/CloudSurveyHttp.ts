import { randomUUID } from "node:crypto"
import { HttpClient } from "@effect/platform"
import { Clock, Effect, Either, Layer, Redacted, type Schema } from "effect"
import { CloudFailure } from "../../domain/errors.ts"
import { ServerId } from "../../domain/Server.ts"
import { type CloudService, CloudSurvey, type FilterName, type VersionRange } from "../../ports/CloudSurvey.ts"
import { failure } from "./cinderRequests.ts"
import { decodeBody } from "./decode.ts"
import { chooseEndpoint, identityRoot } from "./endpoints.ts"
import { exchangeWith } from "./exchange.ts"
import { classify, requestIdOf, toCloudFailure } from "./failures.ts"
import type { TlsOptions } from "./httpClient.ts"
import { Keystone } from "./Keystone.ts"
import { withAttachments, withHostStatus, withMessageFilters } from "./microversions.ts"
import { makeShowServer, novaFailure } from "./novaServer.ts"
import { makeService, type ServiceClient, type ServiceOptions, type ServiceRequest } from "./OpenStackHttp.ts"
import { defaultUserAgent } from "./observer.ts"
import type { Proxies } from "./proxies.ts"
import { PowerReply, toEvidence } from "./serverPowerWire.ts"
import { shownCertificate } from "./shownCertificate.ts"
import {
  AttachmentsReply,
  DefaultTypeReply,
  LimitsReply,
  limitsToQuotas,
  QuotaReply,
  RowsReply,
  TypesReply,
  toQuotas,
  VersionsReply,
  ZonesSeenReply
} from "./surveyWire.ts"

export interface SurveyOptions extends ServiceOptions {
  readonly authUrl: string
  readonly tls: () => TlsOptions
  readonly proxies: Proxies
}

const timeoutMillis = 30_000

/** Cinder keeps its version in front of the project. */
const rootOf = (service: CloudService, url: string): string =>
  `${service === "Cinder" ? url.replace(/\/v3(\/.*)?$/, "/v3") : url}/`

/** A row of such a name or id cannot be there. */
const listings: Readonly<
  Record<FilterName, { readonly path: string; readonly key: string; readonly microversion?: string }>
> = {
  "volumes by name": { path: "/volumes", key: "name" },
  "snapshots by name": { path: "/snapshots", key: "name" },
  "backups by name": { path: "/backups", key: "name" },
  "messages by volume": { path: "/messages", key: "resource_uuid", microversion: withMessageFilters }
}

const readVersions = decodeBody(VersionsReply)

const rangeOf = (reply: typeof VersionsReply.Type): VersionRange => {
  const [version] = "version" in reply ? [reply.version] : reply.versions
  return { minimum: version?.min_version ?? "", maximum: version?.version ?? "" }
}

const makeSurvey = (options: SurveyOptions) =>
  Effect.gen(function* () {
    const exchange = exchangeWith(yield* HttpClient.HttpClient)
    const keystone = yield* Keystone
    const cinder = yield* makeService("Cinder", options)
    const nova = yield* makeService("Nova", options)
    const headers = { accept: "application/json", "user-agent": options.userAgent ?? defaultUserAgent }

    const asked =
      (send: ServiceClient, service: CloudService, request: Pick<ServiceRequest, "operation" | "path">) =>
      <A, I>(schema: Schema.Schema<A, I>, more: Pick<ServiceRequest, "query" | "microversion"> = {}) => {
        const { operation } = request
        const decode = decodeBody(schema)
        return send({ label: "survey", method: "GET", timeoutMillis, ...request, ...more }).pipe(
          Effect.catchTag("RequestFailed", (failed) =>
            Effect.fail(service === "Cinder" ? failure(failed) : novaFailure(failed))
          ),
          Effect.flatMap((answer) =>
            Effect.mapError(decode(answer), (fault) => toCloudFailure(service, operation, fault))
          )
        )
      }
    const ofCinder = (operation: string, path: string) => asked(cinder, "Cinder", { operation, path })
    const ofNova = (operation: string, path: string) => asked(nova, "Nova", { operation, path })

    const greet = Effect.gen(function* () {
      const url = identityRoot(options.authUrl)
      const sentAt = yield* Clock.currentTimeMillis
      const outcome = yield* exchange({ method: "GET", url, headers, body: undefined, timeoutMillis })
      const receivedAt = yield* Clock.currentTimeMillis
      const isKeystone = outcome._tag === "answered" && (outcome.status < 400 || outcome.status === 401)
      if (!isKeystone) return yield* toCloudFailure("Keystone", "say what it is", classify(outcome))
      const told = Date.parse(outcome.headers["date"] ?? "")
      // The header has whole seconds, cut off.
      const skewMillis = Number.isNaN(told) ? undefined : Math.round(told + 500 - (sentAt + receivedAt) / 2)
      return { url, skewMillis }
    })

    const endpoint = (service: CloudService) =>
      Effect.flatMap(keystone.session, ({ catalog, projectId }) =>
        Either.mapLeft(
          chooseEndpoint(catalog, service, options.choice, projectId),
          (detail) =>
            new CloudFailure({
              service: "Keystone",
              operation: `name the endpoint of ${service}`,
              reason: "notFound",
              detail,
              requestId: undefined
            })
        )
      )

    const versions = Effect.fnUntraced(function* (service: CloudService) {
      const { token } = yield* keystone.session
      const { url } = yield* endpoint(service)
      const outcome = yield* exchange({
        method: "GET",
        url: rootOf(service, url),
        headers: { ...headers, "x-auth-token": Redacted.value(token) },
        body: undefined,
        timeoutMillis
      })
      const operation = "name its microversions"
      if (outcome._tag !== "answered" || outcome.status < 200 || outcome.status >= 300) {
        return yield* toCloudFailure(service, operation, classify(outcome, [Redacted.value(token)]))
      }
      const { body, status } = outcome
      const answer = { body, status, requestId: requestIdOf(outcome.headers) }
      return rangeOf(yield* Either.mapLeft(readVersions(answer), (fault) => toCloudFailure(service, operation, fault)))
    })

    const mayList = (service: CloudService) =>
      Effect.asVoid(
        (service === "Cinder" ? ofCinder("list volumes", "/volumes") : ofNova("list servers", "/servers"))(RowsReply, {
          query: { limit: "1" }
        })
      )

    const honours = (filter: FilterName) => {
      const { path, key, microversion } = listings[filter]
      return Effect.map(
        ofCinder(`filter ${filter}`, path)(RowsReply, {
          query: { [key]: randomUUID(), limit: "1" },
          ...(microversion === undefined ? {} : { microversion })
        }),
        (reply) => {
          const rows = reply[path.slice(1)]
          return !Array.isArray(rows) || rows.length === 0
        }
      )
    }

    const quotas = Effect.flatMap(keystone.session, ({ projectId }) =>
      Effect.map(
        ofCinder("show the quotas", `/os-quota-sets/${projectId}`)(QuotaReply, { query: { usage: "true" } }),
        toQuotas
      )
    ).pipe(
      Effect.catchIf(
        ({ reason }) => reason === "forbidden" || reason === "notFound",
        () => Effect.map(ofCinder("show the limits", "/limits")(LimitsReply), limitsToQuotas)
      )
    )

    const volumeTypes = Effect.gen(function* () {
      const [{ volume_types }, preset] = yield* Effect.all(
        [
          ofCinder("list the volume types", "/types")(TypesReply),
          Effect.option(ofCinder("show the default type", "/types/default")(DefaultTypeReply))
        ],
        { concurrency: 2 }
      )
      const defaultId = preset._tag === "Some" ? preset.value.volume_type.id : undefined
      return volume_types.map(({ id, name, extra_specs }) => ({
        id,
        name,
        multiattach: extra_specs?.["multiattach"] === "<is> True",
        isDefault: id === defaultId
      }))
    })

    const zones = (service: CloudService) =>
      Effect.map(
        (service === "Cinder" ? ofCinder : ofNova)("list its zones", "/os-availability-zone")(ZonesSeenReply),
        ({ availabilityZoneInfo }) =>
          availabilityZoneInfo.map(({ zoneName, zoneState }) => ({
            name: zoneName,
            available: zoneState?.available ?? true
          }))
      )

    const showServer = makeShowServer(nova, withHostStatus, PowerReply)

    return CloudSurvey.of({
      greet,
      login: Effect.map(keystone.session, ({ projectId, obtainedAt, endsAt }) => ({
        projectId,
        lifeMillis: Number.isFinite(endsAt) ? endsAt - obtainedAt : undefined
      })),
      endpoint,
      certificate: (url) => shownCertificate(url, options.tls(), options.proxies),
      versions,
      mayList,
      honours,
      quotas,
      volumeTypes,
      zones,
      attachmentsOf: (volume) =>
        Effect.map(
          ofCinder("list the attachments", "/attachments")(AttachmentsReply, {
            query: { volume_id: volume },
            microversion: withAttachments
          }),
          ({ attachments }) =>
            attachments
              .filter(({ volume_id }) => volume_id === volume)
              .map(({ id, status, instance }) => ({ id, status, serverId: instance ? ServerId(instance) : undefined }))
        ),
      evidence: (server) => Effect.map(showServer(server), toEvidence)
    })
  })

/** What the doctor asks, over HTTP. Building it makes no request. */
export const layerCloudSurveyHttp = (
  options: SurveyOptions
): Layer.Layer<CloudSurvey, never, HttpClient.HttpClient | Keystone> => Layer.effect(CloudSurvey, makeSurvey(options))
