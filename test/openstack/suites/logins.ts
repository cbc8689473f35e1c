import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { assert, describe } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import { labAccount, makeApplicationCredential, passwordOf, trustOther } from "../support/labCloud.ts"
import { labFile } from "../support/labFiles.ts"
import { createVolume, deleteVolume, mounted, use } from "../support/Pod.ts"

const passwordConf = () => readFileSync(labFile("cloud.conf"), "utf8")

const section = (title: string, keys: Readonly<Record<string, string>>) =>
  [title, ...Object.entries(keys).map(([key, value]) => `${key} = "${value}"`)].join("\n")

/** The ways to log in that a real Keystone has to confirm; each makes a whole `cloud.conf`. */
const ways: Readonly<Record<string, () => string>> = {
  "an application credential by its id": () => {
    const { auth_url, application_credential_id, application_credential_secret } = labAccount()
    return section("[Global]", {
      "auth-url": auth_url,
      "application-credential-id": application_credential_id,
      "application-credential-secret": application_credential_secret
    })
  },
  "an application credential by its name and the user's id": () => {
    const { auth_url, application_credential_secret, user_id } = labAccount()
    return section("[Global]", {
      "auth-url": auth_url,
      "user-id": user_id,
      "application-credential-name": "csi",
      "application-credential-secret": application_credential_secret
    })
  },
  "an application credential by its name and the user's name": () => {
    const { auth_url, application_credential_secret } = labAccount()
    return section("[Global]", {
      "auth-url": auth_url,
      username: "csi",
      "user-domain-name": "lab",
      "application-credential-name": "csi",
      "application-credential-secret": application_credential_secret
    })
  },
  "a password with the ids of user and project, at a URL without version": () => {
    const { auth_url, project_id, user_id } = labAccount()
    return section("[Global]", {
      "auth-url": auth_url.replace(/\/v3\/?$/, ""),
      "user-id": user_id,
      password: passwordOf("csi"),
      "tenant-id": project_id,
      region: "RegionOne"
    })
  },
  "a password with names, at a URL with version and slash": () =>
    section("[Global]", {
      "auth-url": `${labAccount().auth_url.replace(/\/$/, "")}/`,
      username: "csi",
      "user-domain-name": "lab",
      password: passwordOf("csi"),
      "tenant-name": "csi",
      "tenant-domain-id": labAccount().domain_id,
      "os-endpoint-type": "internal"
    }),
  "clouds.yaml with a password": () =>
    section("[Global]", { "use-clouds": "true", "clouds-file": labFile("clouds.yaml"), cloud: "lab" }),
  "clouds.yaml with an application credential": () =>
    section("[Global]", { "use-clouds": "true", "clouds-file": labFile("clouds.yaml"), cloud: "lab-appcred" })
}

/** Every way to log in that an operator may have configured. */
export const logins = (it: LabTests) => {
  describe("the driver logs in with", () => {
    for (const [way, conf] of Object.entries(ways)) {
      it.effect(
        way,
        () =>
          Effect.scoped(
            Effect.gen(function* () {
              const { startController, node1 } = yield* Lab
              const { csi } = yield* startController(conf())
              const volume = yield* createVolume(csi, `login ${way}`, mounted("ext4"))
              yield* csi.controllerPublishVolume({
                volumeId: volume.id,
                nodeId: node1.serverId,
                volumeCapability: volume.capability
              })
              yield* csi.controllerUnpublishVolume({ volumeId: volume.id, nodeId: node1.serverId })
              yield* deleteVolume(csi, volume)
            })
          ),
        minutes(1)
      )
    }

    it.effect(
      "a trust, as its trustee",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const { startController } = yield* Lab
            const { id, trustee } = yield* trustOther
            const conf = section("[Global]", {
              "auth-url": labAccount().auth_url,
              "trust-id": id,
              "trustee-id": trustee,
              "trustee-password": passwordOf("other")
            })
            const { csi } = yield* startController(conf)
            const volume = yield* createVolume(csi, "login by trust", mounted("ext4"))
            yield* deleteVolume(csi, volume)
          })
        ),
      minutes(1)
    )

    it.effect(
      "two clouds at once, each with its own project",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const { startController } = yield* Lab
            const yaml = { "use-clouds": "true", "clouds-file": labFile("clouds.yaml") }
            const conf = [
              section('[Global "ours"]', { ...yaml, cloud: "lab" }),
              section('[Global "strangers"]', { ...yaml, cloud: "lab-other" })
            ].join("\n")
            const { csi } = yield* startController(conf, "--cloud-name=ours,strangers")
            const ours = yield* createVolume(csi, "two clouds", mounted("ext4"), { cloud: "ours" })
            const theirs = yield* createVolume(csi, "two clouds", mounted("ext4"), { cloud: "strangers" })
            assert.notStrictEqual(theirs.id, ours.id)
            const listed = new Set((yield* csi.listVolumes()).entries.map(({ volume }) => volume?.volumeId))
            assert.isTrue(listed.has(ours.id) && listed.has(theirs.id))
            for (const { id } of [ours, theirs]) {
              assert.strictEqual((yield* csi.controllerGetVolume({ volumeId: id })).volume?.volumeId, id)
            }
            const nameless = yield* Effect.flip(createVolume(csi, "nowhere", mounted("ext4")))
            assert.strictEqual(nameless.code, 3)
            yield* deleteVolume(csi, ours, "ours")
            yield* deleteVolume(csi, theirs, "strangers")
          })
        ),
      minutes(2)
    )
  })

  describe("credentials", () => {
    it.effect(
      "outlive tokens of 60 seconds without a failed call",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const { startController, ctl, node1 } = yield* Lab
            yield* ctl("token-seconds", "60")
            const { csi } = yield* startController(passwordConf())
            const began = Date.now()
            for (let round = 0; Date.now() - began < 75_000; round++) {
              const volume = yield* createVolume(csi, `token-${round}`, mounted("ext4"))
              const place = yield* use(csi, node1, volume)
              yield* place.unmount
              yield* place.detach
              yield* deleteVolume(csi, volume)
            }
            yield* ctl("token-seconds", "3600")
          })
        ),
      minutes(4)
    )

    it.effect(
      "may be exchanged while the driver serves, the old ones gone at once",
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const { startController } = yield* Lab
            const confOf = (id: string, secret: string) =>
              section("[Global]", {
                "auth-url": labAccount().auth_url,
                "application-credential-id": id,
                "application-credential-secret": secret
              })
            const old = yield* makeApplicationCredential("old")
            const { csi, config, log } = yield* startController(confOf(old.id, old.secret))
            const volume = yield* createVolume(csi, "exchanged", mounted("ext4"))
            const { application_credential_id, application_credential_secret } = labAccount()
            const renewed = confOf(application_credential_id, application_credential_secret)
            yield* Effect.tryPromise(() => writeFile(config, renewed))
            yield* old.remove
            yield* csi.controllerGetVolume({ volumeId: volume.id }).pipe(
              Effect.repeat({
                until: () => log().includes("new credentials are in force"),
                schedule: Schedule.intersect(Schedule.spaced("500 millis"), Schedule.recurs(60))
              })
            )
            yield* deleteVolume(csi, volume)
            assert.include(log(), "new credentials are in force")
            for (const secret of [old.secret, application_credential_secret]) assert.notInclude(log(), secret)
          })
        ),
      minutes(2)
    )

    it.effect(
      "appear in no log line",
      () =>
        Effect.gen(function* () {
          const { controller } = yield* Lab
          const password = passwordOf("csi")
          assert.isAbove(password.length, 8)
          assert.notInclude(controller.log(), password)
        }),
      minutes(1)
    )
  })
}
