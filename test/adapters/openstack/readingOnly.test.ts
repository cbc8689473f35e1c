import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { layerCinderHttp } from "../../../src/adapters/openstack/CinderHttp.ts"
import { layerReadingOnly } from "../../../src/adapters/openstack/readingOnly.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { Cinder } from "../../../src/ports/Cinder.ts"
import { CinderReading, NovaReading } from "../../../src/ports/CloudReading.ts"
import { HostReading } from "../../../src/ports/HostReading.ts"
import { fakeCloud, keystoneOn, wireVolume } from "../../support/fakeCloud.ts"

describe("a client that only reads", () => {
  it.live("sends logins and GET alone, whoever asks it", () =>
    Effect.gen(function* () {
      const cloud = yield* fakeCloud(() => ({ status: 200, body: { volume: wireVolume("v1") } }))
      const client = layerReadingOnly.pipe(Layer.provideMerge(keystoneOn(cloud.url)))
      const cinder = Layer.provide(layerCinderHttp({ choice: { region: undefined, interface: "public" } }), client)
      yield* Effect.gen(function* () {
        const { deleteVolume, getVolume } = yield* Cinder
        assert.strictEqual((yield* getVolume(VolumeId("v1"))).id, VolumeId("v1"))
        assert.isTrue(Exit.isFailure(yield* Effect.exit(deleteVolume(VolumeId("v1")))))
      }).pipe(Effect.provide(cinder))
      yield* Effect.gen(function* () {
        const plain = yield* HttpClient.HttpClient
        for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
          const exit = yield* Effect.exit(plain.execute(HttpClientRequest.make(method)(`${cloud.url}/auth/tokens/x`)))
          assert.isTrue(Exit.isFailure(exit))
        }
      }).pipe(Effect.provide(client))
      assert.deepStrictEqual(
        cloud.seen.map(({ method }) => method),
        ["POST", "GET"]
      )
    }).pipe(Effect.scoped)
  )
})

describe("the reading halves of the ports", () => {
  it("have nothing that changes anything", () => {
    // Each line stands for a call that must not compile.
    const written = Effect.gen(function* () {
      const cinder = yield* CinderReading
      const nova = yield* NovaReading
      const host = yield* HostReading
      return [
        // @ts-expect-error a volume cannot be made
        cinder.createVolume,
        // @ts-expect-error a volume cannot be deleted
        cinder.deleteVolume,
        // @ts-expect-error a volume cannot be extended
        cinder.extendVolume,
        // @ts-expect-error an attachment cannot be removed
        cinder.removeAttachment,
        // @ts-expect-error a volume cannot be attached
        nova.attach,
        // @ts-expect-error a volume cannot be detached
        nova.detach,
        // @ts-expect-error a disk cannot be formatted
        host.format,
        // @ts-expect-error nothing can be mounted
        host.mount,
        // @ts-expect-error nothing can be unmounted
        host.unmount
      ]
    })
    assert.isDefined(written)
  })
})
