import { assert, describe, it } from "@effect/vitest"
import { Either, Redacted } from "effect"
import * as fc from "fast-check"
import { tokenRequestBody } from "../../../src/adapters/openstack/Auth.ts"
import { chooseEndpoint, identityRoot } from "../../../src/adapters/openstack/endpoints.ts"
import { pathSegment } from "../../../src/adapters/openstack/ids.ts"
import { pauseBeforeRetry, type Tried } from "../../../src/adapters/openstack/retries.ts"
import { type Memory, milestones, nextRefusal, planSession } from "../../../src/adapters/openstack/sessionPlan.ts"
import { CloudFailure, type CloudFailureReason } from "../../../src/domain/errors.ts"

describe("tokenRequestBody", () => {
  const secret = Redacted.make("S")

  it("logs in by password and names", () => {
    assert.deepStrictEqual(
      tokenRequestBody({
        _tag: "password",
        user: { name: "u", domain: { name: "Default" } },
        password: secret,
        scope: { _tag: "project", project: { name: "p", domain: { id: "default" } } }
      }),
      {
        auth: {
          identity: {
            methods: ["password"],
            password: { user: { name: "u", domain: { name: "Default" }, password: "S" } }
          },
          scope: { project: { name: "p", domain: { id: "default" } } }
        }
      }
    )
  })

  it("names no project with a trust", () => {
    assert.deepStrictEqual(
      tokenRequestBody({
        _tag: "password",
        user: { id: "U" },
        password: secret,
        scope: { _tag: "trust", trustId: "T" }
      }),
      {
        auth: {
          identity: { methods: ["password"], password: { user: { id: "U", password: "S" } } },
          scope: { "OS-TRUST:trust": { id: "T" } }
        }
      }
    )
  })

  it("names no scope with an application credential", () => {
    assert.deepStrictEqual(
      tokenRequestBody({ _tag: "applicationCredential", credential: { name: "a", user: { id: "U" } }, secret }),
      {
        auth: {
          identity: {
            methods: ["application_credential"],
            application_credential: { name: "a", user: { id: "U" }, secret: "S" }
          }
        }
      }
    )
  })

  it("turns a token into one for a project", () => {
    assert.deepStrictEqual(
      tokenRequestBody({ _tag: "token", token: secret, scope: { _tag: "project", project: { id: "P" } } }),
      { auth: { identity: { methods: ["token"], token: { id: "S" } }, scope: { project: { id: "P" } } } }
    )
  })
})

describe("identityRoot", () => {
  it.each([
    ["https://k:5000", "https://k:5000/v3"],
    ["https://k:5000/", "https://k:5000/v3"],
    ["https://k:5000/v3", "https://k:5000/v3"],
    ["https://k:5000/v3//", "https://k:5000/v3"],
    ["https://k/identity/v2.0/", "https://k/identity/v3"],
    ["https://k/identity", "https://k/identity/v3"]
  ])("%s", (configured, root) => assert.strictEqual(identityRoot(configured), root))
})

describe("chooseEndpoint", () => {
  const endpoint = (url: string, region = "r1", kind = "public") => ({
    url,
    interface: kind,
    region_id: region,
    region
  })
  const one = (type: string, ...endpoints: ReadonlyArray<ReturnType<typeof endpoint>>) => [{ type, endpoints }]
  const choice = { region: undefined, interface: "public" } as const
  const urlOf = (catalog: Parameters<typeof chooseEndpoint>[0], service: "Cinder" | "Nova") =>
    Either.getOrThrow(chooseEndpoint(catalog, service, choice, "P")).url

  it.each([
    ["https://h:8776/v3/P", "https://h:8776/v3/P"],
    ["https://h:8776/v3/P/", "https://h:8776/v3/P"],
    ["https://h:8776/v3", "https://h:8776/v3/P"],
    ["https://h/volume/v3/", "https://h/volume/v3/P"],
    ["https://h/volume", "https://h/volume/v3/P"],
    ["https://v3/volume", "https://v3/volume/v3/P"]
  ])("reads Cinder's %s", (catalogUrl, url) =>
    assert.strictEqual(urlOf(one("volumev3", endpoint(catalogUrl)), "Cinder"), url)
  )

  it.each([
    ["https://h:8774/v2.1", "https://h:8774/v2.1"],
    ["https://h:8774/v2.1/P", "https://h:8774/v2.1/P"],
    ["https://h:8774/v2/P", "https://h:8774/v2.1/P"],
    ["https://h/compute/v2/", "https://h/compute/v2.1"],
    ["https://h/compute", "https://h/compute/v2.1"]
  ])("reads Nova's %s", (catalogUrl, url) =>
    assert.strictEqual(urlOf(one("compute", endpoint(catalogUrl)), "Nova"), url)
  )

  it("prefers the official type and passes over a root of the second version", () => {
    const catalog = [
      ...one("volumev2", endpoint("https://h/v2/P")),
      ...one("volume", endpoint("https://h/v2/P")),
      ...one("volumev3", endpoint("https://old/v3")),
      ...one("block-storage", endpoint("https://new/v3"))
    ]
    assert.strictEqual(urlOf(catalog, "Cinder"), "https://new/v3/P")
    assert.isTrue(Either.isLeft(chooseEndpoint(catalog.slice(0, 2), "Cinder", choice, "P")))
  })

  it("obeys region and interface, also in the old spelling", () => {
    const catalog = one(
      "compute",
      endpoint("https://a/v2.1", "r1"),
      endpoint("https://b/v2.1", "r2"),
      endpoint("https://c/v2.1", "r2", "internalURL")
    )
    const pick = (region: string, kind: "public" | "internal") =>
      Either.getOrThrow(chooseEndpoint(catalog, "Nova", { region, interface: kind }, "P")).url
    assert.strictEqual(pick("r2", "public"), "https://b/v2.1")
    assert.strictEqual(pick("r2", "internal"), "https://c/v2.1")
  })

  it("tells the regions among which it guessed", () => {
    const catalog = one("compute", endpoint("https://a/v2.1", "r1"), endpoint("https://b/v2.1", "r2"))
    assert.deepStrictEqual(Either.getOrThrow(chooseEndpoint(catalog, "Nova", choice, "P")).regions, ["r1", "r2"])
  })

  it("says what the catalog has when nothing fits", () => {
    const catalog = one("compute", endpoint("https://a/v2.1", "r1"))
    assert.deepStrictEqual(
      chooseEndpoint(catalog, "Nova", { region: "mars", interface: "public" }, "P"),
      Either.left(
        "no endpoint for compute (type compute), interface public in region mars; the catalog has: compute public in r1"
      )
    )
  })
})

describe("pathSegment", () => {
  it.each(["", ".", "..", "a/b", "/", "a\\b", "a\nb", "a\0", "\ud800", "x".repeat(256)])("refuses %j", (id) =>
    assert.isUndefined(pathSegment(id))
  )

  it("never leads out of its place in a path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (id) => {
        const segment = pathSegment(id)
        if (segment === undefined) return
        const url = new URL(`http://h/volumes/${segment}`)
        assert.strictEqual(url.pathname, `/volumes/${segment}`)
        assert.strictEqual(decodeURIComponent(segment), id)
        assert.strictEqual(url.search + url.hash, "")
      })
    )
  })
})

describe("planSession", () => {
  const failure = new CloudFailure({
    service: "Keystone",
    operation: "",
    reason: "unauthenticated",
    detail: "",
    requestId: undefined
  })
  const session = { token: Redacted.make("t"), projectId: "p", catalog: [], ...milestones(3_600_000, 0, true) }
  const refusal = nextRefusal(undefined, failure, 0)
  const nothing: Memory = { session: undefined, refusal: undefined, outdated: false, outage: false }
  const table: ReadonlyArray<readonly [string, Partial<Memory>, number, string]> = [
    ["nothing known", {}, 0, "renew"],
    ["a fresh token", { session }, 3_479_000, "use"],
    ["near its end", { session }, 3_481_000, "use+renew"],
    ["very near its end", { session }, 3_571_000, "renew+fallback"],
    ["over", { session }, 3_600_000, "renew"],
    ["refused a moment ago", { refusal }, 29_999, "refuse"],
    ["refused a while ago", { refusal }, 30_000, "renew"],
    [
      "renewal refused, old token good",
      { session, refusal: nextRefusal(undefined, failure, 3_481_000) },
      3_482_000,
      "use"
    ],
    ["credentials replaced", { session, outdated: true }, 1_000, "renew+fallback"],
    ["credentials replaced, Keystone down", { session, outdated: true, outage: true }, 1_000, "use+renew"],
    ["credentials replaced, the new ones refused", { session, outdated: true, refusal }, 1_000, "use"],
    ["credentials replaced, no token", { outdated: true }, 1_000, "renew"]
  ]
  it.each(table)("%s", (_, memory, now, expected) => {
    const plan = planSession({ ...nothing, ...memory }, now)
    const more =
      plan._tag === "use" && plan.renew ? "+renew" : plan._tag === "renew" && plan.fallback ? "+fallback" : ""
    assert.strictEqual(plan._tag + more, expected)
  })

  it("renews a token of a minute at half of its life", () => {
    assert.strictEqual(milestones(60_000, 1_000, true).renewAt, 31_000)
  })

  it("asks ever more seldom after refusals, down to every ten minutes", () => {
    let last = nextRefusal(undefined, failure, 0)
    const pauses = [last.pauseMillis]
    for (let i = 0; i < 6; i++) {
      last = nextRefusal(last, failure, 0)
      pauses.push(last.pauseMillis)
    }
    assert.deepStrictEqual(pauses, [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000])
  })
})

describe("pauseBeforeRetry", () => {
  const pause = (reason: CloudFailureReason, more: Partial<Tried> = {}, fault: Partial<Tried["fault"]> = {}) =>
    pauseBeforeRetry({
      method: "GET",
      fault: { reason, lasting: false, reset: false, retryAfterMillis: undefined, ...fault },
      tries: 1,
      remainingMillis: Number.POSITIVE_INFINITY,
      random: 1,
      ...more
    })

  it("repeats a POST only if it certainly was not carried out", () => {
    assert.isUndefined(pause("unanswered", { method: "POST" }))
    assert.isDefined(pause("unreachable", { method: "POST" }))
    assert.isDefined(pause("throttled", { method: "POST" }))
  })

  it.each(["unauthenticated", "forbidden", "notFound", "invalid", "conflict", "malformed"] as const)(
    "does not repeat after %s",
    (reason) => assert.isUndefined(pause(reason))
  )

  it("repeats reads and deletions, at most three times", () => {
    assert.isDefined(pause("unanswered", { method: "DELETE", tries: 3 }))
    assert.isUndefined(pause("unanswered", { tries: 4 }))
  })

  it("does not repeat after a certificate that is not trusted", () =>
    assert.isUndefined(pause("unreachable", {}, { lasting: true })))

  it("reads again at once when an idle connection broke, but only once", () => {
    assert.strictEqual(pause("unanswered", {}, { reset: true }), 0)
    assert.isAbove(pause("unanswered", { tries: 2 }, { reset: true }) ?? 0, 0)
    assert.isAbove(pause("unanswered", { method: "DELETE" }, { reset: true }) ?? 0, 0)
  })

  it("obeys Retry-After up to a minute", () => {
    assert.strictEqual(pause("throttled", { random: 0 }, { retryAfterMillis: 5_000 }), 5_200)
    assert.strictEqual(pause("throttled", { random: 0 }, { retryAfterMillis: 5_000_000 }), 60_200)
  })

  it("never waits past the caller's deadline", () => assert.isUndefined(pause("unreachable", { remainingMillis: 400 })))
})
