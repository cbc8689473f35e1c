import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Cause, Effect, FiberId } from "effect"
import { rpcStatus, statusOf } from "../../../src/adapters/csi/status.ts"
import { BackupId } from "../../../src/domain/Backup.ts"
import * as errors from "../../../src/domain/errors.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { SnapshotId } from "../../../src/domain/Snapshot.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { driver, quiet } from "./stubs.ts"

const cloud = (reason: errors.CloudFailureReason) =>
  new errors.CloudFailure({
    service: "Cinder",
    operation: "show volume",
    reason,
    detail: "so it is",
    requestId: "req-1"
  })

const table: ReadonlyArray<readonly [name: string, error: errors.DomainError, code: status]> = [
  ["InvalidInput", new errors.InvalidInput({ field: "name", problem: "is required" }), status.INVALID_ARGUMENT],
  ["OutOfRange", new errors.OutOfRange({ field: "capacity_range", problem: "is too small" }), status.OUT_OF_RANGE],
  ["VolumeNotFound", new errors.VolumeNotFound({ id: VolumeId("v") }), status.NOT_FOUND],
  ["SnapshotNotFound", new errors.SnapshotNotFound({ id: SnapshotId("s") }), status.NOT_FOUND],
  ["BackupNotFound", new errors.BackupNotFound({ id: BackupId("b") }), status.NOT_FOUND],
  ["ServerNotFound", new errors.ServerNotFound({ id: ServerId("n") }), status.NOT_FOUND],
  ["PathNotFound", new errors.PathNotFound({ volumeId: VolumeId("v"), path: "/p" }), status.NOT_FOUND],
  ["DeviceNotFound", new errors.DeviceNotFound({ volumeId: VolumeId("v"), seen: ["vda"] }), status.NOT_FOUND],
  ["AlreadyExists", new errors.AlreadyExists({ subject: "volume v", difference: "is smaller" }), status.ALREADY_EXISTS],
  ["OperationPending", new errors.OperationPending({ subject: "v" }), status.ABORTED],
  ["StillWorking", new errors.StillWorking({ subject: "volume v", state: "creating" }), status.ABORTED],
  ["UnknownPageToken", new errors.UnknownPageToken({ token: "t" }), status.ABORTED],
  ["NotReady", new errors.NotReady({ subject: "server n", state: "rebooting", remedy: undefined }), status.UNAVAILABLE],
  ["IdentityUnknown", new errors.IdentityUnknown({ tried: ["config drive: none"] }), status.UNAVAILABLE],
  [
    "ClaimUnreadable",
    new errors.ClaimUnreadable({ claim: { namespace: "n", name: "c" }, detail: "no answer", remedy: undefined }),
    status.UNAVAILABLE
  ],
  ["Refused", new errors.Refused({ subject: "v", because: "in use", remedy: undefined }), status.FAILED_PRECONDITION],
  ["ClaimNotFound", new errors.ClaimNotFound({ claim: { namespace: "n", name: "c" } }), status.FAILED_PRECONDITION],
  ["QuotaExceeded", new errors.QuotaExceeded({ detail: "gigabytes" }), status.FAILED_PRECONDITION],
  ["NoCapacity", new errors.NoCapacity({ zone: "nova", detail: "no valid host" }), status.RESOURCE_EXHAUSTED],
  ["NodeFull", new errors.NodeFull({ serverId: ServerId("n"), detail: "26 disks" }), status.RESOURCE_EXHAUSTED],
  ["Unsupported", new errors.Unsupported({ what: "this" }), status.UNIMPLEMENTED],
  ["CloudFailure unreachable", cloud("unreachable"), status.UNAVAILABLE],
  ["CloudFailure unanswered", cloud("unanswered"), status.UNAVAILABLE],
  ["CloudFailure throttled", cloud("throttled"), status.UNAVAILABLE],
  ["CloudFailure malformed", cloud("malformed"), status.UNAVAILABLE],
  ["CloudFailure conflict", cloud("conflict"), status.UNAVAILABLE],
  ["CloudFailure unauthenticated", cloud("unauthenticated"), status.PERMISSION_DENIED],
  ["CloudFailure forbidden", cloud("forbidden"), status.PERMISSION_DENIED],
  ["CloudFailure notFound", cloud("notFound"), status.FAILED_PRECONDITION],
  ["CloudFailure unsupported", cloud("unsupported"), status.FAILED_PRECONDITION],
  ["CloudFailure invalid", cloud("invalid"), status.INTERNAL],
  [
    "HostFailure failed",
    new errors.HostFailure({ operation: "mount", outcome: "failed", detail: "busy" }),
    status.INTERNAL
  ],
  [
    "HostFailure unknown",
    new errors.HostFailure({ operation: "mount", outcome: "unknown", detail: "no end" }),
    status.UNAVAILABLE
  ]
]

describe("A domain error on the wire", () => {
  for (const [name, error, code] of table) {
    it.scopedLive(`${name} is ${status[code]}, with its message`, () =>
      Effect.gen(function* () {
        const { client } = yield* driver({ volumes: { get: () => Effect.fail(error) } })
        const failure = yield* Effect.flip(client.controllerGetVolume({ volumeId: "v" }))
        assert.deepStrictEqual([failure.code, failure.details], [code, error.message])
      }).pipe(Effect.provide(quiet))
    )
  }

  it("is documented with its code", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/errors.md"), "utf8")
    const rows = [...page.matchAll(/^\| `([^`]+)` \| ([A-Z_]+) \(\d+\) \|/gm)].map(([, name, code]) => [name, code])
    assert.deepStrictEqual(
      rows,
      table.map(([name, , code]) => [name, status[code]])
    )
  })
})

describe("The end of a call that did not fail by itself", () => {
  it("is CANCELLED if it was interrupted", () => {
    assert.strictEqual(statusOf(Cause.interrupt(FiberId.none)).code, status.CANCELLED)
  })

  it("is the failure's if it failed and was interrupted", () => {
    const failure = new errors.OperationPending({ subject: "v" })
    assert.strictEqual(
      statusOf(Cause.sequential(Cause.fail(failure), Cause.interrupt(FiberId.none))).code,
      status.ABORTED
    )
  })

  it("is INTERNAL if it was interrupted and met a defect", () => {
    assert.strictEqual(
      statusOf(Cause.sequential(Cause.interrupt(FiberId.none), Cause.die("bug"))).code,
      status.INTERNAL
    )
  })
})

describe("A message", () => {
  it("is one line", () => {
    assert.strictEqual(rpcStatus(status.INTERNAL, "mkfs:\n\tno space\r\n\u0000").details, "mkfs: no space")
  })

  it.scopedLive("of any length and characters arrives, cut to 2 KiB", () =>
    Effect.gen(function* () {
      const { client } = yield* driver({
        volumes: {
          get: () => Effect.fail(new errors.InvalidInput({ field: "f", problem: `\ud800${"世".repeat(10_000)}` }))
        }
      })
      const { details } = yield* Effect.flip(client.controllerGetVolume({ volumeId: "v" }))
      assert.isAtMost(Buffer.byteLength(details), 2048)
      assert.match(details, /^f \uFFFD世+\.\.\.$/u)
    }).pipe(Effect.provide(quiet))
  )
})
