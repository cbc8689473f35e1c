import { Redacted } from "effect"

/** A domain of Keystone, by id or by name. */
export type DomainRef = { readonly id: string } | { readonly name: string }

/** A user by id, or by name within a domain. */
export type UserRef = { readonly id: string } | { readonly name: string; readonly domain: DomainRef }

/** What the token is for. A project's name is unique only within its domain. */
export type ScopeRef =
  | { readonly _tag: "project"; readonly project: { readonly id: string } }
  | { readonly _tag: "project"; readonly project: { readonly name: string; readonly domain: DomainRef } }
  /** The user above is the trustee; the trust brings its own project. */
  | { readonly _tag: "trust"; readonly trustId: string }

/** How to log in to Keystone (https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management). */
export type OpenStackAuth =
  | {
      readonly _tag: "password"
      readonly user: UserRef
      readonly password: Redacted.Redacted
      /** Undefined: the user's default project, if it has one. */
      readonly scope: ScopeRef | undefined
    }
  | {
      readonly _tag: "applicationCredential"
      /** An application credential's name is unique only within its user. */
      readonly credential: { readonly id: string } | { readonly name: string; readonly user: UserRef }
      readonly secret: Redacted.Redacted
    }
  | { readonly _tag: "token"; readonly token: Redacted.Redacted; readonly scope: ScopeRef | undefined }

const scopeMember = (scope: ScopeRef | undefined) => {
  if (scope === undefined) return {}
  return scope._tag === "trust"
    ? { scope: { "OS-TRUST:trust": { id: scope.trustId } } }
    : { scope: { project: scope.project } }
}

/** Body of `POST /v3/auth/tokens`. An application credential carries its project and Keystone refuses a scope with it. */
export const tokenRequestBody = (auth: OpenStackAuth): unknown => {
  switch (auth._tag) {
    case "password":
      return {
        auth: {
          identity: {
            methods: ["password"],
            password: { user: { ...auth.user, password: Redacted.value(auth.password) } }
          },
          ...scopeMember(auth.scope)
        }
      }
    case "applicationCredential":
      return {
        auth: {
          identity: {
            methods: ["application_credential"],
            application_credential: { ...auth.credential, secret: Redacted.value(auth.secret) }
          }
        }
      }
    case "token":
      return {
        auth: {
          identity: { methods: ["token"], token: { id: Redacted.value(auth.token) } },
          ...scopeMember(auth.scope)
        }
      }
  }
}

/** What must never show up in a message. */
export const secretsOf = (auth: OpenStackAuth): ReadonlyArray<string> => {
  switch (auth._tag) {
    case "password":
      return [Redacted.value(auth.password)]
    case "applicationCredential":
      return [Redacted.value(auth.secret)]
    case "token":
      return [Redacted.value(auth.token)]
  }
}

/** A token made from a token inherits its expiry, so asking for a new one gains nothing. */
export const isRenewable = (auth: OpenStackAuth): boolean => auth._tag !== "token"
