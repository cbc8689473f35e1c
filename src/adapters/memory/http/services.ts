import { faultReply, forbidden, malformed } from "./apiFaults.ts"
import type { Endpoints } from "./catalog.ts"
import { actionRoutes } from "./cinderActions.ts"
import { attachmentRoutes } from "./cinderAttachments.ts"
import { backupRoutes } from "./cinderBackups.ts"
import { metadataRoutes } from "./cinderMetadata.ts"
import { projectRoutes } from "./cinderProject.ts"
import { snapshotRoutes } from "./cinderSnapshots.ts"
import { type CinderSettings, volumeRoutes } from "./cinderVolumes.ts"
import type { JsonObject } from "./json.ts"
import { jsonReply, type Reply, withHeaders } from "./messages.ts"
import { type VersionRange, versionText } from "./microversions.ts"
import { serverVolumeRoutes } from "./novaAttachments.ts"
import { serverRoutes } from "./novaServers.ts"
import { makeService, type Route } from "./service.ts"
import type { TokenStore } from "./tokens.ts"

/** Everything of Cinder that is spoken here. */
export const volumeServiceRoutes = (settings: CinderSettings): ReadonlyArray<Route> => [
  ...volumeRoutes(settings),
  ...metadataRoutes,
  ...actionRoutes,
  ...snapshotRoutes(settings),
  ...backupRoutes(settings),
  ...attachmentRoutes(settings),
  ...projectRoutes(settings)
]

/** Everything of Nova that is spoken here. */
export const computeServiceRoutes: ReadonlyArray<Route> = [...serverRoutes, ...serverVolumeRoutes]

interface Common {
  readonly endpoints: Endpoints
  readonly tokens: TokenStore
  readonly range: VersionRange
}

const cinderDocument = (endpoints: Endpoints, range: VersionRange, status: number): Reply =>
  withHeaders(
    jsonReply(status, {
      versions: [
        {
          id: "v3.0",
          status: "CURRENT",
          version: versionText(range, range.maximum),
          min_version: versionText(range, range.minimum),
          updated: "2022-08-31T00:00:00Z",
          links: [
            { rel: "describedby", type: "text/html", href: "https://docs.openstack.org/" },
            { rel: "self", href: `${endpoints.volume}/` }
          ],
          "media-types": [{ base: "application/json", type: "application/vnd.openstack.volume+json;version=3" }]
        }
      ]
    }),
    { "OpenStack-API-Version": "volume 3.0", Vary: "OpenStack-API-Version" }
  )

export const makeCinder = ({ endpoints, tokens, range }: Common, settings: CinderSettings) =>
  makeService({
    name: "volume",
    root: "v3",
    range,
    endpoints,
    tokens,
    routes: volumeServiceRoutes(settings),
    open: (path, idHeaders) =>
      path === "/" || path === "" ? withHeaders(cinderDocument(endpoints, range, 300), idHeaders) : undefined,
    rootDocument: cinderDocument(endpoints, range, 200),
    unscoped: () => faultReply(forbidden(malformed))
  })

const novaVersion = (endpoints: Endpoints, range: VersionRange): JsonObject => ({
  id: "v2.1",
  status: "CURRENT",
  version: versionText(range, range.maximum),
  min_version: versionText(range, range.minimum),
  updated: "2013-07-23T11:33:21Z",
  links: [{ rel: "self", href: `${endpoints.compute}/` }]
})

const novaList = (endpoints: Endpoints, range: VersionRange): Reply =>
  jsonReply(200, {
    versions: [
      {
        id: "v2.0",
        status: "SUPPORTED",
        version: "",
        min_version: "",
        updated: "2011-01-21T11:33:21Z",
        links: [{ rel: "self", href: `${endpoints.compute.replace(/\/v2\.1$/, "")}/v2/` }]
      },
      novaVersion(endpoints, range)
    ]
  })

const novaDocument = (endpoints: Endpoints, range: VersionRange): Reply =>
  jsonReply(
    200,
    {
      version: {
        ...novaVersion(endpoints, range),
        links: [
          { rel: "self", href: `${endpoints.compute}/` },
          { rel: "describedby", type: "text/html", href: "http://docs.openstack.org/" }
        ],
        "media-types": [{ base: "application/json", type: "application/vnd.openstack.compute+json;version=2.1" }]
      }
    },
    {
      "OpenStack-API-Version": "compute 2.1",
      "X-OpenStack-Nova-API-Version": "2.1",
      Vary: "X-OpenStack-Nova-API-Version"
    }
  )

export const makeNova = ({ endpoints, tokens, range }: Common) =>
  makeService({
    name: "compute",
    root: "v2.1",
    range,
    endpoints,
    tokens,
    routes: computeServiceRoutes,
    open: (path, idHeaders) => {
      if (path === "/" || path === "") return novaList(endpoints, range)
      return path === "/v2.1" || path === "/v2.1/" ? withHeaders(novaDocument(endpoints, range), idHeaders) : undefined
    },
    rootDocument: undefined,
    unscoped: (template) =>
      template === "/servers" || template === "/servers/detail"
        ? jsonReply(200, { servers: [] })
        : faultReply(forbidden("You are not authorized to perform the requested action."))
  })
