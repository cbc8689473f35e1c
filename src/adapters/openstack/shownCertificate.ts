import { isIP } from "node:net"
import * as Tls from "node:tls"
import { Effect, Redacted } from "effect"
import { CloudFailure } from "../../domain/errors.ts"
import type { CertificateSeen } from "../../ports/CloudSurvey.ts"
import type { TlsOptions } from "./httpClient.ts"
import { type Proxies, proxyFor } from "./proxies.ts"

const nameOf = (subject: Tls.PeerCertificate["subject"] | undefined): string =>
  [subject?.CN ?? subject?.O ?? subject?.OU ?? "somebody without a name"].flat().join(", ")

const seenOn = (socket: Tls.TLSSocket, host: string): CertificateSeen => {
  const shown = socket.getPeerCertificate()
  const problem = socket.authorizationError
  return {
    host,
    subject: nameOf(shown.subject),
    issuer: nameOf(shown.issuer),
    validUntil: Date.parse(shown.valid_to),
    problem: problem == null ? undefined : String(problem instanceof Error ? problem.message : problem)
  }
}

/** Shakes hands with a server, whoever it is, and says what it shows. Nothing is sent to it. */
export const shownCertificate = (
  url: string,
  tls: TlsOptions,
  proxies: Proxies
): Effect.Effect<CertificateSeen | undefined, CloudFailure> =>
  Effect.suspend(() => {
    const target = URL.canParse(url) ? new URL(url) : undefined
    if (target?.protocol !== "https:") return Effect.succeed(undefined)
    const host = target.hostname.replace(/^\[|\]$/g, "")
    const port = Number(target.port || 443)
    if (proxyFor(proxies, { secure: true, host, port }) !== undefined) return Effect.succeed(undefined)
    return Effect.async<CertificateSeen, CloudFailure>((resume) => {
      const socket = Tls.connect({
        host,
        port,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        ...(tls.cert === undefined ? {} : { cert: tls.cert }),
        ...(tls.key === undefined ? {} : { key: Redacted.value(tls.key) }),
        rejectUnauthorized: false
      })
      socket.once("secureConnect", () => {
        resume(Effect.succeed(seenOn(socket, target.host)))
        socket.destroy()
      })
      socket.once("error", ({ message }) =>
        resume(
          new CloudFailure({
            service: "Keystone",
            operation: `show the certificate of ${target.host}`,
            reason: "unreachable",
            detail: message,
            requestId: undefined
          })
        )
      )
      return Effect.sync(() => socket.destroy())
    })
  })
