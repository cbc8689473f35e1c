import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { Registry } from "prom-client"
import { makeActivityMetrics } from "../../../src/adapters/telemetry/activityMetrics.ts"
import { makeReadingMetrics } from "../../../src/adapters/telemetry/readingMetrics.ts"
import { makeRequestMetrics } from "../../../src/adapters/telemetry/requestMetrics.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { VolumeId, volumeStatus } from "../../../src/domain/Volume.ts"
import type { DiskTraffic } from "../../../src/ports/HostMounter.ts"

/** The samples of a family, or of several that share a beginning, without the buckets of histograms. */
const samples = (registry: Registry, beginning: string): Promise<ReadonlyArray<string>> =>
  registry
    .metrics()
    .then((text) => text.split("\n").filter((line) => line.startsWith(beginning) && !line.includes("_bucket{")))

const activities = () => {
  const registry = new Registry()
  let millis = 1_000_000
  const metrics = makeActivityMetrics([registry], () => millis)
  return {
    ...metrics,
    pass: (more: number) => {
      millis += more
    },
    shown: (beginning: string) => {
      metrics.refresh()
      return samples(registry, beginning)
    }
  }
}

describe("what is under way", () => {
  it("is a count and the age of the oldest, and stays as 0 once it is over", async () => {
    const { begins, pass, shown } = activities()
    const endsFirst = begins({ _tag: "Call", method: "NodeStageVolume" })
    pass(2_000)
    const endsSecond = begins({ _tag: "Call", method: "NodeStageVolume" })
    pass(500)
    const both = [
      'cinder_csi_rpcs{method="NodeStageVolume"} 2',
      'cinder_csi_rpcs_oldest_seconds{method="NodeStageVolume"} 2.5'
    ]
    assert.deepStrictEqual(await shown("cinder_csi_rpcs"), both)
    endsFirst()
    assert.include(await shown("cinder_csi_rpcs"), 'cinder_csi_rpcs_oldest_seconds{method="NodeStageVolume"} 0.5')
    endsSecond()
    endsSecond()
    const none = [
      'cinder_csi_rpcs{method="NodeStageVolume"} 0',
      'cinder_csi_rpcs_oldest_seconds{method="NodeStageVolume"} 0'
    ]
    assert.deepStrictEqual(await shown("cinder_csi_rpcs"), none)
  })

  it("on servers is shown for the twenty with the oldest and for the others together", async () => {
    const { begins, pass, shown } = activities()
    for (let server = 1; server <= 25; server++) {
      begins({ _tag: "Attachment", serverId: ServerId(`server-${server}`) })
      pass(1_000)
    }
    const rows = (await shown("cinder_csi_server_attachments{")).map((row) =>
      row.replace("cinder_csi_server_attachments", "")
    )
    assert.lengthOf(rows, 21)
    assert.strictEqual(rows[0], '{server="server-1"} 1')
    assert.strictEqual(rows[19], '{server="server-20"} 1')
    assert.strictEqual(rows[20], '{server="other"} 5')
  })

  it("on a server is gone once it is over", async () => {
    const { begins, shown } = activities()
    begins({ _tag: "Attachment", serverId: ServerId("server-1") })()
    assert.deepStrictEqual(await shown("cinder_csi_server_attachments{"), [])
  })
})

describe("calls that have not succeeded", () => {
  const call = { method: "ControllerUnpublishVolume", subject: "v n", changes: true, code: "UNAVAILABLE", seconds: 30 }
  const count = 'cinder_csi_unfinished_rpcs{method="ControllerUnpublishVolume"}'
  const age = 'cinder_csi_unfinished_rpcs_oldest_seconds{method="ControllerUnpublishVolume"}'

  it("count from their first try until they succeed, however often they are repeated", async () => {
    const { answered, pass, shown } = activities()
    answered(call)
    pass(300_000)
    answered({ ...call, code: "ABORTED", seconds: 0 })
    pass(60_000)
    assert.deepStrictEqual(await shown("cinder_csi_unfinished"), [`${count} 1`, `${age} 390`])
    answered({ ...call, code: "OK" })
    assert.deepStrictEqual(await shown("cinder_csi_unfinished"), [`${count} 0`, `${age} 0`])
  })

  it("no longer count when nobody has repeated them for a quarter of an hour", async () => {
    const { answered, pass, shown } = activities()
    answered(call)
    pass(900_001)
    assert.include(await shown("cinder_csi_unfinished"), `${count} 0`)
  })

  it("are changes alone", async () => {
    const { answered, shown } = activities()
    answered({ ...call, method: "NodeGetVolumeStats", changes: false })
    assert.deepStrictEqual(await shown("cinder_csi_unfinished"), [])
  })

  it("are remembered up to a thousand, the last ones asked for", async () => {
    const { answered, shown } = activities()
    for (let volume = 0; volume < 1_100; volume++) answered({ ...call, subject: `v${volume}` })
    assert.include(await shown("cinder_csi_unfinished"), `${count} 1000`)
  })
})

describe("requests to the cloud", () => {
  const request = {
    request: "volume_get",
    service: "cinder",
    method: "GET",
    status: 200,
    tries: 1,
    durationMillis: 20,
    failed: false
  }
  const made = (...requests: ReadonlyArray<Partial<typeof request> | { readonly status: undefined }>) => {
    const registry = new Registry()
    const observe = makeRequestMetrics([registry])("north")
    for (const one of requests) observe({ ...request, ...one })
    return (beginning: string) => samples(registry, beginning)
  }

  it("are counted by cloud, service, method and class of the answer", async () => {
    const shown = made({}, { status: 404 }, { status: undefined }, { status: 503, tries: 2 })
    const counts = await shown("cinder_csi_api_request_duration_seconds_count")
    assert.deepStrictEqual(
      counts.map((line) => /status="(\w+)"\} (\d+)/.exec(line)?.slice(1).join(" ")),
      ["2xx 1", "4xx 1", "none 1", "5xx 1"]
    )
    assert.include(counts[0], 'cloud="north",service="cinder",method="GET"')
    assert.deepStrictEqual(await shown("cinder_csi_api_retries_total{"), [
      'cinder_csi_api_retries_total{cloud="north",service="cinder"} 1'
    ])
  })

  it("for tokens are granted, refused or failed", async () => {
    const token = { request: "token_create", service: "keystone", method: "POST" }
    const shown = made({ ...token, status: 201 }, { ...token, status: 401 }, { ...token, status: undefined })
    assert.deepStrictEqual(await shown("cinder_csi_tokens_total{"), [
      'cinder_csi_tokens_total{cloud="north",result="granted"} 1',
      'cinder_csi_tokens_total{cloud="north",result="refused"} 1',
      'cinder_csi_tokens_total{cloud="north",result="failed"} 1'
    ])
  })
})

describe("readings", () => {
  const traffic: DiskTraffic = {
    reads: 3,
    readBytes: 1536,
    readSeconds: 0.5,
    writes: 4,
    writtenBytes: 2048,
    writeSeconds: 0.25,
    inFlight: 2,
    busySeconds: 0.75
  }

  it.effect("show what there is now, and nothing of what is gone", () =>
    Effect.gen(function* () {
      const registry = new Registry()
      const { refresh, shows } = makeReadingMetrics([registry])
      let disks = [{ volumeId: VolumeId("v-1"), traffic }]
      shows("", { _tag: "StagedDisks", read: Effect.sync(() => disks) })
      yield* refresh
      yield* refresh
      const shown = yield* Effect.promise(() => samples(registry, "cinder_csi_disk_"))
      assert.deepStrictEqual(shown, [
        'cinder_csi_disk_reads_total{volume_id="v-1"} 3',
        'cinder_csi_disk_read_bytes_total{volume_id="v-1"} 1536',
        'cinder_csi_disk_read_seconds_total{volume_id="v-1"} 0.5',
        'cinder_csi_disk_writes_total{volume_id="v-1"} 4',
        'cinder_csi_disk_written_bytes_total{volume_id="v-1"} 2048',
        'cinder_csi_disk_write_seconds_total{volume_id="v-1"} 0.25',
        'cinder_csi_disk_busy_seconds_total{volume_id="v-1"} 0.75',
        'cinder_csi_disk_in_flight{volume_id="v-1"} 2'
      ])
      disks = []
      yield* refresh
      assert.deepStrictEqual(yield* Effect.promise(() => samples(registry, "cinder_csi_disk_")), [])
    })
  )

  it.effect("of volumes put what no release documents together as other", () =>
    Effect.gen(function* () {
      const registry = new Registry()
      const { refresh, shows } = makeReadingMetrics([registry])
      const counts = new Map([
        [volumeStatus("in-use"), 7],
        [volumeStatus("made-up"), 1],
        [volumeStatus("invented"), 2]
      ])
      shows("north", { _tag: "Volumes", read: Effect.succeed(counts) })
      shows("south", { _tag: "Volumes", read: Effect.succeed(undefined) })
      yield* refresh
      assert.deepStrictEqual(yield* Effect.promise(() => samples(registry, "cinder_csi_volumes{")), [
        'cinder_csi_volumes{cloud="north",status="in-use"} 7',
        'cinder_csi_volumes{cloud="north",status="other"} 3'
      ])
    })
  )

  it.effect("that do not come within two seconds are left out, and keep no other from being shown", () =>
    Effect.gen(function* () {
      const registry = new Registry()
      const { refresh, shows } = makeReadingMetrics([registry])
      let room: Effect.Effect<{ readonly limit: number; readonly attached: number }> = Effect.succeed({
        limit: 9,
        attached: 1
      })
      shows("", { _tag: "NodeRoom", read: Effect.suspend(() => room) })
      shows("", { _tag: "FullServers", read: Effect.succeed(1) })
      yield* refresh
      const node = "cinder_csi_node_"
      assert.deepStrictEqual(yield* Effect.promise(() => samples(registry, node)), [
        "cinder_csi_node_attach_limit 9",
        "cinder_csi_node_attached_volumes 1"
      ])
      room = Effect.uninterruptible(Effect.never)
      const refreshing = yield* Effect.fork(refresh)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(refreshing)
      assert.deepStrictEqual(yield* Effect.promise(() => samples(registry, node)), [])
      assert.deepStrictEqual(yield* Effect.promise(() => samples(registry, "cinder_csi_full_servers{")), [
        'cinder_csi_full_servers{cloud=""} 1'
      ])
    })
  )
})
