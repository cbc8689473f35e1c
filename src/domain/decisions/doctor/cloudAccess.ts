import { DateTime, Duration, Either } from "effect"
import type {
  CertificateSeen,
  CloudService,
  EndpointSeen,
  FilterName,
  Greeting,
  LoginSeen
} from "../../../ports/CloudSurvey.ts"
import type { CloudFailure } from "../../errors.ts"
import { adviceFor } from "./advice.ts"
import { type Finding, failed, ok, type Subject, skipped, subject, warning } from "./Finding.ts"

/** An answer of the cloud, or why there is none. */
export type Answer<A> = Either.Either<A, CloudFailure>

const unanswered = (about: Subject, failure: CloudFailure): Finding =>
  failed(about, failure.message, adviceFor(failure))

/** What to make of an answer, where no answer is a failure. */
export const read = <A>(about: Subject, answer: Answer<A>, judge: (seen: A) => Finding): Finding =>
  Either.isLeft(answer) ? unanswered(about, answer.left) : judge(answer.right)

/** As `read`, where the driver can do without. */
export const readIfTold = <A>(about: Subject, answer: Answer<A>, judge: (seen: A) => Finding): Finding =>
  Either.isLeft(answer) ? warning(about, answer.left.message, adviceFor(answer.left)) : judge(answer.right)

/** Certificates and logs are hard to read with clocks further apart; tokens are counted by our own clock alone. */
const tolerableSkewMillis = 30_000
const shortTokenMillis = 15 * 60_000
const soonMillis = 30 * 24 * 3600_000

export const keystoneSubject = subject("cloud.keystone", "Keystone answers")
export const clockSubject = subject("cloud.clock", "this clock agrees with the cloud's")
export const loginSubject = subject("cloud.login", "Keystone lets the driver in")

export const judgeGreeting = (answer: Answer<Greeting>): Finding =>
  read(keystoneSubject, answer, ({ url }) => ok(keystoneSubject, url))

export const judgeClock = (answer: Answer<Greeting>): Finding => {
  if (Either.isLeft(answer)) return skipped(clockSubject, "Keystone does not answer")
  const { skewMillis } = answer.right
  if (skewMillis === undefined) return skipped(clockSubject, "Keystone's answer tells no time")
  const apart = Math.abs(skewMillis)
  const text = `${Duration.format(Duration.seconds(Math.round(apart / 1000)))} apart`
  if (apart <= tolerableSkewMillis) return ok(clockSubject, apart < 1500 ? "less than two seconds apart" : text)
  return warning(
    clockSubject,
    `${text}: Keystone is ${skewMillis > 0 ? "ahead" : "behind"}`,
    "let both follow a time server; certificates are judged by this clock, and logs are compared by both"
  )
}

export const judgeLogin = (answer: Answer<LoginSeen>): Finding =>
  read(loginSubject, answer, ({ projectId, lifeMillis }) => {
    const project = `project ${projectId}`
    if (lifeMillis === undefined) {
      const remedy =
        "configure a user or an application credential: a token cannot be renewed, and the driver loses the cloud when it ends"
      return warning(loginSubject, [project, "with a token that was made elsewhere"], remedy)
    }
    const life = `tokens live for ${Duration.format(Duration.seconds(Math.round(lifeMillis / 1000)))}`
    return lifeMillis < shortTokenMillis
      ? warning(
          loginSubject,
          [project, life],
          "the driver renews them in time; ask the cloud for longer ones to spare Keystone"
        )
      : ok(loginSubject, [project, life])
  })

export const endpointSubject = (service: CloudService): Subject =>
  subject(`cloud.endpoint.${service.toLowerCase()}`, `the catalogue has ${service}`)

export const judgeEndpoint = (service: CloudService, answer: Answer<EndpointSeen>): Finding => {
  const about = endpointSubject(service)
  return read(about, answer, ({ url, regions }) =>
    regions.length > 1
      ? warning(
          about,
          [url, `it is in the regions ${regions.join(", ")}, and the first was taken`],
          "set region in cloud.conf"
        )
      : ok(about, url)
  )
}

export const certificateSubject = (host: string): Subject =>
  subject(`cloud.tls.${host}`, `the certificate of ${host} is good`)

export const judgeCertificate = (
  host: string,
  answer: Answer<CertificateSeen | undefined>,
  insecure: boolean,
  now: number
): Finding => {
  const about = certificateSubject(host)
  return read(about, answer, (seen) => {
    if (seen === undefined) return skipped(about, "no TLS is to be seen from here: plain HTTP, or a proxy between")
    const until = DateTime.formatIso(DateTime.unsafeMake(seen.validUntil))
    const evidence = [`${seen.subject}, signed by ${seen.issuer}, until ${until}`]
    if (insecure) {
      const doubt = seen.problem === undefined ? [] : [`it would not be trusted: ${seen.problem}`]
      return warning(
        about,
        [...evidence, ...doubt, "tls-insecure is set: nobody checks it"],
        "give ca-file in place of tls-insecure"
      )
    }
    if (seen.problem !== undefined) {
      const remedy = "name the authority that signed it in ca-file, or have the cloud's administrator renew it"
      return failed(about, [...evidence, `it is not trusted: ${seen.problem}`], remedy)
    }
    return seen.validUntil - now < soonMillis
      ? warning(about, evidence, "it ends within 30 days: have the cloud's administrator renew it")
      : ok(about, evidence)
  })
}

export const rightSubject = (service: CloudService): Subject =>
  subject(`cloud.rights.${service.toLowerCase()}`, `the user may list ${service === "Cinder" ? "volumes" : "servers"}`)

export const judgeRight = (service: CloudService, answer: Answer<void>): Finding => {
  const about = rightSubject(service)
  return read(about, answer, () => ok(about, `${service} lists them`))
}

export const filterSubject = (filter: FilterName): Subject =>
  subject(`cloud.filter.${filter.replaceAll(" ", "-")}`, `Cinder filters ${filter}`)

export const judgeFilter = (filter: FilterName, answer: Answer<boolean>): Finding => {
  const about = filterSubject(filter)
  return readIfTold(about, answer, (honoured) =>
    honoured
      ? ok(about, "nothing came for what is not there")
      : warning(
          about,
          "Cinder answers with rows that were not asked for",
          "the driver reads through all of them; have an administrator allow the filter in resource_filters.json"
        )
  )
}
