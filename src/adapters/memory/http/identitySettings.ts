import type { WorldService } from "../World.ts"

/** A domain of Keystone. */
export interface DomainSettings {
  readonly id: string
  readonly name: string
}

/** A project of Keystone. */
export interface ProjectSettings {
  readonly id: string
  readonly name: string
  readonly domain: DomainSettings
  /** What the project's volumes and servers are. */
  readonly world: WorldService
}

/** `admin` may do what members may not; every other role is only shown. */
export type RoleName = "admin" | "member" | "reader" | (string & {})

/** Somebody who can log in. */
export interface UserSettings {
  readonly id: string
  readonly name: string
  readonly password: string
  readonly domain: DomainSettings
  /** Roles by id of the project. */
  readonly roles: Readonly<Record<string, ReadonlyArray<RoleName>>>
  /** Scope of a login that names none. Undefined: such a login gets an unscoped token. */
  readonly defaultProjectId?: string
}

/** An application credential of a user. */
export interface ApplicationCredentialSettings {
  readonly id: string
  readonly name: string
  readonly secret: string
  readonly userId: string
  readonly projectId: string
  readonly roles: ReadonlyArray<RoleName>
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number
}

/** What one user lets another do in its place. */
export interface TrustSettings {
  readonly id: string
  readonly trustorUserId: string
  readonly trusteeUserId: string
  readonly projectId: string
  readonly roles: ReadonlyArray<RoleName>
  readonly impersonation: boolean
}

/** Who can log in. */
export interface IdentitySettings {
  readonly projects: ReadonlyArray<ProjectSettings>
  readonly users: ReadonlyArray<UserSettings>
  readonly applicationCredentials: ReadonlyArray<ApplicationCredentialSettings>
  readonly trusts: ReadonlyArray<TrustSettings>
}

export const defaultDomain: DomainSettings = { id: "default", name: "Default" }

/** One user, `csi` with the password `secret`, a member of the World's project `csi`; one application credential of that user. */
export const defaultIdentity = (world: WorldService): IdentitySettings => ({
  projects: [{ id: world.settings.projectId, name: "csi", domain: defaultDomain, world }],
  users: [
    {
      id: world.settings.userId,
      name: "csi",
      password: "secret",
      domain: defaultDomain,
      roles: { [world.settings.projectId]: ["reader", "member"] }
    }
  ],
  applicationCredentials: [
    {
      id: "c5a0f1d27b3e4c869a1f0e2d3c4b5a69",
      name: "csi",
      secret: "application-secret",
      userId: world.settings.userId,
      projectId: world.settings.projectId,
      roles: ["member"]
    }
  ],
  trusts: []
})
