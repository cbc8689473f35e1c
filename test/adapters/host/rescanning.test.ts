import { execFileSync } from "node:child_process"
import { closeSync, constants, mkdirSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { defaultHostOptions } from "../../../src/adapters/host/HostOptions.ts"
import { makeRescanning } from "../../../src/adapters/host/rescanning.ts"
import { hostToScan, type ScanFacts, scanEveryMillis } from "../../../src/adapters/host/scsiHosts.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { page80, pretend } from "./pretendedDisks.ts"

const now = 1_000_000
const virtio = (name: string) => ({ name, driver: "virtio_scsi" })

const table: ReadonlyArray<readonly [string, Partial<ScanFacts>, string | undefined]> = [
  ["no SCSI at all", { hosts: [] }, undefined],
  ["one bus of the hypervisor", { hosts: [virtio("host0")] }, "host0"],
  ["a bus of a storage network", { hosts: [{ name: "host0", driver: "iscsi_tcp" }] }, undefined],
  ["a bus of SATA", { hosts: [{ name: "host0", driver: "ahci" }] }, undefined],
  ["a bus of USB", { hosts: [{ name: "host0", driver: "usb-storage" }] }, undefined],
  ["a bus without a driver's name", { hosts: [{ name: "host0", driver: "" }] }, undefined],
  ["the hypervisor's behind another", { hosts: [{ name: "host0", driver: "ata_piix" }, virtio("host1")] }, "host1"],
  ["several, in their order", { hosts: [virtio("host10"), virtio("host9")] }, "host9"],
  ["one scanned just now", { scannedAt: new Map([["host0", now - 1]]) }, undefined],
  ["one scanned too short ago", { scannedAt: new Map([["host0", now - scanEveryMillis + 1]]) }, undefined],
  ["one scanned long enough ago", { scannedAt: new Map([["host0", now - scanEveryMillis]]) }, "host0"],
  [
    "one scanned and one not",
    { hosts: [virtio("host0"), virtio("host1")], scannedAt: new Map([["host0", now - 60_000]]) },
    "host1"
  ],
  [
    "the one that has waited longest",
    {
      hosts: [virtio("host0"), virtio("host1")],
      scannedAt: new Map([
        ["host0", now - 20_000],
        ["host1", now - 30_000]
      ])
    },
    "host1"
  ],
  ["a scan that hangs", { hosts: [virtio("host0"), virtio("host1")], scanning: "host0" }, undefined]
]

describe("hostToScan", () => {
  for (const [situation, facts, expected] of table) {
    it(`${situation}: ${expected ?? "none"}`, () => {
      const base: ScanFacts = { hosts: [virtio("host0")], scannedAt: new Map(), scanning: undefined, now }
      assert.strictEqual(hostToScan({ ...base, ...facts }), expected)
    })
  }
})

const bus = Effect.map(pretend, (pretended) => {
  const { devRoot, devices, slowRead, sysRoot } = pretended
  const scanOf = (host: string) => join(sysRoot, "class", "scsi_host", host, "scan")
  return {
    ...pretended,
    rescanning: makeRescanning({ ...defaultHostOptions, devRoot, sysRoot }, devices, slowRead),
    scanOf,
    told: (host: string) => readFileSync(scanOf(host), "utf8"),
    host: (name: string, driver: string) => {
      const folder = join(sysRoot, "class", "scsi_host", name)
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, "proc_name"), `${driver}\n`)
      writeFileSync(join(folder, "scan"), "")
    }
  }
})

/** Like the kernel's file, a pipe takes no reader who writes too; unlike a file, it makes the writer wait. */
const makePipe = (path: string) => {
  rmSync(path, { force: true })
  execFileSync("mkfifo", [path])
}

const drain = (path: string) =>
  Effect.async<string>((resume) => {
    const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    const poll = () => {
      const bytes = Buffer.alloc(64)
      try {
        const length = readSync(pipe, bytes)
        closeSync(pipe)
        resume(Effect.succeed(bytes.toString("utf8", 0, length)))
      } catch {
        setImmediate(poll)
      }
    }
    poll()
  })

describe("a rescan", () => {
  it.effect("looks at the hypervisor's buses in turn, at none twice in ten seconds, and never at another", () =>
    Effect.gen(function* () {
      const { host, rescanning, told, scanOf } = yield* bus
      host("host0", "ahci")
      host("host1", "virtio_scsi")
      host("host2", "iscsi_tcp")
      host("host3", "storvsc_host")
      const all = () => [0, 1, 2, 3].map((index) => told(`host${index}`))
      yield* rescanning.rescan
      assert.deepStrictEqual(all(), ["", "- - -", "", ""])
      yield* rescanning.rescan
      assert.deepStrictEqual(all(), ["", "- - -", "", "- - -"])
      writeFileSync(scanOf("host1"), "")
      yield* TestClock.adjust("9 seconds")
      yield* rescanning.rescan
      assert.strictEqual(told("host1"), "")
      yield* TestClock.adjust("1 second")
      yield* rescanning.rescan
      assert.deepStrictEqual(all(), ["", "- - -", "", "- - -"])
    }).pipe(Effect.scoped)
  )

  it.effect("does nothing where there is no SCSI", () =>
    Effect.gen(function* () {
      const { rescanning } = yield* bus
      yield* rescanning.rescan
    }).pipe(Effect.scoped)
  )

  it.effect("that hangs ends in time, is not begun again, and holds up no later one for ever", () =>
    Effect.gen(function* () {
      const { host, rescanning, scanOf, told } = yield* bus
      host("host1", "virtio_scsi")
      host("host2", "virtio_scsi")
      makePipe(scanOf("host1"))
      const call = yield* Effect.fork(Effect.flip(rescanning.rescan))
      yield* TestClock.adjust("1 second").pipe(Effect.repeat({ until: () => call.unsafePoll() !== null }))
      assert.match((yield* Fiber.join(call)).message, /SCSI host1: .*does not answer/)
      yield* TestClock.adjust("1 minute")
      yield* rescanning.rescan
      assert.strictEqual(told("host2"), "")
      assert.strictEqual(yield* drain(scanOf("host1")), "- - -")
      yield* rescanning.rescan.pipe(Effect.repeat({ until: () => told("host2") === "- - -" }))
    }).pipe(Effect.scoped)
  )
})

describe("asking a disk for its size", () => {
  const id = "1c2f4b7e-9d3a-4e51-8a6b-0f1e2d3c4b5a"
  const plugged = Effect.gen(function* () {
    const pretended = yield* bus
    pretended.disk("sdb", "8:16", { "device/vpd_pg80": page80(id), "device/rescan": "" })
    const device = yield* Effect.flatMap(pretended.devices.find(VolumeId(id)), Effect.fromNullable)
    return { ...pretended, device }
  })

  it.live("tells that disk alone to look again", () =>
    Effect.gen(function* () {
      const { device, disk, fileOf, rescanning } = yield* plugged
      disk("sdc", "8:32", { "device/rescan": "" })
      writeFileSync(fileOf("sdb", "size"), "4194304\n")
      assert.strictEqual((yield* rescanning.refreshSize(device)).sizeBytes, 2147483648n)
      assert.deepStrictEqual(
        ["sdb", "sdc"].map((name) => readFileSync(fileOf(name, "device/rescan"), "utf8")),
        ["1", ""]
      )
    }).pipe(Effect.scoped)
  )

  it.live("asks nothing of a disk that came in the place of the one that was meant", () =>
    Effect.gen(function* () {
      const { device, disk, fileOf, rescanning, unplug } = yield* plugged
      unplug("sdb", "8:16")
      disk("sdb", "8:16", { "device/rescan": "" })
      assert.match((yield* Effect.flip(rescanning.refreshSize(device))).message, /is gone/)
      assert.strictEqual(readFileSync(fileOf("sdb", "device/rescan"), "utf8"), "")
    }).pipe(Effect.scoped)
  )
})
