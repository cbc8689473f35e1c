import { Clock, Duration, Effect, Either } from "effect"
import { type CloudService, CloudSurvey, filters } from "../ports/CloudSurvey.ts"
import type { ControllerOptions } from "./ControllerSettings.ts"
import { judgeVersions, versionsSubject } from "./decisions/doctor/apiVersions.ts"
import {
  type Answer,
  clockSubject,
  endpointSubject,
  filterSubject,
  judgeCertificate,
  judgeClock,
  judgeEndpoint,
  judgeFilter,
  judgeGreeting,
  judgeLogin,
  judgeRight,
  keystoneSubject,
  loginSubject,
  rightSubject
} from "./decisions/doctor/cloudAccess.ts"
import { type Finding, type Subject, skipped } from "./decisions/doctor/Finding.ts"
import { judgeQuotas, judgeTypes, quotaSubject, typesSubject } from "./decisions/doctor/projectRoom.ts"
import { judgeZones, zonesSubject } from "./decisions/doctor/zones.ts"
import { CloudFailure } from "./errors.ts"

export interface CloudCheckOptions extends Pick<ControllerOptions, "withTopology" | "ignoreVolumeZone" | "zoneMap"> {
  /** What cloud.conf says. */
  readonly authUrl: string
  readonly insecure: boolean
  readonly ignoreMicroversions: boolean
  /** For each question. */
  readonly limit: Duration.Duration
}

const services = ["Cinder", "Nova"] as const

/** All that is said of the cloud, so that whoever skips it can name it. */
export const cloudSubjects: ReadonlyArray<Subject> = [
  keystoneSubject,
  clockSubject,
  loginSubject,
  ...services.flatMap((service) => [endpointSubject(service), versionsSubject(service), rightSubject(service)]),
  ...filters.map(filterSubject),
  quotaSubject,
  typesSubject,
  zonesSubject
]

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url)

/** An answer in limited time, whatever happens to the question: what it has begun ends with the scope of the survey. */
export const within =
  (limit: Duration.Duration, service: CloudFailure["service"], operation: string) =>
  <A, E>(question: Effect.Effect<A, E>): Effect.Effect<A, E | CloudFailure> =>
    Effect.timeoutFail(Effect.disconnect(question), {
      duration: limit,
      onTimeout: () => {
        const detail = `no answer within ${Duration.format(limit)}`
        return new CloudFailure({ service, operation, reason: "unanswered", detail, requestId: undefined })
      }
    })

/** Every check of a cloud, those side by side that need nothing of each other. One that fails leaves the others alone. */
export const checkCloud = Effect.fnUntraced(function* (options: CloudCheckOptions) {
  const survey = yield* CloudSurvey
  const ask = <A>(service: CloudFailure["service"], operation: string, question: Effect.Effect<A, CloudFailure>) =>
    Effect.either(within(options.limit, service, operation)(question))
  const now = yield* Clock.currentTimeMillis

  const checkCertificate = (url: string) =>
    Effect.map(ask("Keystone", `show the certificate of ${hostOf(url)}`, survey.certificate(url)), (answer) =>
      judgeCertificate(hostOf(url), answer, options.insecure, now)
    )

  const checkService = Effect.fnUntraced(function* (service: CloudService) {
    const endpoint = yield* ask(service, "name the endpoint", survey.endpoint(service))
    const found = judgeEndpoint(service, endpoint)
    if (Either.isLeft(endpoint)) {
      const rest = [versionsSubject(service), rightSubject(service)]
      return {
        found: [found, ...rest.map((about) => skipped(about, `the catalogue does not lead to ${service}`))],
        url: ""
      }
    }
    const [versions, right] = yield* Effect.all(
      [
        ask(service, "name its microversions", survey.versions(service)),
        ask(service, "list one", survey.mayList(service))
      ],
      { concurrency: 2 }
    )
    const ignored = service === "Cinder" && options.ignoreMicroversions
    return {
      found: [found, judgeVersions(service, versions, ignored), judgeRight(service, right)],
      url: endpoint.right.url
    }
  })

  const checkFilters = Effect.forEach(
    filters,
    (filter) =>
      Effect.map(ask("Cinder", `filter ${filter}`, survey.honours(filter)), (answer) => judgeFilter(filter, answer)),
    { concurrency: "unbounded" }
  )

  const checkRoom = Effect.all(
    [
      Effect.map(ask("Cinder", "show the quotas", survey.quotas), judgeQuotas),
      Effect.map(ask("Cinder", "list the volume types", survey.volumeTypes), judgeTypes),
      Effect.map(
        Effect.all(
          [
            ask("Cinder", "list its zones", survey.zones("Cinder")),
            ask("Nova", "list its zones", survey.zones("Nova"))
          ],
          { concurrency: 2 }
        ),
        ([cinder, nova]) => judgeZones({ cinder, nova, options })
      )
    ],
    { concurrency: "unbounded" }
  )

  const checkOthers = (login: Answer<unknown>) =>
    Effect.gen(function* () {
      if (Either.isLeft(login)) {
        const passed = cloudSubjects.filter((about) => ![keystoneSubject, clockSubject, loginSubject].includes(about))
        return { found: passed.map((about): Finding => skipped(about, "there is no login")), urls: [] }
      }
      const [parts, narrowed, room] = yield* Effect.all(
        [Effect.forEach(services, checkService, { concurrency: 2 }), checkFilters, checkRoom],
        { concurrency: "unbounded" }
      )
      return {
        found: [...parts.flatMap(({ found }) => found), ...narrowed, ...room],
        urls: parts.flatMap(({ url }) => (url === "" ? [] : [url]))
      }
    })

  const greeted = ask("Keystone", "say what it is", survey.greet)
  const loggedIn = Effect.flatMap(ask("Keystone", "issue a token", survey.login), (login) =>
    Effect.map(checkOthers(login), (others) => ({ login, ...others }))
  )
  const [greeting, { login, found, urls }, own] = yield* Effect.all(
    [greeted, loggedIn, checkCertificate(options.authUrl)],
    { concurrency: "unbounded" }
  )
  const seen = hostOf(options.authUrl)
  const hosts = new Map(urls.map((url) => [hostOf(url), url]))
  const certificates = yield* Effect.forEach(
    [...hosts].flatMap(([host, url]) => (host === seen ? [] : [url])),
    checkCertificate,
    { concurrency: "unbounded" }
  )
  return [judgeGreeting(greeting), judgeClock(greeting), own, ...certificates, judgeLogin(login), ...found]
})

/** What is said where there is no cloud to be asked. */
export const cloudSkipped = (reason: string): ReadonlyArray<Finding> =>
  cloudSubjects.map((about) => skipped(about, reason))
