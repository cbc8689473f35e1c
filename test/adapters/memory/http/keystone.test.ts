import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { layerNoDisks } from "../../../../src/adapters/memory/DiskBackend.ts"
import { defaultIdentity } from "../../../../src/adapters/memory/http/identitySettings.ts"
import { makeWorld } from "../../../../src/adapters/memory/worldLayer.ts"
import { type Answer, json, makeCloud, password } from "./client.ts"

const messageOf = (answer: Answer): string => JSON.parse(answer.text).error.message

const applicationCredential = (id: string) => ({
  identity: {
    methods: ["application_credential"],
    application_credential: { id, secret: "application-secret" }
  }
})

/** Settings beyond the default ones need the ids of the World they are for. */
const seeded = { seed: 7 }
const defaults = Effect.map(Effect.provide(Effect.scoped(makeWorld(seeded)), layerNoDisks), defaultIdentity)

describe("logging in", () => {
  it.scoped("refuses two scopes and names without a domain as malformed", () =>
    Effect.gen(function* () {
      const { logIn } = yield* makeCloud()
      const two = yield* logIn(password({ project: { id: "p" }, domain: { id: "default" } }))
      assert.strictEqual(two.status, 400)
      const nameless = yield* logIn(password({ project: { name: "csi" } }))
      assert.strictEqual(nameless.status, 400)
      assert.include(messageOf(nameless), "Expecting to find domain in project.")
    })
  )

  it.scoped("gives a token made from a token the life that is left of the first", () =>
    Effect.gen(function* () {
      const { logIn, world } = yield* makeCloud()
      const scope = { project: { id: world.settings.projectId } }
      const first = yield* logIn(password(scope))
      yield* TestClock.adjust("30 minutes")
      const id = `${first.headers["x-subject-token"]}`
      const second = yield* logIn({ identity: { methods: ["token"], token: { id } }, scope })
      assert.strictEqual(JSON.parse(second.text).token.expires_at, JSON.parse(first.text).token.expires_at)
      assert.strictEqual(JSON.parse(second.text).token.audit_ids.length, 2)
    })
  )

  it.scoped("caps the life of a token at the end of its application credential", () =>
    Effect.gen(function* () {
      const identity = yield* defaults
      const id = identity.applicationCredentials[0]?.id ?? ""
      const { logIn } = yield* makeCloud(seeded, {
        identity: {
          applicationCredentials: identity.applicationCredentials.map((one) => ({ ...one, expiresAt: 60_000 }))
        }
      })
      const answer = yield* logIn(applicationCredential(id))
      assert.strictEqual(JSON.parse(answer.text).token.expires_at, "1970-01-01T00:01:00.000000Z")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* logIn(applicationCredential(id))).status, 401)
    })
  )

  it.scoped("shows the trustor as the user of a token for a trust", () =>
    Effect.gen(function* () {
      const identity = yield* defaults
      const [trustor] = identity.users
      const [project] = identity.projects
      assert.isDefined(trustor)
      assert.isDefined(project)
      const { logIn } = yield* makeCloud(seeded, {
        identity: {
          users: [...identity.users, { ...trustor, id: "trustee", name: "trustee", roles: {} }],
          trusts: [
            {
              id: "trust",
              trustorUserId: trustor.id,
              trusteeUserId: "trustee",
              projectId: project.id,
              roles: ["member"],
              impersonation: true
            }
          ]
        }
      })
      const asTrustee = { user: { id: "trustee", password: "secret" } }
      const answer = yield* logIn({
        identity: { methods: ["password"], password: asTrustee },
        scope: { "OS-TRUST:trust": { id: "trust" } }
      })
      assert.strictEqual(answer.status, 201)
      const { token } = JSON.parse(answer.text)
      assert.strictEqual(token.user.id, trustor.id)
      assert.strictEqual(token.project.id, project.id)
      assert.strictEqual((yield* logIn(password({ "OS-TRUST:trust": { id: "trust" } }))).status, 403)
    })
  )

  it.scoped("says 404 for an application credential that is gone", () =>
    Effect.gen(function* () {
      const { logIn } = yield* makeCloud()
      const answer = yield* logIn(applicationCredential("gone"))
      assert.deepStrictEqual(json(answer), {
        error: { code: 404, message: "Could not find Application Credential: gone.", title: "Not Found" }
      })
    })
  )
})
