import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import type { CsiClient } from "../../src/adapters/csi/client.ts"
import { freePort, live, mountCapability, oneGiB } from "../support/wiredDriver.ts"
import { noGoDriver } from "./support/goDriver.ts"
import { liveUnless } from "./support/needs.ts"
import { onCloud } from "./support/onCloud.ts"
import { goOnCloud, type Side } from "./support/sides.ts"

const families = [
  ["openstack_api_request_duration_seconds", "histogram"],
  ["openstack_api_request_errors_total", "counter"],
  ["openstack_api_requests_total", "counter"]
] as const

const scrape = (port: number) =>
  Effect.promise(() => fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text()))

/** The values of the label that the Go driver may give. */
const upstreamRequests = [
  ...["create", "list", "delete", "get"].flatMap((what) => [`volume_${what}`, `snapshot_${what}`, `backup_${what}`]),
  ...["volume_attach", "volume_detach", "volume_expand", "server_get"]
]

const twoGiB = { requiredBytes: 2n ** 31n, limitBytes: 0n }

const madeFrom = (snapshotId: string) =>
  ({
    ...oneGiB,
    capacityRange: twoGiB,
    volumeContentSource: { type: { $case: "snapshot", value: { snapshotId } } }
  }) as const

const absent = "00000000-0000-4000-8000-000000000000"

/** Every kind of request that the Go driver counts; what is absent is missed as a snapshot and as a backup. */
const work = ({ csi, nodeIds }: { readonly csi: CsiClient; readonly nodeIds: ReadonlyArray<string> }) =>
  Effect.gen(function* () {
    const { volume } = yield* csi.createVolume({ name: "pvc-1", ...oneGiB })
    const volumeId = volume?.volumeId ?? ""
    const nodeId = nodeIds[0] ?? ""
    yield* csi.controllerPublishVolume({ volumeId, nodeId, volumeCapability: mountCapability() })
    yield* csi.controllerUnpublishVolume({ volumeId, nodeId })
    yield* csi.controllerExpandVolume({ volumeId, capacityRange: twoGiB })
    const { snapshot } = yield* csi.createSnapshot({ name: "snapshot-1", sourceVolumeId: volumeId })
    yield* csi.listSnapshots()
    yield* csi.deleteSnapshot({ snapshotId: snapshot?.snapshotId ?? "" })
    const parameters = new Map([["type", "backup"]])
    const { snapshot: backup } = yield* csi.createSnapshot({ name: "backup-1", sourceVolumeId: volumeId, parameters })
    const backupId = backup?.snapshotId ?? ""
    yield* csi.createVolume({ name: "pvc-2", ...madeFrom(backupId) })
    yield* Effect.flip(csi.createVolume({ name: "pvc-3", ...madeFrom(absent) }))
    yield* csi.deleteSnapshot({ snapshotId: backupId })
    yield* csi.deleteVolume({ volumeId })
    yield* Effect.flip(csi.controllerGetVolume({ volumeId }))
  })

/** `family{label="…"}` of every series, labels in order of their names, without the bounds of buckets. */
const seriesIn = (text: string): ReadonlyArray<string> => [
  ...new Set(
    text.split("\n").flatMap((line) => {
      const [, name, labels] = /^(openstack_api_\w+)\{([^}]*)\}/.exec(line) ?? []
      return name === undefined || labels === undefined ? [] : [`${name}{${labels.split(",").sort().join(",")}}`]
    })
  )
]

const requestsIn = (text: string) =>
  [...text.matchAll(/^openstack_api_requests_total\{request="(\w+)"\}/gm)].map(([, request]) => request)

const typesIn = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("# TYPE openstack_api_"))
    .sort()

const helpIn = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("# HELP openstack_api_"))
    .map((line) => line.replace("[ALPHA] ", ""))
    .sort()

describe("metrics", () => {
  live(
    "P-7 has the three families with their types, requests and buckets",
    Effect.gen(function* () {
      const port = yield* freePort
      yield* work(yield* onCloud({ flags: [`--http-endpoint=127.0.0.1:${port}`] }))
      const text = yield* scrape(port)
      assert.deepStrictEqual(
        typesIn(text),
        families.map(([name, type]) => `# TYPE ${name} ${type}`)
      )
      const bounds = [...text.matchAll(/le="([^"]+)",request="volume_create"/g)].map(([, bound]) => bound)
      assert.includeMembers(requestsIn(text), upstreamRequests)
      const upstreamBounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"]
      assert.deepStrictEqual(bounds, upstreamBounds)
    })
  )

  live(
    "P-7 listens nowhere without the flag",
    Effect.gen(function* () {
      const port = yield* freePort
      yield* onCloud()
      yield* Effect.flip(Effect.tryPromise(() => fetch(`http://127.0.0.1:${port}/metrics`)))
    })
  )

  liveUnless(noGoDriver)(
    "P-7 has every series that the Go driver has after the same calls, with the same help and types",
    Effect.gen(function* () {
      const told = <E, R>(
        start: (flags: ReadonlyArray<string>) => Effect.Effect<Pick<Side, "csi" | "nodeIds">, E, R>
      ) =>
        Effect.gen(function* () {
          const port = yield* freePort
          yield* work(yield* start([`--http-endpoint=127.0.0.1:${port}`]))
          return yield* scrape(port)
        })
      const ours = yield* told((flags) => onCloud({ flags }))
      const theirs = yield* told((flags) => goOnCloud({ flags }))
      assert.deepStrictEqual(typesIn(ours), typesIn(theirs))
      assert.deepStrictEqual(helpIn(ours), helpIn(theirs))
      assert.isAbove(seriesIn(theirs).length, 100)
      assert.deepStrictEqual(
        seriesIn(theirs).filter((series) => !seriesIn(ours).includes(series)),
        []
      )
    })
  )
})
