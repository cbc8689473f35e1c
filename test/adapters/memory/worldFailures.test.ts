import { assert, describe, it } from "@effect/vitest"
import { WorldFault } from "../../../src/adapters/memory/worldErrors.ts"
import { isPassing, type Meaning, meaningOf, toCloudFailure } from "../../../src/adapters/memory/worldFailures.ts"

const fault = (status: number, message: string, retryAfter?: string) =>
  new WorldFault({ status, kind: "computeFault", message, ...(retryAfter === undefined ? {} : { retryAfter }) })

const table: ReadonlyArray<readonly [WorldFault, Meaning]> = [
  [fault(400, "Invalid volume: ..."), "invalid"],
  [fault(401, "The request you have made requires authentication."), "unauthenticated"],
  [fault(403, "Policy doesn't allow volume:create to be performed."), "forbidden"],
  [fault(404, "Volume x could not be found."), "notFound"],
  [fault(404, "Service cinder-backup could not be found."), "unreachable"],
  [fault(406, "Version 3.999 is not supported by the API."), "unsupported"],
  [fault(408, "Request timeout"), "unanswered"],
  [fault(409, "Instance x is locked"), "conflict"],
  [
    fault(413, "VolumeLimitExceeded: Maximum number of volumes allowed (2) exceeded for quota 'volumes'.", "0"),
    "quota"
  ],
  [fault(413, "VolumeSizeExceedsLimit: Requested volume size 4G is larger than maximum allowed limit 3G."), "quota"],
  [fault(413, "This request was rate-limited.", "12"), "throttled"],
  [fault(413, "Request body is too large."), "invalid"],
  [fault(429, "Too many requests"), "throttled"],
  [fault(498, "Rate limit"), "throttled"],
  [fault(500, "The server has either erred or is incapable"), "unanswered"],
  [fault(502, "Bad gateway"), "unanswered"],
  [fault(503, "Service is unavailable at this time."), "unreachable"],
  [fault(504, "Gateway timeout"), "unanswered"],
  [fault(302, "Found"), "malformed"]
]

describe("what a refusal of the World means to the domain", () => {
  it.each(table)("%s", (refusal, meaning) => {
    assert.strictEqual(meaningOf(refusal), meaning)
  })

  it("asks again only where the cloud did not answer or was busy", () => {
    const passing = table.filter(([refusal]) => isPassing(refusal)).map(([{ status }]) => status)
    assert.deepStrictEqual(passing, [404, 408, 413, 429, 498, 500, 502, 503, 504])
  })

  it("keeps the cloud's own sentence", () => {
    const failure = toCloudFailure("Nova", "attach volume")(fault(409, "Instance x is locked"))
    assert.strictEqual(failure.message, "Nova could not attach volume: Instance x is locked")
  })
})
