import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { shippedFilters } from "../../../../src/adapters/memory/http/filters.ts"
import { identityRoutes } from "../../../../src/adapters/memory/http/keystone.ts"
import { computeServiceRoutes, volumeServiceRoutes } from "../../../../src/adapters/memory/http/services.ts"
import { differences, headerDifferences, type Ids } from "./compare.ts"
import { type Lab, makeLab } from "./lab.ts"
import { type RecordedStep, readTopics, type Topic } from "./recording.ts"
import { modeOf, type Script, scripts } from "./topics.ts"

const topics = readTopics()

/** The routes that the HTTP face claims to speak as the real services do. */
const claims: ReadonlyArray<string> = [
  ...identityRoutes.map((route) => `keystone ${route}`),
  ...volumeServiceRoutes({ pageCap: 1000, filters: shippedFilters }).map(
    ({ method, template }) => `cinder ${method} ${template}`
  ),
  ...computeServiceRoutes.map(({ method, template }) => `nova ${method} ${template}`)
]

const pathBelowProject = ({ request }: RecordedStep): string =>
  (request.path.split("?")[0] ?? "").replace(/^\/(?:v3|v2\.1)(?:\/[0-9a-f]{32})?(?=\/|$)/, "")

const claimOf = (step: RecordedStep): string | undefined => {
  const { service, method } = step.request
  if (service === "metadata") return "metadata GET"
  const path =
    service === "keystone" ? (step.request.path.split("?")[0] ?? "").replace(/(.)\/$/, "$1") : pathBelowProject(step)
  return claims.find((claim) => {
    const [claimed, verb, template = ""] = claim.split(" ")
    return (
      claimed === service &&
      verb === method &&
      new RegExp(`^${template.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`).test(path)
    )
  })
}

/** Version documents, and paths that nobody serves. */
const needsNoRoute = (step: RecordedStep): boolean => {
  const body = JSON.stringify(step.response.body) ?? ""
  return (
    /^\/(?:v3|v2\.1)?\/?$/.test(step.request.path) ||
    (step.response.status === 404 && body.includes("404 Not Found")) ||
    step.request.path.startsWith("/v9")
  )
}

/** Why a step is not played, if it is not. */
const unsupportedWhy = (topic: Topic, position: number): string | undefined => {
  const step = topic.steps[position]
  const why = scripts[topic.name]?.unsupported?.[position]
  if (why !== undefined || step === undefined) return why
  return claimOf(step) !== undefined || needsNoRoute(step) ? undefined : "no such route"
}

const translated = (text: string, ids: Ids): string => {
  let result = text
  for (const [recorded, actual] of ids) result = result.replaceAll(recorded, actual)
  return result
}

const play = (lab: Lab, script: Script, step: RecordedStep, position: number) =>
  Effect.gen(function* () {
    const { request } = step
    const who = script.who?.[position] ?? "me"
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(request.headers ?? {})) {
      headers[name] = value === "TOKEN" ? lab.token(who) : value
    }
    const text =
      script.raw?.[position] ??
      (request.body === undefined
        ? undefined
        : translated(JSON.stringify(request.body), lab.ids).replaceAll('"TOKEN"', JSON.stringify(lab.token(who))))
    if (text !== undefined && headers["Content-Type"] === undefined) headers["Content-Type"] = "application/json"
    const asked = {
      service: request.service,
      method: request.method,
      path: translated(request.path, lab.ids),
      headers,
      body: text
    }
    return yield* script.waits?.includes(position) ? lab.sendAndWait(asked) : lab.send(asked)
  })

const updatedAtOf = (body: unknown): string | undefined => /"updated_at":"([^"]*)"/.exec(JSON.stringify(body))?.[1]

const replay = (topic: Topic) =>
  Effect.gen(function* () {
    const script = scripts[topic.name]
    assert.isDefined(script, `no script for ${topic.name}`)
    const lab = yield* makeLab(topic)
    const found: Array<string> = []
    let updatedAt: string | undefined
    for (const [position, step] of topic.steps.entries()) {
      yield* script.before?.[position]?.(lab) ?? Effect.void
      if (unsupportedWhy(topic, position) !== undefined) continue
      const answer = yield* play(lab, script, step, position)
      const say = (problem: string) =>
        found.push(`${topic.name} ${position} (${step.note}) ${step.request.method} ${step.request.path}: ${problem}`)
      if (answer.status !== step.response.status) {
        say(`status ${step.response.status} became ${answer.status}: ${JSON.stringify(answer.body)}`)
      } else {
        for (const problem of headerDifferences(step.response.headers, answer.headers)) say(problem)
        for (const problem of differences(step.response.body, answer.body, lab.ids, modeOf(script, position)))
          say(problem)
      }
      if (step.updated_at_moved !== undefined) {
        const now = updatedAtOf(answer.body)
        const moved = updatedAt !== undefined && now !== updatedAt
        if (moved !== step.updated_at_moved) say(`updated_at ${moved ? "moved" : "did not move"}`)
        updatedAt = now
      }
    }
    assert.deepStrictEqual(found, [])
  })

describe("the HTTP face of the World answers as the real services did", () => {
  for (const topic of topics) {
    it.scoped(`${topic.name}: ${topic.what}`, () => replay(topic))
  }

  it("for at least 85 of 100 recorded exchanges", () => {
    const all = topics.flatMap((topic) => topic.steps.map((step, position) => ({ topic, step, position })))
    const left = all.flatMap(({ topic, step, position }) => {
      const why = unsupportedWhy(topic, position)
      return why === undefined
        ? []
        : [`${claimOf(step) ?? `${step.request.service} ${step.request.method} ${pathBelowProject(step)}`}: ${why}`]
    })
    process.stdout.write(
      `${left.map((line) => `unsupported: ${line}\n`).join("")}${all.length} recorded exchanges: ` +
        `${all.length - left.length} supported and equal, ${left.length} unsupported\n`
    )
    assert.isAtLeast((all.length - left.length) / all.length, 0.85)
  })
})
