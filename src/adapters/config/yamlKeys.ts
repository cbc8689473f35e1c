import type { GlobalSettings } from "./keys.ts"

type GlobalKey = keyof GlobalSettings

/** What the members of `auth` are called in cloud.conf; where two mean the same, the later one wins. */
export const authMembers = {
  auth_url: "auth-url",
  username: "username",
  user_id: "user-id",
  password: "password",
  token: "token",
  tenant_id: "tenant-id",
  project_id: "tenant-id",
  tenant_name: "tenant-name",
  project_name: "tenant-name",
  domain_id: "domain-id",
  domain_name: "domain-name",
  user_domain_id: "user-domain-id",
  user_domain_name: "user-domain-name",
  project_domain_id: "tenant-domain-id",
  project_domain_name: "tenant-domain-name",
  application_credential_id: "application-credential-id",
  application_credential_name: "application-credential-name",
  application_credential_secret: "application-credential-secret",
  trust_id: "trust-id"
} as const satisfies Readonly<Record<string, GlobalKey>>

/** The members of an entry itself, in the same way. */
export const entryMembers = {
  region_name: "region",
  interface: "os-endpoint-type",
  endpoint_type: "os-endpoint-type",
  cacert: "ca-file",
  cert: "cert-file",
  key: "key-file"
} as const satisfies Readonly<Record<string, GlobalKey>>

/** Read in a way of their own. */
export const otherAuthMembers = ["default_domain"]
export const otherEntryMembers = ["auth", "auth_type", "profile", "cloud", "regions", "verify", "identity_api_version"]

/** Keys of other services and clients, which pass in silence. */
export const foreignMember =
  /_(api_version|default_microversion)$|^(networks|image_format|floating_ip_source|force_ipv4)$/

/** The keys that prove who asks, by kind of login. */
export const loginKeys = {
  password: ["password", "trust-id", "trustee-id", "trustee-password"],
  token: ["token"],
  applicationCredential: ["application-credential-id", "application-credential-name", "application-credential-secret"]
} as const satisfies Readonly<Record<string, ReadonlyArray<GlobalKey>>>
export type LoginKind = keyof typeof loginKeys

export const loginKinds = ["password", "token", "applicationCredential"] as const satisfies ReadonlyArray<LoginKind>

/** The values of `auth_type`. */
export const authTypes: ReadonlyMap<string, LoginKind> = new Map([
  ["password", "password"],
  ["v3password", "password"],
  ["token", "token"],
  ["v3token", "token"],
  ["v3applicationcredential", "applicationCredential"]
])

/** Two ways to say the same: if cloud.conf uses one of them, what clouds.yaml says in the other one is passed over. */
export const alternatives: ReadonlyArray<ReadonlyArray<GlobalKey>> = [
  ["user-id", "username"],
  ["tenant-id", "tenant-name"],
  ["domain-id", "domain-name"],
  ["user-domain-id", "user-domain-name"],
  ["tenant-domain-id", "tenant-domain-name"],
  ["application-credential-id", "application-credential-name"]
]
