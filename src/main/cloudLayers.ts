import { FileSystem } from "@effect/platform"
import { Effect, Layer, Redacted } from "effect"
import type { Auth } from "../adapters/config/auth.ts"
import type { Cloud } from "../adapters/config/Cloud.ts"
import { ConfigError } from "../adapters/config/problems.ts"
import type { OpenStackAuth, ScopeRef } from "../adapters/openstack/Auth.ts"
import { layerCinderHttp } from "../adapters/openstack/CinderHttp.ts"
import { layerHttpClient } from "../adapters/openstack/httpClient.ts"
import { layerKeystone } from "../adapters/openstack/Keystone.ts"
import { layerNovaHttp } from "../adapters/openstack/NovaHttp.ts"
import type { RequestObserver } from "../adapters/openstack/observer.ts"
import type { Proxies } from "../adapters/openstack/proxies.ts"
import { layerPolling } from "../adapters/waiting/PollingCloudWatch.ts"
import type { Cinder } from "../ports/Cinder.ts"
import type { CloudWatch } from "../ports/CloudWatch.ts"
import type { Nova } from "../ports/Nova.ts"

const projectScope = (project: Extract<Auth, { _tag: "Password" }>["scope"]): ScopeRef | undefined =>
  project === undefined
    ? undefined
    : "id" in project
      ? { _tag: "project", project: { id: project.id } }
      : { _tag: "project", project: { name: project.name, domain: project.domain } }

const openStackAuth = (auth: Auth): OpenStackAuth => {
  switch (auth._tag) {
    case "Password":
      return { _tag: "password", user: auth.user, password: auth.password, scope: projectScope(auth.scope) }
    case "Trust":
      return {
        _tag: "password",
        user: auth.user,
        password: auth.password,
        scope: { _tag: "trust", trustId: auth.trustId }
      }
    case "ApplicationCredential":
      return { _tag: "applicationCredential", credential: auth.credential, secret: auth.secret }
    case "Token":
      return { _tag: "token", token: auth.token, scope: projectScope(auth.scope) }
  }
}

const readPem = (path: string) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    return yield* files.readFileString(path)
  }).pipe(
    Effect.mapError(
      (error) =>
        new ConfigError({
          problems: [
            {
              place: { file: path, line: undefined },
              section: undefined,
              key: undefined,
              problem: `cannot be read: ${error.message}`
            }
          ]
        })
    )
  )

export interface CloudOptions {
  /** In front of our own, first to last. */
  readonly userAgent: string
  readonly observe: RequestObserver
  readonly proxies: Proxies
}

/** The ports of one configured cloud. Reads certificates now and asks the cloud nothing before the first call. */
export const layerCloud = (
  cloud: Cloud,
  { userAgent, observe, proxies }: CloudOptions
): Layer.Layer<Cinder | Nova | CloudWatch, ConfigError, FileSystem.FileSystem> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { caFile, client, insecure } = cloud.tls
      const tls = {
        ca: caFile === undefined ? undefined : yield* readPem(caFile),
        cert: client === undefined ? undefined : yield* readPem(client.certFile),
        key: client === undefined ? undefined : Redacted.make(yield* readPem(client.keyFile)),
        insecure
      }
      const choice = { region: cloud.region, interface: cloud.interface }
      const service = { choice, userAgent, observe }
      return layerPolling().pipe(
        Layer.provideMerge(Layer.merge(layerCinderHttp(service), layerNovaHttp(service))),
        Layer.provide(layerKeystone({ authUrl: cloud.authUrl, auth: openStackAuth(cloud.auth), userAgent, observe })),
        Layer.provide(layerHttpClient(tls, { proxies }))
      )
    })
  )
