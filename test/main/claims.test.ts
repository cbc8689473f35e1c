import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { openStackServer } from "../../src/adapters/memory/http/server.ts"
import { layerNoDisks } from "../../src/adapters/memory/index.ts"
import { podAt } from "../support/kubernetes/access.ts"
import { kubernetesApi } from "../support/kubernetes/kubernetesApi.ts"
import { cloudConf, live, oneGiB, startWired, temporaryFolder } from "../support/wiredDriver.ts"

const flags = ["--provide-node-service=false", "--pvc-annotations"]

describe("a controller with --pvc-annotations", () => {
  live(
    "reads claims with what its pod has",
    Effect.gen(function* () {
      const kubernetes = yield* kubernetesApi()
      kubernetes.tokens.add("t")
      kubernetes.putClaim({ namespace: "shop", name: "data" }, { "cinder.csi.openstack.org/affinity": "first" })
      const pod = yield* podAt(yield* temporaryFolder, kubernetes.port, "t")
      const cloud = yield* Effect.provide(openStackServer(), layerNoDisks)
      const { csi } = yield* startWired(cloudConf(cloud.authUrl), flags, { pod })
      const first = yield* csi.createVolume({ name: "first", ...oneGiB })
      const { volume } = yield* csi.createVolume({
        name: "second",
        ...oneGiB,
        parameters: new Map([
          ["csi.storage.k8s.io/pvc/name", "data"],
          ["csi.storage.k8s.io/pvc/namespace", "shop"]
        ])
      })
      assert.deepStrictEqual(
        volume?.volumeContext,
        new Map([
          ["cinder.csi.openstack.org/createdEmpty", "true"],
          ["affinity", first.volume?.volumeId ?? ""]
        ])
      )
      assert.strictEqual(kubernetes.seen.length, 1)
    })
  )

  live(
    "does not start where it cannot know how to ask Kubernetes",
    Effect.gen(function* () {
      const error = yield* Effect.flip(startWired(cloudConf("http://127.0.0.1:9"), flags))
      assert.include(error.message, "--pvc-annotations needs the Kubernetes API: this is no pod")
    })
  )
})
