import { Either } from "effect"
import type { CatalogEntry } from "./keystoneWire.ts"

/** Which of a service's endpoints to use. */
export interface EndpointChoice {
  readonly region: string | undefined
  readonly interface: "public" | "internal" | "admin"
}

export interface Endpoint {
  /** Without a slash at its end. */
  readonly url: string
  /** Regions that would have fitted as well, the chosen one first; more than one means that the choice was a guess. */
  readonly regions: ReadonlyArray<string>
}

const withoutSlash = (url: string) => url.replace(/\/+$/, "")

/** Root of Keystone v3 for an `auth-url` as it is found in the wild: with or without version, also the old one. */
export const identityRoot = (authUrl: string): string => {
  const url = withoutSlash(authUrl.trim())
  if (/\/v3$/i.test(url)) return url
  return `${url.replace(/\/v2\.0$/i, "")}/v3`
}

/** Where a URL's version stands, as in `/volume/v3/PROJECT`. */
const versionElement = /(?<!\/)\/v(\d+(?:\.\d+)?)(?=\/|$)/i

/** Cinder wants the project in the path below 3.67; the legacy types may carry a root of the second version. */
const cinderUrl = (catalogUrl: string, projectId: string): string | undefined => {
  const url = withoutSlash(catalogUrl)
  const version = versionElement.exec(url)
  if (version === null) return `${url}/v3/${projectId}`
  if (version[1] !== "3") return undefined
  return url.endsWith(version[0]) ? `${url}/${projectId}` : url
}

/** Under `/v2` Nova runs its compatibility mode, which ignores microversions without saying so. */
const novaUrl = (catalogUrl: string): string | undefined => {
  const url = withoutSlash(catalogUrl)
  const version = versionElement.exec(url)
  if (version === null) return `${url}/v2.1`
  if (version[1] === "2.1") return url
  return version[1] === "2" || version[1] === "2.0" ? url.replace(versionElement, "/v2.1") : undefined
}

interface ServiceKind {
  readonly what: string
  /** In order of preference. */
  readonly types: ReadonlyArray<string>
  readonly urlOf: (catalogUrl: string, projectId: string) => string | undefined
}

/** https://service-types.openstack.org has the official types; the others are what clouds still use. */
export const services = {
  Cinder: { what: "block storage v3", types: ["block-storage", "volumev3", "volume", "block-store"], urlOf: cinderUrl },
  Nova: { what: "compute", types: ["compute"], urlOf: novaUrl }
} satisfies Record<"Cinder" | "Nova", ServiceKind>

const regionsOf = (endpoint: CatalogEntry["endpoints"][number]) =>
  [endpoint.region_id, endpoint.region].filter((region) => typeof region === "string")

const describeCatalog = (catalog: ReadonlyArray<CatalogEntry>) => {
  const seen = catalog.flatMap(({ type, endpoints }) =>
    endpoints.map((endpoint) => `${type} ${endpoint.interface} in ${regionsOf(endpoint)[0] ?? "no region"}`)
  )
  return seen.length === 0 ? "the catalog is empty" : `the catalog has: ${[...new Set(seen)].join("; ")}`
}

/** The URL to use, or a sentence for the operator that says what the catalog has instead. */
export const chooseEndpoint = (
  catalog: ReadonlyArray<CatalogEntry>,
  service: "Cinder" | "Nova",
  choice: EndpointChoice,
  projectId: string
): Either.Either<Endpoint, string> => {
  const { what, types, urlOf }: ServiceKind = services[service]
  for (const type of types) {
    const fitting = catalog
      .filter((entry) => entry.type === type)
      .flatMap(({ endpoints }) => endpoints)
      .filter((endpoint) => endpoint.interface.replace(/URL$/, "") === choice.interface)
      .filter((endpoint) => choice.region === undefined || regionsOf(endpoint).includes(choice.region))
      .flatMap((endpoint) => {
        const url = urlOf(endpoint.url, projectId)
        return url === undefined ? [] : [{ url, region: regionsOf(endpoint)[0] ?? "" }]
      })
    const [first] = fitting
    if (first !== undefined) {
      return Either.right({ url: first.url, regions: [...new Set(fitting.map(({ region }) => region))] })
    }
  }
  const where = choice.region === undefined ? "" : ` in region ${choice.region}`
  const wanted = `${what} (type ${types.join(" or ")}), interface ${choice.interface}${where}`
  return Either.left(`no endpoint for ${wanted}; ${describeCatalog(catalog)}`)
}
