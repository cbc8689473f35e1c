import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { World } from "../../src/adapters/memory/index.ts"
import { WorldFault } from "../../src/adapters/memory/worldErrors.ts"
import { ClaimNotFound, ClaimUnreadable, CloudFailure } from "../../src/domain/errors.ts"
import { VolumeProvisioning } from "../../src/domain/VolumeProvisioning.ts"
import { makeHintsFor } from "../../src/domain/volumeHints.ts"
import { Cinder } from "../../src/ports/Cinder.ts"
import { Claims } from "../../src/ports/Claims.ts"
import { controllerOnWorld, inTime, provisionRequest, requestsOf } from "../support/controllerOnWorld.ts"

const affinity = "cinder.csi.openstack.org/affinity"
const antiAffinity = "cinder.csi.openstack.org/anti-affinity"
const madeEmpty = { "cinder.csi.openstack.org/createdEmpty": "true" }
const claim = { namespace: "shop", name: "data" }
const request = provisionRequest({
  parameters: { "csi.storage.k8s.io/pvc/name": "data", "csi.storage.k8s.io/pvc/namespace": "shop" }
})

type Answer = ReturnType<Claims["Type"]["annotations"]>

/** A controller on a World with the volumes `a`, `b` and two of the name `twins`; `answer` is what claims say, in turn. */
const withClaims = <A, E>(
  answers: ReadonlyArray<Answer>,
  test: (
    ids: { readonly a: string; readonly b: string },
    asked: ReadonlyArray<string>
  ) => Effect.Effect<A, E, VolumeProvisioning | World>
) => {
  const asked: Array<string> = []
  const claims = Layer.succeed(Claims, {
    annotations: ({ namespace, name }) =>
      Effect.suspend(() => {
        asked.push(`${namespace}/${name}`)
        return answers[asked.length - 1] ?? Effect.dieMessage("nobody should ask again")
      })
  })
  return Effect.gen(function* () {
    const { cinder } = yield* World
    const a = yield* cinder.createVolume({ name: "a", sizeGiB: 1 })
    const b = yield* cinder.createVolume({ name: "b", sizeGiB: 1 })
    yield* cinder.createVolume({ name: "twins", sizeGiB: 1 })
    yield* cinder.createVolume({ name: "twins", sizeGiB: 1 })
    return yield* test({ a: a.id, b: b.id }, asked)
  }).pipe(Effect.provide(controllerOnWorld({}, {}, 0, claims)))
}

const provision = Effect.flatMap(VolumeProvisioning, (volumes) => inTime(volumes.provision(request)))
const made = Effect.flatMap(World, ({ cinder }) => cinder.listVolumes({ name: "pvc-1" })).pipe(
  Effect.map(({ rows }) => rows)
)

describe("a volume for a claim with hints", () => {
  it.effect("is made with the ids of the volumes that the claim names, and tells them in its context", () =>
    withClaims([Effect.succeed({ [affinity]: "a", [antiAffinity]: "b" })], ({ a, b }, asked) =>
      Effect.gen(function* () {
        const volume = yield* provision
        assert.deepStrictEqual(volume.context, { ...madeEmpty, affinity: a, "anti-affinity": b })
        assert.deepStrictEqual((yield* made)[0]?.hints, { sameHost: [a], differentHost: [b] })
        assert.deepStrictEqual(asked, ["shop/data"])
      })
    )
  )

  it.effect("is answered again with the same context, although the claim has changed, without asking for it", () =>
    withClaims([Effect.succeed({ [affinity]: "a,b" })], (_, asked) =>
      Effect.gen(function* () {
        const first = yield* provision
        assert.deepStrictEqual(yield* provision, first)
        assert.strictEqual(asked.length, 1)
      })
    )
  )

  it.effect("costs one lookup for each volume that is named, however often", () =>
    withClaims([Effect.succeed({ [affinity]: "a b a", [antiAffinity]: "a" })], () =>
      Effect.gen(function* () {
        const counts = yield* requestsOf(provision)
        assert.deepStrictEqual(counts, { listVolumes: 3, createVolume: 1, showVolume: 1 })
      })
    )
  )

  it.effect("takes a name that looks like an id for a name where no volume has the id", () => {
    const name = "1b4e28ba-2fa1-11ec-8d3d-0242ac130003"
    return withClaims([Effect.succeed({ [affinity]: name })], () =>
      Effect.gen(function* () {
        const { cinder } = yield* World
        const { id } = yield* cinder.createVolume({ name, sizeGiB: 1 })
        assert.deepStrictEqual((yield* provision).context, { ...madeEmpty, affinity: id })
      })
    )
  })

  for (const [what, entry] of [
    ["a volume that is not there", "gone"],
    ["an id that is not there", "1b4e28ba-2fa1-11ec-8d3d-0242ac130003"],
    ["a name that two volumes have", "twins"]
  ] as const) {
    it.effect(`is refused and not made when it names ${what}`, () =>
      withClaims([Effect.succeed({ [affinity]: `a ${entry}` })], () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(provision)
          assert.strictEqual(error._tag, "InvalidInput")
          assert.include(error.message, `annotation ${affinity} of claim shop/data names "${entry}"`)
          assert.deepStrictEqual(yield* made, [])
        })
      )
    )
  }

  it.effect("is not made while Cinder does not say which volumes are meant", () =>
    withClaims([Effect.succeed({ [affinity]: "1b4e28ba-2fa1-11ec-8d3d-0242ac130003" })], () =>
      Effect.gen(function* () {
        const { faults } = yield* World
        const fault = new WorldFault({ status: 503, kind: "serviceUnavailable", message: "no backend" })
        yield* faults.failCall({ call: "showVolume", fault, times: 10 })
        const error = yield* Effect.flip(provision)
        assert.strictEqual(error._tag === "CloudFailure" && error.reason, "unreachable")
        yield* faults.clear
        assert.deepStrictEqual(yield* made, [])
      })
    )
  )
})

describe("hints", () => {
  it.effect("whose lookup fails are refused although Cinder does not answer another", () => {
    const failure = (reason: CloudFailure["reason"]) =>
      new CloudFailure({ service: "Cinder", operation: "list volumes", reason, detail: "", requestId: undefined })
    const lookup = (name: string) =>
      name === "a"
        ? Effect.fail(failure("forbidden"))
        : Effect.timeoutFail(Effect.never, { duration: "1 minute", onTimeout: () => failure("unanswered") })
    const cinder = Layer.mock(Cinder, { findVolumes: lookup })
    const claims = Layer.succeed(Claims, {
      annotations: () => Effect.succeed({ [affinity]: "a", [antiAffinity]: "b" })
    })
    return Effect.gen(function* () {
      const hintsFor = yield* makeHintsFor
      const error = yield* Effect.flip(hintsFor({ claim }))
      assert.strictEqual(error._tag === "CloudFailure" && error.reason, "forbidden")
    }).pipe(Effect.provide(Layer.merge(cinder, claims)))
  })
})

describe("a volume for a claim without hints", () => {
  it.effect("costs nothing of Cinder beyond its making", () =>
    withClaims([Effect.succeed({ "example.com/owner": "me" })], (_, asked) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* requestsOf(provision), { listVolumes: 1, createVolume: 1, showVolume: 1 })
        assert.strictEqual(asked.length, 1)
        assert.deepStrictEqual((yield* made)[0]?.metadata, {
          ...request.parameters,
          "cinder.csi.openstack.org/cluster": "k8s"
        })
      })
    )
  )

  it.effect("is made without asking where the request names no claim", () =>
    withClaims([], (_, asked) =>
      Effect.gen(function* () {
        const volumes = yield* VolumeProvisioning
        yield* inTime(volumes.provision(provisionRequest()))
        assert.deepStrictEqual(asked, [])
      })
    )
  )
})

describe("a claim that cannot be read", () => {
  const unreadable = new ClaimUnreadable({ claim, detail: "no answer", remedy: undefined })

  for (const error of [unreadable, new ClaimNotFound({ claim })]) {
    it.effect(`keeps the volume from being made (${error._tag})`, () =>
      withClaims([error, Effect.succeed({ [affinity]: "a" })], ({ a }) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* Effect.flip(provision)).message, error.message)
          assert.deepStrictEqual(yield* made, [])
          assert.deepStrictEqual((yield* provision).context, { ...madeEmpty, affinity: a })
        })
      )
    )
  }

  it.effect("does not keep a volume from being found that is there", () =>
    withClaims([Effect.succeed({}), unreadable], () =>
      Effect.gen(function* () {
        const first = yield* provision
        assert.deepStrictEqual(yield* provision, first)
      })
    )
  )
})
