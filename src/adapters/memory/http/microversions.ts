import { Either } from "effect"
import { type ApiFault, badRequest, malformed, versionNotAcceptable } from "./apiFaults.ts"
import type { Headers, HttpRequest } from "./messages.ts"

/** The minor number decides: Cinder is 3.N, Nova 2.N. */
export interface VersionRange {
  readonly word: "volume" | "compute"
  readonly major: number
  readonly minimum: number
  readonly maximum: number
}

export interface Negotiated {
  readonly minor: number
  /** To be sent back, with refusals too. */
  readonly headers: Headers
}

export interface Unacceptable {
  readonly fault: ApiFault
  readonly headers: Headers
}

export const versionText = (range: VersionRange, minor: number): string => `${range.major}.${minor}`

/** A header may name several services: `compute 2.1, volume 3.44`. */
const wantedIn = (header: string, word: string): string | undefined =>
  header
    .split(",")
    .map((part) => part.trim().split(/\s+/))
    .filter(([service]) => service?.toLowerCase() === word)
    .at(-1)?.[1]

const headersFor = (range: VersionRange, version: string): Headers =>
  range.word === "volume"
    ? { "OpenStack-API-Version": `volume ${version}`, Vary: "OpenStack-API-Version" }
    : {
        "OpenStack-API-Version": `compute ${version}`,
        "X-OpenStack-Nova-API-Version": version,
        Vary: "X-OpenStack-Nova-API-Version"
      }

const negotiateText = (range: VersionRange, wanted: string): Either.Either<Negotiated, Unacceptable> => {
  if (wanted === "latest") {
    return Either.right({
      minor: range.maximum,
      headers: headersFor(range, versionText(range, range.maximum))
    })
  }
  const parts = /^([1-9]\d*)\.(0|[1-9]\d*)$/.exec(wanted)
  if (parts === null) {
    return Either.left({
      fault: badRequest(`API Version String ${wanted} is of invalid format. Must be of format MajorNum.MinorNum.`),
      headers: {}
    })
  }
  const minor = Number(parts[2])
  const headers = headersFor(range, wanted)
  return Number(parts[1]) === range.major && minor >= range.minimum && minor <= range.maximum
    ? Either.right({ minor, headers })
    : Either.left({
        fault: versionNotAcceptable(
          `Version ${wanted} is not supported by the API. Minimum is ${versionText(range, range.minimum)} and ` +
            `maximum is ${versionText(range, range.maximum)}.`
        ),
        headers
      })
}

/**
 * Which microversion a request is answered in. Without a header the lowest. Cinder refuses a header that names other services
 * alone, Nova ignores it.
 */
export const negotiate = (range: VersionRange, request: HttpRequest): Either.Either<Negotiated, Unacceptable> => {
  const header = request.headers["openstack-api-version"]
  const legacy = range.word === "compute" ? request.headers["x-openstack-nova-api-version"] : undefined
  const wanted = (header === undefined ? undefined : wantedIn(header, range.word)) ?? legacy
  if (wanted !== undefined) return negotiateText(range, wanted)
  if (header !== undefined && range.word === "volume") {
    return Either.left({ fault: badRequest(malformed), headers: {} })
  }
  return Either.right({
    minor: range.minimum,
    headers: headersFor(range, versionText(range, range.minimum))
  })
}
