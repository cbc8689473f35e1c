import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { driverName } from "../../../src/adapters/csi/identity.ts"
import { ca } from "../../support/certificates.ts"
import { filesIn, kubeconfigText } from "../../support/kubernetes/access.ts"
import { kubernetesApi } from "../../support/kubernetes/kubernetesApi.ts"
import { publish, unpublish } from "../support/attaching.ts"
import { Lab, type LabTests, minutes } from "../support/Lab.ts"
import { runningServer } from "../support/LabServer.ts"
import { fieldOf, passwordOf } from "../support/labCloud.ts"
import { createVolume, deleteVolume, raw } from "../support/Pod.ts"
import { type Told, tool } from "../support/tool.ts"
import { newVolume } from "../support/worker.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.tryPromise(() => mkdtemp(join(tmpdir(), "cinder-csi-operator-"))),
  (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
)

/** A Kubernetes with one node, the server, and the way there. */
const clusterWith = (serverId: string) =>
  Effect.gen(function* () {
    const api = yield* kubernetesApi()
    const token = "of-the-operator"
    api.tokens.add(token)
    api.cluster.register("worker", driverName, serverId)
    const folder = yield* temporaryFolder
    yield* filesIn(folder, { "ca.pem": ca, kubeconfig: kubeconfigText(api.url, { token }) })
    const know = (name: string, volumeHandle: string) =>
      api.storage.put("PersistentVolume", name, {
        spec: { csi: { driver: driverName, volumeHandle }, capacity: { storage: "1Gi" } },
        status: { phase: "Bound" }
      })
    const wish = (name: string, persistentVolumeName: string) =>
      void api.cluster.attachments.set(name, {
        kind: "VolumeAttachment",
        apiVersion: "storage.k8s.io/v1",
        metadata: { name },
        spec: { attacher: driverName, nodeName: "worker", source: { persistentVolumeName } },
        status: { attached: true }
      })
    return { know, wish, flag: `--kubeconfig=${join(folder, "kubeconfig")}` }
  })

const assertNoSecret = ({ out, errors }: Told) => {
  assert.notInclude(out, passwordOf("csi"))
  assert.notInclude(errors, passwordOf("csi"))
}

/** What an operator runs beside the driver. */
export const operator = (it: LabTests) => {
  describe("an operator", () => {
    it.effect(
      "is told by the doctor that everything is there",
      () =>
        Effect.gen(function* () {
          const { controller } = yield* Lab
          const told = yield* tool("doctor", `--cloud-config=${controller.config}`)
          assert.strictEqual(told.code, 0, told.out + told.errors)
          for (const line of [
            "ok        Keystone lets the driver in",
            "it speaks 3.0 to 3.70",
            "ok        Cinder filters volumes by name",
            "zones of Cinder: nova, nova2; zones of Nova: nova, nova2",
            ", 0 failed,"
          ]) {
            assert.include(told.out, line)
          }
          assertNoSecret(told)
        }),
      minutes(1)
    )

    it.effect(
      "is told by the doctor what keeps a volume on its server, and who has to end it",
      () =>
        Effect.gen(function* () {
          const { controller } = yield* Lab
          const server = yield* runningServer("examined")
          const volume = yield* newVolume("examined")
          yield* publish(controller.csi, volume, server.id)
          const ask = tool("doctor", "volume", volume.id, `--cloud-config=${controller.config}`)
          const healthy = yield* ask
          assert.include(healthy.out, `server ${server.id}`)
          assert.notInclude(healthy.out, "FAILED")
          yield* server.act("lock")
          const told = yield* ask
          assert.match(told.out, /is locked/)
          assert.include(told.out, "unlock it")
          assertNoSecret(told)
          yield* server.act("unlock")
          yield* unpublish(controller.csi, volume, server.id)
          yield* deleteVolume(controller.csi, volume)
        }).pipe(Effect.scoped),
      minutes(2)
    )

    it.effect(
      "is told by the audit which volumes are nobody's, and by nobody's wish on a server",
      () =>
        Effect.gen(function* () {
          const { controller } = yield* Lab
          const server = yield* runningServer("audited")
          const [orphan, used] = yield* Effect.forEach(["orphan", "used"], (name) =>
            createVolume(controller.csi, name, raw)
          )
          if (orphan === undefined || used === undefined) return assert.fail("no volumes")
          yield* publish(controller.csi, used, server.id)
          const cluster = yield* clusterWith(server.id)
          cluster.know("pv-used", used.id)
          const audit = Effect.map(
            tool(
              "audit",
              `--cloud-config=${controller.config}`,
              "--cluster=openstack-suite",
              "--grace=0s",
              "--json",
              cluster.flag
            ),
            (told) => {
              assertNoSecret(told)
              const report: unknown = JSON.parse(told.out)
              const findings = fieldOf(report, "findings")
              return {
                code: told.code,
                kinds: (Array.isArray(findings) ? findings : []).map((finding) => String(fieldOf(finding, "kind")))
              }
            }
          )
          assert.deepStrictEqual(yield* audit, { code: 1, kinds: ["orphan-volume", "unasked-attachment"] })
          cluster.wish("va", "pv-used")
          yield* deleteVolume(controller.csi, orphan)
          assert.deepStrictEqual(yield* audit, { code: 0, kinds: [] })
          yield* unpublish(controller.csi, used, server.id)
          yield* deleteVolume(controller.csi, used)
        }).pipe(Effect.scoped),
      minutes(2)
    )
  })
}
