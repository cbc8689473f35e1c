import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Answer, makeCloud, newVolume } from "./client.ts"

const body = (answer: Answer) => JSON.parse(answer.text)

const withServer = { servers: [{ name: "node-1", id: "94d9406d-5937-4da3-8ab0-a4746bcfd092" }] }
const attachments = "/servers/94d9406d-5937-4da3-8ab0-a4746bcfd092/os-volume_attachments"

describe("attaching over HTTP", () => {
  it.scoped("is answered without a body from 2.101 on", () =>
    Effect.gen(function* () {
      const { volume, compute } = yield* makeCloud(withServer, { microversions: { compute: "2.101" } })
      const { id } = body(yield* volume("/volumes", newVolume())).volume
      const answer = yield* compute(
        attachments,
        { method: "POST", body: { volumeAttachment: { volumeId: id } } },
        "2.101"
      )
      assert.strictEqual(answer.status, 202)
      assert.strictEqual(answer.text, "")
      assert.strictEqual(body(yield* volume(`/volumes/${id}`)).volume.status, "in-use")
    })
  )

  it.scoped("is found among the server's actions by the id of the answer", () =>
    Effect.gen(function* () {
      const { volume, compute } = yield* makeCloud(withServer)
      const { id } = body(yield* volume("/volumes", newVolume())).volume
      const answer = yield* compute(attachments, { method: "POST", body: { volumeAttachment: { volumeId: id } } })
      const requestId = `${answer.headers["x-openstack-request-id"]}`
      const action = yield* compute(`/servers/94d9406d-5937-4da3-8ab0-a4746bcfd092/os-instance-actions/${requestId}`)
      assert.deepInclude(body(action).instanceAction, { action: "attach_volume", message: null })
    })
  )
})

describe("listing servers", () => {
  it.scoped("refuses unknown parameters from 2.75 on", () =>
    Effect.gen(function* () {
      const { compute } = yield* makeCloud(withServer)
      assert.strictEqual((yield* compute("/servers?colour=red", {}, "2.74")).status, 200)
      assert.strictEqual((yield* compute("/servers?colour=red", {}, "2.75")).status, 400)
    })
  )

  it.scoped("refuses an unknown marker, other than Cinder, as a bad request", () =>
    Effect.gen(function* () {
      const { compute } = yield* makeCloud(withServer)
      assert.strictEqual((yield* compute("/servers?marker=gone")).status, 400)
    })
  )
})
