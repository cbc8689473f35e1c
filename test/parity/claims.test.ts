import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { ca } from "../support/certificates.ts"
import { filesIn, kubeconfigText } from "../support/kubernetes/access.ts"
import { kubernetesApi } from "../support/kubernetes/kubernetesApi.ts"
import { live, oneGiB, temporaryFolder } from "../support/wiredDriver.ts"
import { onCloud } from "./support/onCloud.ts"

const claim = { namespace: "shop", name: "data" }
const affinity = "cinder.csi.openstack.org/affinity"
const antiAffinity = "cinder.csi.openstack.org/anti-affinity"

/** The one key that ours adds. */
const madeEmpty = [["cinder.csi.openstack.org/createdEmpty", "true"]] as const

/** As csi-provisioner asks with `--extra-create-metadata`. */
const request = {
  name: "pvc-1",
  ...oneGiB,
  parameters: new Map([
    ["csi.storage.k8s.io/pvc/name", "data"],
    ["csi.storage.k8s.io/pvc/namespace", "shop"],
    ["csi.storage.k8s.io/pv/name", "pvc-1"]
  ])
}

/** A cloud with the volumes `a`, `b` and two of the name `twins`, a cluster, and a controller between the two. */
const betweenBoth = (flags: ReadonlyArray<string> = ["--pvc-annotations"]) =>
  Effect.gen(function* () {
    const kubernetes = yield* kubernetesApi()
    kubernetes.tokens.add("t")
    const config = kubeconfigText(kubernetes.url, { token: "t" })
    const files = yield* filesIn(yield* temporaryFolder, { config, "ca.pem": ca })
    const cloud = yield* onCloud({ flags: [`--kubeconfig=${join(files, "config")}`, ...flags] })
    const ids: Array<string> = []
    for (const name of ["a", "b", "twins", "twins"]) {
      ids.push((yield* cloud.world.cinder.createVolume({ name, sizeGiB: 1 })).id)
    }
    const [a = "", b = ""] = ids
    const made = Effect.map(cloud.world.cinder.listVolumes({ name: "pvc-1" }), ({ rows }) => rows)
    return { kubernetes, a, b, made, ...cloud }
  })

describe("hints of a claim", () => {
  live(
    "P-20 names and ids in annotations of a claim become scheduler hints and keys of the volume context",
    Effect.gen(function* () {
      const { kubernetes, csi, made, a, b } = yield* betweenBoth()
      kubernetes.putClaim(claim, { [affinity]: `a, ${b.toUpperCase()}`, [antiAffinity]: "b" })
      const { volume } = yield* csi.createVolume(request)
      assert.deepStrictEqual(
        volume?.volumeContext,
        new Map([["affinity", `${a},${b}`], ["anti-affinity", b], ...madeEmpty])
      )
      assert.deepStrictEqual(
        (yield* made).map(({ hints }) => hints),
        [{ sameHost: [a, b], differentHost: [b] }]
      )
    })
  )

  for (const text of ["a,b", "a b", " a ,\n b,"]) {
    live(
      `P-20 ${JSON.stringify(text)} names two volumes`,
      Effect.gen(function* () {
        const { kubernetes, csi, made, a, b } = yield* betweenBoth()
        kubernetes.putClaim(claim, { [antiAffinity]: text })
        yield* csi.createVolume(request)
        assert.deepStrictEqual((yield* made)[0]?.hints, { sameHost: [], differentHost: [a, b] })
      })
    )
  }

  live(
    "P-20 without --pvc-annotations they are ignored and Kubernetes is not asked",
    Effect.gen(function* () {
      const { kubernetes, csi, made } = yield* betweenBoth([])
      kubernetes.putClaim(claim, { [affinity]: "gone" })
      const { volume } = yield* csi.createVolume(request)
      assert.deepStrictEqual(volume?.volumeContext, new Map(madeEmpty))
      assert.deepStrictEqual(
        (yield* made).map(({ hints }) => hints),
        [undefined]
      )
      assert.deepStrictEqual(kubernetes.seen, [])
    })
  )

  live(
    "P-20 they count at the creation alone",
    Effect.gen(function* () {
      const { kubernetes, csi, made } = yield* betweenBoth()
      kubernetes.putClaim(claim, { [affinity]: "a" })
      const first = yield* csi.createVolume(request)
      kubernetes.putClaim(claim, { [affinity]: "gone" })
      assert.deepStrictEqual(yield* csi.createVolume(request), first)
      assert.strictEqual((yield* made).length, 1)
    })
  )

  for (const [what, entry] of [
    ["an unknown name", "gone"],
    ["an unknown id", "1b4e28ba-2fa1-11ec-8d3d-0242ac130003"],
    ["a name of two volumes", "twins"]
  ]) {
    live(
      `P-20 ${what} is INVALID_ARGUMENT`,
      Effect.gen(function* () {
        const { kubernetes, csi, made } = yield* betweenBoth()
        kubernetes.putClaim(claim, { [affinity]: `a,${entry}` })
        const error = yield* Effect.flip(csi.createVolume(request))
        assert.strictEqual(error.code, 3)
        assert.include(error.details, `annotation ${affinity} of claim shop/data names "${entry}"`)
        assert.deepStrictEqual(yield* made, [])
      })
    )
  }

  live(
    "P-20 no volume is made while the claim cannot be read (the Go driver would make one without hints)",
    Effect.gen(function* () {
      const { kubernetes, csi, made } = yield* betweenBoth()
      kubernetes.putClaim(claim, { [affinity]: "a" })
      kubernetes.rights.claims = false
      const error = yield* Effect.flip(csi.createVolume(request))
      assert.strictEqual(error.code, 14)
      assert.include(error.details, "let the controller's service account get persistentvolumeclaims")
      const gone = new Map([...request.parameters, ["csi.storage.k8s.io/pvc/name", "gone"] as const])
      kubernetes.rights.claims = true
      assert.strictEqual((yield* Effect.flip(csi.createVolume({ ...request, parameters: gone }))).code, 9)
      assert.deepStrictEqual(yield* made, [])
      yield* csi.createVolume(request)
    })
  )
})
