import { X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"
import { isDeepStrictEqual } from "node:util"
import { FileSystem } from "@effect/platform"
import { Effect, Either, Redacted } from "effect"
import type { Auth } from "../adapters/config/auth.ts"
import type { Cloud } from "../adapters/config/Cloud.ts"
import { ConfigError } from "../adapters/config/problems.ts"
import { type OpenStackAuth, type ScopeRef, tokenRequestBody } from "../adapters/openstack/Auth.ts"
import type { TlsOptions } from "../adapters/openstack/httpClient.ts"

/** How a cloud lets us in: what its operators replace now and then, while the driver serves. */
export interface Access {
  readonly auth: OpenStackAuth
  readonly tls: TlsOptions
}

const projectScope = (project: Extract<Auth, { _tag: "Password" }>["scope"]): ScopeRef | undefined =>
  project === undefined
    ? undefined
    : "id" in project
      ? { _tag: "project", project: { id: project.id } }
      : { _tag: "project", project: { name: project.name, domain: project.domain } }

const openStackAuth = (auth: Auth): OpenStackAuth => {
  switch (auth._tag) {
    case "Password":
      return { _tag: "password", user: auth.user, password: auth.password, scope: projectScope(auth.scope) }
    case "Trust":
      return {
        _tag: "password",
        user: auth.user,
        password: auth.password,
        scope: { _tag: "trust", trustId: auth.trustId }
      }
    case "ApplicationCredential":
      return { _tag: "applicationCredential", credential: auth.credential, secret: auth.secret }
    case "Token":
      return { _tag: "token", token: auth.token, scope: projectScope(auth.scope) }
  }
}

interface NamedFile {
  readonly path: string
  /** How the section that names it is written, and the key. */
  readonly title: string
  readonly key: string
}

const fileError = ({ path, title, key }: NamedFile, problem: string) =>
  new ConfigError({ problems: [{ place: { file: path, line: undefined }, section: title, key, problem }] })

const readPem = (file: NamedFile) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    return yield* files.readFileString(file.path)
  }).pipe(
    Effect.mapError((error) => fileError(file, `cannot be read: ${error.message}`)),
    Effect.timeoutFail({
      duration: "10 seconds",
      onTimeout: () => fileError(file, "could not be read within 10 seconds")
    })
  )

/** Node passes over a bundle without certificates, and then trusts nobody. */
const readAuthorities = (file: NamedFile) =>
  Effect.flatMap(readPem(file), (text) =>
    Either.try({
      try: () => {
        new X509Certificate(text)
        return text
      },
      catch: () => fileError(file, "holds no certificate in PEM form")
    })
  )

const readClient = (title: string, { certFile, keyFile }: NonNullable<Cloud["tls"]["client"]>) =>
  Effect.gen(function* () {
    const certificate = { path: certFile, title, key: "cert-file" }
    const cert = yield* readPem(certificate)
    const key = yield* readPem({ path: keyFile, title, key: "key-file" })
    return yield* Either.try({
      try: () => {
        createSecureContext({ cert, key })
        return { cert, key: Redacted.make(key) }
      },
      catch: () =>
        fileError(
          certificate,
          `is no certificate in PEM form that belongs to the key in ${keyFile}, without a passphrase`
        )
    })
  })

/** Reads the files that the section names; `title` is how it is written. What could not be used later is refused now. */
export const readAccess = (title: string, cloud: Cloud): Effect.Effect<Access, ConfigError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { caFile, client, insecure } = cloud.tls
    return {
      auth: openStackAuth(cloud.auth),
      tls: {
        ...(caFile === undefined ? {} : { ca: yield* readAuthorities({ path: caFile, title, key: "ca-file" }) }),
        ...(client === undefined ? {} : yield* readClient(title, client)),
        insecure
      }
    }
  })

const revealed = ({ key, ...tls }: TlsOptions) => ({ ...tls, key: key === undefined ? undefined : Redacted.value(key) })

/** What of an access has another content in `next`; the parts that have not stay the same objects. */
export const changedAccess = (access: Access, next: Access) => {
  const credentials = !isDeepStrictEqual(tokenRequestBody(access.auth), tokenRequestBody(next.auth))
  const certificates = !isDeepStrictEqual(revealed(access.tls), revealed(next.tls))
  return {
    credentials,
    certificates,
    access: { auth: credentials ? next.auth : access.auth, tls: certificates ? next.tls : access.tls }
  }
}
