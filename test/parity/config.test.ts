import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { defaultIdentity, type IdentitySettings } from "../../src/adapters/memory/http/identitySettings.ts"
import { makeOpenStackHttp } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { layerNoDisks, makeWorld, type WorldService } from "../../src/adapters/memory/index.ts"
import { live, oneGiB, startWired, temporaryFolder } from "../support/wiredDriver.ts"

const write = (path: string, text: string) => Effect.promise(() => writeFile(path, text))

const elsewhere = { id: "d0a1c0de", name: "Elsewhere" }
const awkward = 'p#1;2 "3" \\4 = ä\t5'

/** Beside the one user there is: a namesake and a project's namesake in another domain, a trustee, awkward credentials. */
const identityOf = (world: WorldService): IdentitySettings => {
  const known = defaultIdentity(world)
  const { projectId, userId } = world.settings
  const domain = { id: "default", name: "Default" }
  const roles = { [projectId]: ["member"] }
  return {
    ...known,
    projects: [...known.projects, { id: "f00dfacef00dfacef00dfacef00dface", name: "csi", domain: elsewhere, world }],
    users: [
      ...known.users,
      { id: "b0b0b0b0", name: "csi", password: "other", domain: elsewhere, roles },
      { id: "7ee7ee7e", name: "trustee", password: "trusted", domain, roles: {} },
      { id: "a3a3a3a3", name: "awkward", password: awkward, domain, roles, defaultProjectId: projectId }
    ],
    trusts: [
      {
        id: "c0ffee",
        trustorUserId: userId,
        trusteeUserId: "7ee7ee7e",
        projectId,
        roles: ["member"],
        impersonation: true
      }
    ]
  }
}

const startCloud = Effect.gen(function* () {
  const world = yield* makeWorld({ servers: [{ name: "node-1" }] })
  const identity = identityOf(world)
  const cloud = yield* makeOpenStackHttp({ world, identity })
  const credential = identity.applicationCredentials[0]?.id ?? ""
  const root = cloud.authUrl.replace(/\/v3$/, "")
  return { cloud, root, ids: { user: world.settings.userId, project: world.settings.projectId, credential } }
}).pipe(Effect.provide(layerNoDisks))

type Ids = Effect.Effect.Success<typeof startCloud>["ids"]

/** A volume is made with this `cloud.conf`, and Keystone is asked for nothing but one token. */
const makesVolume = (
  conf: string,
  cloud: Effect.Effect.Success<typeof startCloud>["cloud"],
  environment: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function* () {
    const { csi } = yield* startWired(conf, ["--provide-node-service=false"], {}, environment)
    yield* csi.createVolume({ name: "pvc-1", ...oneGiB })
    const logins = (yield* cloud.requests.recent).filter(({ service }) => service === "identity")
    assert.deepStrictEqual(
      logins.map(({ method, template, status }) => `${method} ${template} ${status}`),
      ["POST /v3/auth/tokens 201"]
    )
  })

const logins: ReadonlyArray<readonly [string, (ids: Ids) => string]> = [
  ["user id, project id", ({ user, project }) => `user-id = ${user}\npassword = secret\ntenant-id = ${project}`],
  [
    "user name in a domain by id, project name in a domain by name",
    () => "username = csi\nuser-domain-id = default\npassword = secret\ntenant-name = csi\ntenant-domain-name = Default"
  ],
  [
    "user name in a domain by name, project name in a domain by id",
    () => "username = csi\nuser-domain-name = Default\npassword = secret\ntenant-name = csi\ntenant-domain-id = default"
  ],
  [
    "a namesake in another domain than the project",
    () =>
      "username = csi\nuser-domain-name = Elsewhere\npassword = other\ntenant-name = csi\ntenant-domain-name = Default"
  ],
  ["domain-id for both", () => "username = csi\npassword = secret\ntenant-name = csi\ndomain-id = default"],
  ["domain-name for both", () => "username = csi\npassword = secret\ntenant-name = csi\ndomain-name = Default"],
  [
    "domain-id for the project, and another domain for the user",
    () => `username = csi\npassword = other\nuser-domain-id = ${elsewhere.id}\ntenant-name = csi\ndomain-id = default`
  ],
  ["the user's default project", () => `user-id = a3a3a3a3\npassword = "p#1;2 \\"3\\" \\\\4 = ä\\t5"`],
  [
    "application credential by id",
    ({ credential }) => `application-credential-id = ${credential}\napplication-credential-secret = application-secret`
  ],
  [
    "application credential by name and user id",
    ({ user }) =>
      `application-credential-name = csi\nuser-id = ${user}\napplication-credential-secret = application-secret`
  ],
  [
    "application credential by name, user name and domain, beside a project that plays no part",
    ({ project }) =>
      "application-credential-name = csi\nusername = csi\nuser-domain-name = Default\n" +
      `application-credential-secret = application-secret\ntenant-id = ${project}`
  ],
  [
    "trust with trustee-id and trustee-password",
    ({ user, project }) =>
      `trust-id = c0ffee\ntrustee-id = 7ee7ee7e\ntrustee-password = trusted\nuser-id = ${user}\ntenant-id = ${project}`
  ],
  ["trust of the user", () => "trust-id = c0ffee\nuser-id = 7ee7ee7e\npassword = trusted"],
  [
    "trust of the user by name",
    () => "trust-id = c0ffee\nusername = trustee\nuser-domain-id = default\npassword = trusted"
  ]
]

describe("logging in", () => {
  for (const [how, keys] of logins) {
    live(
      `P-10 ${how}`,
      Effect.gen(function* () {
        const { cloud, ids } = yield* startCloud
        yield* makesVolume(`[Global]\nauth-url = ${cloud.authUrl}\n${keys(ids)}\n`, cloud)
      })
    )
  }

  live(
    "P-10 a token",
    Effect.gen(function* () {
      const { cloud, ids } = yield* startCloud
      const token = yield* Effect.promise(async () => {
        const answer = await fetch(`${cloud.authUrl}/auth/tokens`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({
            auth: {
              identity: { methods: ["password"], password: { user: { id: ids.user, password: "secret" } } },
              scope: { project: { id: ids.project } }
            }
          })
        })
        return answer.headers.get("x-subject-token") ?? ""
      })
      yield* cloud.requests.reset
      const conf = `[Global]\nauth-url = ${cloud.authUrl}\ntoken = ${token}\ntenant-id = ${ids.project}\n`
      yield* makesVolume(conf, cloud)
    })
  )

  for (const form of ["", "/", "/v3", "/v3/", "/v2.0", "/v2.0/"]) {
    live(
      `P-10 auth-url with ${form === "" ? "nothing" : form} at its end`,
      Effect.gen(function* () {
        const { cloud, root } = yield* startCloud
        yield* makesVolume(
          `[Global]\nauth-url = "${root}${form}"\nusername = csi\npassword = secret\ndomain-id = default\ntenant-name = csi\n`,
          cloud
        )
      })
    )
  }
})

const cloudsYaml = (authUrl: string, auth: string) =>
  `clouds:\n  north:\n    auth:\n      auth_url: ${authUrl}\n${auth
    .split("\n")
    .map((line) => `      ${line}`)
    .join("\n")}\n`

const byName = "username: csi\npassword: secret\nproject_name: csi\ndefault_domain: default"

describe("clouds.yaml", () => {
  live(
    "P-10 clouds-file and cloud, with secure.yaml and clouds-public.yaml beside it",
    Effect.gen(function* () {
      const { cloud } = yield* startCloud
      const folder = yield* temporaryFolder
      const file = join(folder, "clouds.yaml")
      yield* write(
        file,
        "clouds:\n  south: {}\n  north:\n    profile: provider\n    auth:\n      username: csi\n      password: old\n      project_name: csi\n"
      )
      yield* write(join(folder, "secure.yaml"), "clouds:\n  north:\n    auth:\n      password: secret\n")
      yield* write(
        join(folder, "clouds-public.yaml"),
        `public-clouds:\n  provider:\n    auth:\n      auth_url: ${cloud.authUrl}\n      domain_name: Default\n`
      )
      yield* makesVolume(`[Global]\nuse-clouds = true\nclouds-file = ${file}\ncloud = north\n`, cloud)
    })
  )

  live(
    "P-10 OS_CLIENT_CONFIG_FILE and OS_CLOUD",
    Effect.gen(function* () {
      const { cloud } = yield* startCloud
      const file = join(yield* temporaryFolder, "any.yaml")
      yield* write(file, `${cloudsYaml(cloud.authUrl, byName)}  south: {}\n`)
      yield* makesVolume("[Global]\nuse-clouds\n", cloud, { OS_CLIENT_CONFIG_FILE: file, OS_CLOUD: "north" })
    })
  )

  live(
    "P-10 the home folder, and the only cloud there",
    Effect.gen(function* () {
      const { cloud } = yield* startCloud
      const home = yield* temporaryFolder
      const folder = join(home, ".config", "openstack")
      yield* Effect.promise(() => mkdir(folder, { recursive: true }))
      yield* write(join(folder, "clouds.yaml"), cloudsYaml(cloud.authUrl, byName))
      yield* makesVolume("[Global]\nuse-clouds = yes\n", cloud, { HOME: home })
    })
  )

  live(
    "P-10 an application credential in clouds.yaml",
    Effect.gen(function* () {
      const { cloud, ids } = yield* startCloud
      const file = join(yield* temporaryFolder, "clouds.yaml")
      const auth = `application_credential_id: ${ids.credential}\napplication_credential_secret: application-secret`
      yield* write(file, `${cloudsYaml(cloud.authUrl, auth)}    auth_type: v3applicationcredential\n`)
      yield* makesVolume(`[Global]\nuse-clouds\nclouds-file = ${file}\n`, cloud)
    })
  )

  live(
    "P-10 what cloud.conf says wins over clouds.yaml",
    Effect.gen(function* () {
      const { cloud } = yield* startCloud
      const file = join(yield* temporaryFolder, "clouds.yaml")
      yield* write(file, cloudsYaml("http://127.0.0.1:9", byName.replace("secret", "old")))
      const conf = `[Global]\nuse-clouds\nclouds-file = ${file}\ncloud = north\nauth-url = ${cloud.authUrl}\npassword = secret\n`
      yield* makesVolume(conf, cloud)
    })
  )

  live(
    "P-10 a cloud that is not in clouds.yaml ends the start, and the reason lists those that are",
    Effect.gen(function* () {
      const file = join(yield* temporaryFolder, "clouds.yaml")
      yield* write(file, cloudsYaml("http://127.0.0.1:9", byName))
      const failure = yield* Effect.flip(startWired(`[Global]\nuse-clouds\nclouds-file = ${file}\ncloud = south\n`))
      assert.include(failure.message, `${file}: has no cloud "south", only "north"`)
    })
  )
})
