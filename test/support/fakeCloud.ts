import { type Effect, Layer, Redacted, type Scope } from "effect"
import { layerCinderHttp } from "../../src/adapters/openstack/CinderHttp.ts"
import { layerHttpClient } from "../../src/adapters/openstack/httpClient.ts"
import { layerKeystone } from "../../src/adapters/openstack/Keystone.ts"
import { layerNovaHttp } from "../../src/adapters/openstack/NovaHttp.ts"
import type { ObservedRequest } from "../../src/adapters/openstack/observer.ts"
import { type Reply, type Script, type ScriptedServer, scriptedServer } from "./ScriptedServer.ts"

export const tokensPath = "/v3/auth/tokens"
export const cinderPath = "/volume/v3/p1"
export const novaPath = "/compute/v2.1"
export const password = "correct horse battery staple"

interface Paths {
  readonly cinder: string
  readonly nova: string
}

/** Keystone's answer to a login; the n-th token is `token-n`. */
export const tokenReply = (
  token: string,
  origin: string,
  lifeSeconds = 3600,
  paths: Paths = { cinder: cinderPath, nova: "/compute/v2" }
): Reply => {
  const issued = Date.UTC(2001, 0, 1)
  const endpoint = (path: string) => ({ interface: "public", region: "r1", region_id: "r1", url: `${origin}${path}` })
  return {
    status: 201,
    headers: { "X-Subject-Token": token },
    body: {
      token: {
        issued_at: new Date(issued).toISOString(),
        expires_at: new Date(issued + lifeSeconds * 1000).toISOString(),
        project: { id: "p1", name: "csi" },
        catalog: [
          { type: "volumev3", name: "cinder", endpoints: [endpoint(paths.cinder)] },
          { type: "compute", name: "nova", endpoints: [endpoint(paths.nova)] }
        ]
      }
    }
  }
}

/** Keystone and a scripted rest at one address. */
export const fakeCloud = (
  script: Script,
  login?: (origin: string, tokens: number) => Reply
): Effect.Effect<ScriptedServer, never, Scope.Scope> => {
  let tokens = 0
  return scriptedServer((request) => {
    if (request.path !== tokensPath) return script(request)
    tokens += 1
    const origin = `http://${request.headers.host}`
    return login === undefined ? tokenReply(`token-${tokens}`, origin) : login(origin, tokens)
  })
}

export const keystoneOn = (url: string, observe?: (observed: ObservedRequest) => void) =>
  layerKeystone({
    authUrl: url,
    auth: {
      _tag: "password",
      user: { name: "csi", domain: { id: "default" } },
      password: Redacted.make(password),
      scope: { _tag: "project", project: { id: "p1" } }
    },
    observe
  }).pipe(Layer.provideMerge(layerHttpClient({})))

/** Cinder and Nova of the cloud at this address, with what they need. */
export const openStackAt = (url: string, observe?: (observed: ObservedRequest) => void) => {
  const service = { choice: { region: undefined, interface: "public" }, observe } as const
  return Layer.merge(layerCinderHttp(service), layerNovaHttp(service)).pipe(
    Layer.provideMerge(keystoneOn(url, observe))
  )
}

export const wireVolume = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  id,
  name: "pvc-1",
  status: "available",
  size: 2,
  availability_zone: "nova",
  created_at: "2026-11-23T18:05:38.000000",
  updated_at: null,
  description: null,
  volume_type: "fast",
  snapshot_id: null,
  source_volid: null,
  metadata: { a: "b" },
  links: [],
  bootable: "false",
  encrypted: false,
  multiattach: false,
  attachments: [],
  ...more
})

export const fault = (status: number, name: string, message: string): Reply => ({
  status,
  headers: { "x-openstack-request-id": "req-7b3f" },
  body: { [name]: { code: status, message } }
})

/** What the token middleware in front of Cinder and Nova says. */
export const tokenRefused: Reply = {
  status: 401,
  headers: { "www-authenticate": 'Keystone uri="http://keystone"' },
  body: { error: { code: 401, title: "Unauthorized", message: "The request you have made requires authentication." } }
}
