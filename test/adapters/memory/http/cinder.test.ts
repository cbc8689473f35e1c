import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Answer, type Cloud, makeCloud, newVolume } from "./client.ts"

const body = (answer: Answer) => JSON.parse(answer.text)

const create = ({ volume }: Cloud, fields: Readonly<Record<string, unknown>> = {}) =>
  Effect.map(volume("/volumes", newVolume(fields)), (answer): string => body(answer).volume.id)

const idsOf = (answer: Answer): ReadonlyArray<string> =>
  body(answer).volumes.map(({ id }: { readonly id: string }) => id)

describe("microversions of Cinder", () => {
  it.scoped("are found in a header that names several services", () =>
    Effect.gen(function* () {
      const { volume } = yield* makeCloud()
      const answer = yield* volume("/volumes", {
        headers: { "OpenStack-API-Version": "compute 2.1, volume 3.44" }
      })
      assert.strictEqual(answer.headers["openstack-api-version"], "volume 3.44")
    })
  )

  it.scoped("hide methods that came later behind a generic 404", () =>
    Effect.gen(function* () {
      const { volume } = yield* makeCloud()
      const answer = yield* volume("/attachments", {}, "3.26")
      assert.strictEqual(answer.status, 404)
      assert.deepStrictEqual(body(answer), {
        itemNotFound: { code: 404, message: "The resource could not be found." }
      })
    })
  )

  it.scoped("refuse unknown fields from 3.53 on", () =>
    Effect.gen(function* () {
      const { volume } = yield* makeCloud()
      const asked = newVolume({ colour: "red" })
      assert.strictEqual((yield* volume("/volumes", asked, "3.52")).status, 202)
      const refused = yield* volume("/volumes", asked, "3.53")
      assert.strictEqual(refused.status, 400)
      assert.include(refused.text, "Additional properties are not allowed ('colour' was unexpected)")
    })
  )

  it.scoped("end where the cloud's release ends", () =>
    Effect.gen(function* () {
      const { volume } = yield* makeCloud({}, { microversions: { volume: "3.59" } })
      const answer = yield* volume("/volumes", {}, "3.60")
      assert.strictEqual(answer.status, 406)
      assert.strictEqual(
        body(answer).computeFault.message,
        "Version 3.60 is not supported by the API. Minimum is 3.0 and maximum is 3.59."
      )
    })
  )
})

describe("listings of Cinder", () => {
  it.scoped("take a list literal of statuses as any of them", () =>
    Effect.gen(function* () {
      const cloud = yield* makeCloud()
      const free = yield* create(cloud)
      const broken = yield* create(cloud)
      yield* cloud.world.control.resetVolumeStatus(broken, "error")
      const listed = (status: string) =>
        Effect.map(cloud.volume(`/volumes?status=${encodeURIComponent(status)}&sort=created_at:asc`), idsOf)
      assert.deepStrictEqual(yield* listed("['available','error']"), [free, broken])
      assert.deepStrictEqual(yield* listed("['error','creating']"), [broken])
      assert.deepStrictEqual(yield* listed("available,error"), [])
    })
  )

  it.scoped("link to the next page when the cap of the service is below the limit asked for", () =>
    Effect.gen(function* () {
      const cloud = yield* makeCloud({}, { pageCap: 2 })
      const ids = [yield* create(cloud), yield* create(cloud), yield* create(cloud)]
      const first = yield* cloud.volume("/volumes?limit=1000&sort=created_at:asc")
      assert.deepStrictEqual(idsOf(first), ids.slice(0, 2))
      const next = new URL(body(first).volumes_links[0].href)
      assert.strictEqual(next.searchParams.get("marker"), ids[1])
      const second = yield* cloud.volume(`/volumes${next.search}`)
      assert.deepStrictEqual(idsOf(second), ids.slice(2))
      assert.isUndefined(body(second).volumes_links)
    })
  )

  it.scoped("count all rows and link on from every page with a row", () =>
    Effect.gen(function* () {
      const cloud = yield* makeCloud()
      yield* create(cloud)
      const answer = yield* cloud.volume("/volumes?limit=5&with_count=true")
      assert.strictEqual(body(answer).count, 1)
      assert.isDefined(body(answer).volumes_links)
    })
  )

  it.scoped("follow the filters that the operator allows", () =>
    Effect.gen(function* () {
      const { volume } = yield* makeCloud({}, { resourceFilters: { volume: ["name"] } })
      const refused = yield* volume("/volumes?status=available")
      assert.strictEqual(refused.status, 400)
      assert.include(refused.text, "Invalid filters status are found in query options.")
      const told = yield* volume("/resource_filters?resource=volume")
      assert.deepStrictEqual(body(told).resource_filters, [{ resource: "volume", filters: ["name"] }])
    })
  )

  it.scoped("refuse a marker that is gone with the words of an object that is gone", () =>
    Effect.gen(function* () {
      const { volume } = yield* makeCloud()
      const answer = yield* volume("/volumes?marker=11111111-2222-4333-8444-555555555555")
      assert.strictEqual(answer.status, 404)
      assert.include(answer.text, "Volume 11111111-2222-4333-8444-555555555555 could not be found.")
    })
  )
})

describe("metadata by key", () => {
  it.scoped("is written where body and URL name the same key", () =>
    Effect.gen(function* () {
      const cloud = yield* makeCloud()
      const id = yield* create(cloud, { metadata: { a: "1" } })
      const put = (meta: Readonly<Record<string, string>>) =>
        cloud.volume(`/volumes/${id}/metadata/b`, { method: "PUT", body: { meta } })
      assert.strictEqual((yield* put({ c: "2" })).status, 400)
      assert.strictEqual((yield* put({ b: "2" })).status, 200)
      const read = yield* cloud.volume(`/volumes/${id}/metadata`)
      assert.deepStrictEqual(body(read), { metadata: { a: "1", b: "2" } })
    })
  )
})
