import { createHash } from "node:crypto"
import type { Json, JsonObject } from "./json.ts"

/** Where each service is reached, without a slash at the end. */
export interface Endpoints {
  /** With `/v3`. */
  readonly identity: string
  /** With `/v3`, without a project. */
  readonly volume: string
  /** With `/v2.1`. */
  readonly compute: string
}

/** A service that the catalogue names. */
export interface CatalogService {
  readonly type: string
  readonly name: string
  /** `{project}` stands for the id of the token's project. */
  readonly url: string
}

/** What Keystone says of the services. */
export interface CatalogSettings {
  /** What block storage is called: `volumev3`, `block-storage`, `volume` or `block-store`. */
  readonly volumeType: string
  /** Whether the URL of block storage ends with the project's id. */
  readonly projectInVolumeUrl: boolean
  readonly regions: ReadonlyArray<string>
  readonly interfaces: ReadonlyArray<string>
  /** Services that clouds have beside the ones spoken here. */
  readonly others: ReadonlyArray<CatalogService>
}

export const idFrom = (...parts: ReadonlyArray<string>): string =>
  createHash("sha256").update(parts.join("/")).digest("hex").slice(0, 32)

export const catalogOf = (
  endpoints: Endpoints,
  settings: CatalogSettings,
  projectId: string
): ReadonlyArray<JsonObject> => {
  const services: ReadonlyArray<CatalogService> = [
    {
      type: settings.volumeType,
      name: "cinderv3",
      url: settings.projectInVolumeUrl ? `${endpoints.volume}/{project}` : endpoints.volume
    },
    { type: "identity", name: "keystone", url: endpoints.identity },
    { type: "compute", name: "nova", url: endpoints.compute },
    ...settings.others
  ]
  return services.map(({ type, name, url }) => ({
    id: idFrom("service", type),
    type,
    name,
    endpoints: settings.regions.flatMap((region) =>
      settings.interfaces.map(
        (kind): Json => ({
          id: idFrom("endpoint", type, region, kind),
          interface: kind,
          region,
          region_id: region,
          url: url.replace("{project}", projectId)
        })
      )
    )
  }))
}
