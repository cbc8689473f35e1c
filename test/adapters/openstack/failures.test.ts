import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { classify, type Fault, type Outcome } from "../../../src/adapters/openstack/failures.ts"

const answered = (status: number, body: unknown = "", headers: Readonly<Record<string, string>> = {}): Outcome => ({
  _tag: "answered",
  status,
  headers,
  body: typeof body === "string" ? body : JSON.stringify(body)
})
const broken = (code: string, syscall?: string): Outcome => ({ _tag: "broken", code, syscall, text: `it is ${code}` })
const said = (name: string, code: number, message: string) => ({ [name]: { code, message } })
const page404 = {
  message: "The resource could not be found.<br /><br />\n\n\n",
  code: "404 Not Found",
  title: "Not Found"
}

describe("classify", () => {
  const table: ReadonlyArray<readonly [string, Outcome, Partial<Fault>]> = [
    ["nobody listens", broken("ECONNREFUSED", "connect"), { reason: "unreachable", lasting: false }],
    ["no such name", broken("ENOTFOUND", "getaddrinfo"), { reason: "unreachable" }],
    ["resolver away", broken("EAI_AGAIN", "getaddrinfo"), { reason: "unreachable" }],
    ["no route", broken("EHOSTUNREACH", "connect"), { reason: "unreachable" }],
    ["connect timed out", broken("ETIMEDOUT", "connect"), { reason: "unreachable" }],
    ["reset while connecting", broken("ECONNRESET", "connect"), { reason: "unreachable", reset: false }],
    ["self-signed certificate", broken("DEPTH_ZERO_SELF_SIGNED_CERT"), { reason: "unreachable", lasting: true }],
    ["certificate of another host", broken("ERR_TLS_CERT_ALTNAME_INVALID"), { reason: "unreachable", lasting: true }],
    ["certificate expired", broken("CERT_HAS_EXPIRED"), { reason: "unreachable", lasting: true }],
    ["no TLS there", broken("EPROTO", "write"), { reason: "unreachable", lasting: false }],
    ["our certificate refused", broken("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"), { reason: "unreachable" }],
    ["reset after sending", broken("ECONNRESET", "read"), { reason: "unanswered", reset: true }],
    ["pipe broken", broken("EPIPE", "write"), { reason: "unanswered", reset: true }],
    ["timed out on reading", broken("ETIMEDOUT", "read"), { reason: "unanswered" }],
    ["an answer that is no HTTP", broken("HPE_INVALID_CONSTANT"), { reason: "unanswered", reset: false }],
    [
      "time is over",
      { _tag: "timedOut", afterMillis: 30_000 },
      { reason: "unanswered", detail: "no answer within 30 s" }
    ],
    ["too long", { _tag: "tooLong", limitBytes: 10 }, { reason: "malformed" }],
    [
      "400",
      answered(400, said("badRequest", 400, "Invalid volume: no")),
      { reason: "invalid", detail: "Invalid volume: no", status: 400 }
    ],
    [
      "401 of the middleware",
      answered(401, { error: { code: 401, message: "requires authentication" } }),
      { reason: "unauthenticated" }
    ],
    ["401 in HTML", answered(401, "<html><h1>401</h1></html>"), { reason: "unauthenticated" }],
    ["403", answered(403, said("forbidden", 403, "Policy doesn't allow it")), { reason: "forbidden" }],
    [
      "404 of a thing",
      answered(404, said("itemNotFound", 404, "Volume x could not be found.")),
      { reason: "notFound", thingMissing: true }
    ],
    [
      "404 of a route at this version",
      answered(404, said("itemNotFound", 404, "The resource could not be found.")),
      { reason: "notFound", thingMissing: false }
    ],
    [
      "404 of a route",
      answered(404, page404),
      { reason: "notFound", thingMissing: false, detail: "The resource could not be found." }
    ],
    [
      "404 of a proxy",
      answered(404, "<html><body><h1>404 Not Found</h1>nginx</body></html>"),
      { reason: "notFound", thingMissing: false }
    ],
    [
      "404 of a gateway",
      answered(404, { message: "no Route matched with those values" }),
      { reason: "notFound", thingMissing: false }
    ],
    [
      "404 of a kind of service that is away",
      answered(404, said("itemNotFound", 404, "Service cinder-backup could not be found.")),
      { reason: "unreachable", thingMissing: false }
    ],
    ["406", answered(406, said("computeFault", 406, "Version 3.999 is not supported")), { reason: "unsupported" }],
    ["408", answered(408), { reason: "unanswered" }],
    ["409", answered(409, said("conflictingRequest", 409, "Instance s is locked")), { reason: "conflict" }],
    [
      "413 by class",
      answered(
        413,
        said(
          "overLimit",
          413,
          "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'."
        ),
        { "retry-after": "0" }
      ),
      { reason: "invalid", quota: true }
    ],
    [
      "413 of gigabytes",
      answered(
        413,
        said("overLimit", 413, "VolumeSizeExceedsAvailableQuota: Requested volume exceeds allowed gigabytes quota.")
      ),
      { reason: "invalid", quota: true }
    ],
    [
      "413 quota in spite of a pause",
      answered(413, said("overLimit", 413, "SnapshotLimitExceeded: no"), { "retry-after": "5" }),
      { reason: "invalid", quota: true }
    ],
    ["413 that waiting does not help", answered(413, "", { "retry-after": "0" }), { reason: "invalid", quota: true }],
    [
      "413 rate",
      answered(413, said("overLimit", 413, "This request was rate-limited."), { "retry-after": "7" }),
      { reason: "throttled", quota: false, retryAfterMillis: 7000 }
    ],
    [
      "413 too large",
      answered(413, said("computeFault", 413, "Request is too large.")),
      { reason: "invalid", quota: false }
    ],
    ["429", answered(429, "slow down", { "retry-after": "2" }), { reason: "throttled", retryAfterMillis: 2000 }],
    [
      "429 until a date",
      answered(429, "", { date: "Tue, 01 Jan 2030 00:00:00 GMT", "retry-after": "Tue, 01 Jan 2030 00:00:09 GMT" }),
      { reason: "throttled", retryAfterMillis: 9000 }
    ],
    ["498", answered(498), { reason: "throttled" }],
    ["500", answered(500, said("computeFault", 500, "The server has either erred")), { reason: "unanswered" }],
    ["501", answered(501), { reason: "invalid" }],
    ["502", answered(502, "<html>Bad Gateway</html>"), { reason: "unanswered" }],
    ["503", answered(503, "", { "retry-after": "3" }), { reason: "unreachable", retryAfterMillis: 3000 }],
    ["504", answered(504), { reason: "unanswered" }],
    ["a redirect", answered(302, "", { location: "https://elsewhere/" }), { reason: "malformed" }]
  ]

  it.each(table)("%s", (_, outcome, expected) => {
    const fault = classify(outcome)
    for (const [key, value] of Object.entries(expected)) assert.deepStrictEqual(Reflect.get(fault, key), value, key)
  })

  it("keeps the request id of the answer", () => {
    assert.strictEqual(classify(answered(500, "", { "x-openstack-request-id": "req-1" })).requestId, "req-1")
    assert.strictEqual(classify(answered(500, "", { "x-compute-request-id": "req-2" })).requestId, "req-2")
    assert.isUndefined(classify(answered(500, "", { "x-openstack-request-id": "<script>" })).requestId)
  })

  it("says the status when the cloud says nothing", () => {
    assert.strictEqual(classify(answered(502)).detail, "HTTP status 502")
    assert.strictEqual(
      classify(answered(502, "<h1>Bad&nbsp;Gateway</h1>")).detail,
      "Bad&nbsp;Gateway (HTTP status 502)"
    )
  })

  it("never crashes, whatever the body is, and keeps the detail short and on one line", () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        const { detail } = classify(answered(status, body))
        assert.isBelow(detail.length, 560)
        assert.notMatch(detail, /[\n\r\0]/)
      })
    )
  })

  it("takes secrets out of what the cloud says", () => {
    const { detail } = classify(answered(400, said("badRequest", 400, "bad header X-Auth-Token: abc.def given")), [
      "abc.def"
    ])
    assert.strictEqual(detail, "bad header X-Auth-Token: <redacted> given")
  })
})
