import { readFileSync } from "node:fs"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { cloudWithNode } from "../support/cloudWithNode.ts"
import { documentedMetrics, exportedMetrics } from "../support/metricsPage.ts"
import { cloudConf, freePort, live, mountCapability, oneGiB, startWired } from "../support/wiredDriver.ts"

const page = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8")

/** A driver of both halves, with metrics, on a cloud of its own. */
const served = Effect.gen(function* () {
  const { authUrl, nodeId } = yield* cloudWithNode
  const address = `127.0.0.1:${yield* freePort}`
  const { csi } = yield* startWired(`${cloudConf(authUrl)}[BlockStorage]\nnode-volume-attach-limit = 20\n`, [
    `--http-endpoint=${address}`
  ])
  const ask = (method: string, path = "/metrics") =>
    Effect.promise(async () => {
      const answer = await fetch(`http://${address}${path}`, { method })
      return { status: answer.status, text: await answer.text() }
    })
  return { csi, nodeId, ask, scrape: Effect.map(ask("GET"), ({ text }) => text) }
})

describe("metrics of a running driver", () => {
  live(
    "are those of docs/metrics.md: every name, with its type",
    Effect.gen(function* () {
      const { scrape } = yield* served
      const typesOf = (families: ReadonlyArray<{ readonly name: string; readonly type: string }>) =>
        families.map(({ name, type }) => `${name} ${type}`).sort()
      assert.deepStrictEqual(typesOf(exportedMetrics(yield* scrape)), typesOf(documentedMetrics(page)))
    })
  )

  live(
    "tell of a volume's life by call, code, service and status, with the labels that the page names",
    Effect.gen(function* () {
      const { csi, nodeId, scrape } = yield* served
      const { volume } = yield* csi.createVolume({ name: "pvc-1", ...oneGiB })
      const volumeId = volume?.volumeId ?? ""
      yield* csi.controllerPublishVolume({ volumeId, nodeId, volumeCapability: mountCapability() })
      yield* Effect.flip(csi.deleteVolume({ volumeId }))
      yield* csi.listVolumes()
      const text = yield* scrape
      for (const line of [
        'cinder_csi_rpc_duration_seconds_count{method="CreateVolume",code="OK"} 1',
        'cinder_csi_rpc_duration_seconds_count{method="DeleteVolume",code="FAILED_PRECONDITION"} 1',
        'cinder_csi_unfinished_rpcs{method="DeleteVolume"} 1',
        'cinder_csi_tokens_total{cloud="",result="granted"} 1',
        'cinder_csi_volumes{cloud="",status="in-use"} 1',
        'cinder_csi_full_servers{cloud=""} 0',
        'cinder_csi_rpcs{method="CreateVolume"} 0',
        "cinder_csi_operation_locks 0",
        "cinder_csi_node_attach_limit 20",
        "cinder_csi_abandoned_commands 0"
      ]) {
        assert.include(text.split("\n"), line)
      }
      assert.match(
        text,
        /^cinder_csi_api_request_duration_seconds_count\{cloud="",service="nova",method="POST",status="2xx"\} 1$/m
      )
      const documented = new Map(documentedMetrics(page).map(({ labels, name }) => [name, labels]))
      for (const { labels, name } of exportedMetrics(text)) {
        if (labels !== undefined) assert.deepStrictEqual(labels, documented.get(name), name)
      }
    })
  )

  live(
    "can be read and nothing else",
    Effect.gen(function* () {
      const { ask, csi } = yield* served
      yield* csi.probe()
      for (const method of ["DELETE", "POST", "PUT"]) assert.strictEqual((yield* ask(method)).status, 404)
      assert.strictEqual((yield* ask("GET", "/healthz")).status, 404)
      assert.include((yield* ask("GET")).text, 'cinder_csi_rpc_duration_seconds_count{method="Probe",code="OK"} 1')
    })
  )

  live(
    "show the calls that are worked on while they are",
    Effect.gen(function* () {
      const { csi, scrape } = yield* served
      yield* Effect.fork(csi.createVolume({ name: "slow", ...oneGiB }))
      const shown = (text: string) => /^cinder_csi_rpcs\{method="CreateVolume"\} 1$/m.test(text)
      const text = yield* Effect.repeat(scrape, { until: shown })
      assert.include(text, 'cinder_csi_rpcs_oldest_seconds{method="CreateVolume"}')
    }).pipe(Effect.timeout("15 seconds"))
  )
})
