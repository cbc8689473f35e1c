import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import * as microversions from "../../../../src/adapters/openstack/microversions.ts"
import { judgeVersions, reaches, usedVersions } from "../../../../src/domain/decisions/doctor/apiVersions.ts"
import {
  judgeCertificate,
  judgeClock,
  judgeEndpoint,
  judgeFilter,
  judgeLogin
} from "../../../../src/domain/decisions/doctor/cloudAccess.ts"
import {
  judgeDisks,
  judgeIdentity,
  judgeKubelet,
  judgePlugin,
  judgeRegistration,
  judgeServer,
  judgeTools
} from "../../../../src/domain/decisions/doctor/node.ts"
import { judgeQuotas, judgeTypes, quotaInTheWay } from "../../../../src/domain/decisions/doctor/projectRoom.ts"
import { judgeZones } from "../../../../src/domain/decisions/doctor/zones.ts"
import { CloudFailure, HostFailure } from "../../../../src/domain/errors.ts"
import { ServerId } from "../../../../src/domain/Server.ts"
import type { FolderSeen, IdentitySeen, PluginSeen } from "../../../../src/ports/NodeSurvey.ts"

const failure = new CloudFailure({
  service: "Cinder",
  operation: "list",
  reason: "unreachable",
  detail: "nobody there",
  requestId: undefined
})
const silent = Either.left(failure)

describe("clock, login, endpoint, filter", () => {
  it.each([
    [0, "ok"],
    [30_000, "ok"],
    [-31_000, "warning"],
    [3_600_000, "warning"]
  ])("a clock that is %d ms ahead is %s", (skewMillis, status) =>
    assert.strictEqual(judgeClock(Either.right({ url: "u", skewMillis })).status, status)
  )

  it("skips the clock where nothing tells it", () => {
    assert.strictEqual(judgeClock(silent).status, "skipped")
    assert.strictEqual(judgeClock(Either.right({ url: "u", skewMillis: undefined })).status, "skipped")
  })

  it.each([
    [3_600_000, "ok"],
    [300_000, "warning"],
    [undefined, "warning"]
  ])("a token that lives for %s ms is %s", (lifeMillis, status) =>
    assert.strictEqual(judgeLogin(Either.right({ projectId: "p", lifeMillis })).status, status)
  )

  it("warns of an endpoint that was guessed among regions", () => {
    assert.strictEqual(judgeEndpoint("Nova", Either.right({ url: "u", regions: ["a"] })).status, "ok")
    const guessed = judgeEndpoint("Nova", Either.right({ url: "u", regions: ["a", "b"] }))
    assert.strictEqual(guessed.status, "warning")
    assert.strictEqual(guessed.remedy, "set region in cloud.conf")
  })

  it("warns only of a filter that does not work, since the driver compares names itself", () => {
    assert.strictEqual(judgeFilter("volumes by name", Either.right(true)).status, "ok")
    assert.strictEqual(judgeFilter("volumes by name", Either.right(false)).status, "warning")
    assert.strictEqual(judgeFilter("backups by name", silent).status, "warning")
  })
})

describe("a certificate", () => {
  const now = Date.UTC(2026, 0, 1)
  const good = { host: "h", subject: "h", issuer: "ca", validUntil: now + 90 * 86_400_000, problem: undefined }
  it.each([
    [good, false, "ok"],
    [undefined, false, "skipped"],
    [{ ...good, validUntil: now + 86_400_000 }, false, "warning"],
    [{ ...good, problem: "certificate has expired" }, false, "failed"],
    [{ ...good, problem: "self-signed certificate" }, true, "warning"],
    [good, true, "warning"]
  ])("%j, with tls-insecure %s, is %s", (seen, insecure, status) =>
    assert.strictEqual(judgeCertificate("h", Either.right(seen), insecure, now).status, status)
  )
})

describe("microversions", () => {
  it("are compared as numbers, within one major version", () => {
    assert.isTrue(reaches("3.100", "3.42"))
    assert.isFalse(reaches("3.9", "3.42"))
    assert.isFalse(reaches("4.0", "3.42"))
    assert.isFalse(reaches("", "3.5"))
  })

  it("that are told are those that the adapters ask for", () => {
    const asked = Object.values(microversions).filter((value) => typeof value === "string")
    const told = Object.values(usedVersions).flatMap((rows) => rows.map(({ version }) => version))
    assert.deepStrictEqual([...told].sort(), [...new Set(asked)].sort())
  })

  it.each([
    ["Cinder", "3.70", false, "ok"],
    ["Cinder", "3.43", false, "warning"],
    ["Cinder", "3.70", true, "warning"],
    ["Nova", "2.93", false, "ok"],
    ["Nova", "2.59", false, "warning"],
    ["Nova", "2.15", false, "failed"],
    ["Nova", "", false, "failed"]
  ] as const)("%s that speaks up to %j, asked for none: %s, is %s", (service, maximum, ignored, status) =>
    assert.strictEqual(judgeVersions(service, Either.right({ minimum: "0", maximum }), ignored).status, status)
  )
})

describe("quotas and types", () => {
  const quota = (name: string, used: number, limit: number) => ({ name, used, limit })

  it.each([
    [[quota("volumes", 9, 10)], "ok"],
    [[quota("volumes", 10, 11)], "warning"],
    [[quota("volumes", 10, 10)], "failed"],
    [[quota("gigabytes_fast", 10, 10)], "failed"],
    [[quota("groups", 10, 10)], "ok"],
    [[quota("backups", 0, 0)], "ok"],
    [[quota("volumes", 500, -1)], "ok"]
  ])("%j is %s", (quotas, status) => assert.strictEqual(judgeQuotas(Either.right(quotas)).status, status))

  it.each([
    ["volumes", 10, 10, 1, undefined, true],
    ["volumes", 9, 10, 100, undefined, false],
    ["gigabytes", 90, 100, 10, undefined, false],
    ["gigabytes", 90, 100, 11, undefined, true],
    ["gigabytes_fast", 90, 100, 11, "fast", true],
    ["gigabytes_fast", 90, 100, 11, "slow", false],
    ["per_volume_gigabytes", 0, 10, 11, undefined, true],
    ["snapshots", 10, 10, 1, undefined, false]
  ])("%s, %d of %d used, with %d GiB of type %s: in the way %s", (name, used, limit, sizeGiB, type, isInTheWay) =>
    assert.strictEqual(quotaInTheWay([{ name, used, limit }], sizeGiB, type) !== undefined, isInTheWay)
  )

  it("need a type, and would have a default", () => {
    const type = { id: "1", name: "fast", multiattach: false, isDefault: true }
    assert.strictEqual(judgeTypes(Either.right([])).status, "failed")
    assert.strictEqual(judgeTypes(Either.right([{ ...type, isDefault: false }])).status, "warning")
    assert.strictEqual(judgeTypes(Either.right([type])).status, "ok")
  })
})

describe("zones", () => {
  const zones = (...names: ReadonlyArray<string>) => Either.right(names.map((name) => ({ name, available: true })))
  const options = { withTopology: true, ignoreVolumeZone: false }
  const statusOf = (
    cinder: ReturnType<typeof zones>,
    nova: ReturnType<typeof zones>,
    more: Partial<Parameters<typeof judgeZones>[0]["options"]> = {}
  ) => judgeZones({ cinder, nova, options: { ...options, ...more } }).status

  it.each([
    ["the same names", zones("a", "b"), zones("a", "b"), {}, "ok"],
    ["a name that is no label and stands behind one", zones("zone one"), zones("zone one"), {}, "ok"],
    ["others", zones("nova"), zones("a"), {}, "warning"],
    ["others, which are mapped", zones("nova"), zones("a"), { zoneMap: new Map([["a", "nova"]]) }, "ok"],
    ["others, which are mapped amiss", zones("nova"), zones("a"), { zoneMap: new Map([["a", "n"]]) }, "warning"],
    ["others, which do not matter", zones("nova"), zones("a"), { ignoreVolumeZone: true }, "ok"],
    ["others, which nobody looks at", zones("nova"), zones("a"), { withTopology: false }, "skipped"]
  ] as const)("%s", (_, cinder, nova, more, status) => assert.strictEqual(statusOf(cinder, nova, more), status))

  it("that are not available are told", () => {
    const away = Either.right([{ name: "a", available: false }])
    assert.strictEqual(judgeZones({ cinder: away, nova: zones("a"), options }).status, "warning")
  })
})

describe("a node", () => {
  const id = ServerId("11111111-1111-4111-8111-111111111111")
  const other = ServerId("22222222-2222-4222-8222-222222222222")
  const says = (source: string, serverId: ServerId | undefined): IdentitySeen => ({
    source,
    serverId,
    zone: undefined,
    problem: serverId === undefined ? "no answer" : undefined
  })
  const plugin: PluginSeen = { name: "d", version: "1", ready: true, nodeId: id, problem: undefined }

  it.each([
    [[says("metadata service", id), says("cloud-init", id)], undefined, "ok"],
    [[says("metadata service", id), says("cloud-init", undefined)], undefined, "ok"],
    [[says("metadata service", undefined), says("cloud-init", id)], undefined, "warning"],
    [[says("metadata service", undefined), says("cloud-init", undefined)], undefined, "failed"],
    [[says("metadata service", undefined)], plugin, "ok"],
    [[says("metadata service", id), says("cloud-init", other)], undefined, "failed"],
    [[says("metadata service", other)], plugin, "failed"]
  ])("told who it is by %j, with plugin %j, is %s", (identities, running, status) =>
    assert.strictEqual(judgeIdentity(identities, running).status, status)
  )

  it("is compared with Nova only where that can be asked", () => {
    assert.strictEqual(judgeServer(undefined, undefined).status, "skipped")
    assert.strictEqual(judgeServer(id, undefined).status, "skipped")
    assert.strictEqual(judgeServer(id, silent).status, "skipped")
    assert.strictEqual(judgeServer(id, Either.right("gone")).status, "failed")
  })

  it("cannot do without the programs of every volume, and can without those of some", () => {
    const tool = (program: string, version: string | undefined) => ({ program, debianPackage: "p", version })
    assert.strictEqual(judgeTools([tool("mount", "1")]).status, "ok")
    assert.strictEqual(judgeTools([tool("mount", undefined)]).status, "failed")
    assert.strictEqual(judgeTools([tool("mkfs.xfs", undefined)]).status, "warning")
  })

  const folder: FolderSeen = { path: "/k", kind: "directory", real: "/k", mountedAt: "/", propagation: "shared" }
  it.each([
    [folder, "ok"],
    [{ ...folder, kind: "absent" } as const, "failed"],
    [{ ...folder, propagation: "slave" } as const, "failed"],
    [{ ...folder, propagation: "private" } as const, "failed"],
    [{ ...folder, kind: "symlink", real: "/data/k" } as const, "warning"],
    [{ ...folder, kind: "file" } as const, "failed"]
  ])("with kubelet's folder %j is %s", (seen, status) =>
    assert.strictEqual(judgeKubelet(Either.right(seen)).status, status)
  )

  it("has a place for registrations, disks and perhaps a plugin", () => {
    const broken = Either.left(new HostFailure({ operation: "look", outcome: "failed", detail: "EACCES" }))
    assert.strictEqual(judgeRegistration(Either.right(folder)).status, "ok")
    assert.strictEqual(judgeRegistration(Either.right({ ...folder, kind: "absent" })).status, "failed")
    assert.strictEqual(judgeRegistration(broken).status, "failed")
    assert.strictEqual(judgeKubelet(broken).status, "failed")
    assert.strictEqual(judgeDisks([]).status, "warning")
    assert.strictEqual(judgePlugin("/s", undefined).status, "skipped")
    assert.strictEqual(judgePlugin("/s", broken).status, "failed")
    assert.strictEqual(judgePlugin("/s", Either.right(plugin)).status, "ok")
    assert.strictEqual(judgePlugin("/s", Either.right({ ...plugin, ready: false })).status, "failed")
    assert.strictEqual(judgePlugin("/s", Either.right({ ...plugin, nodeId: undefined })).status, "failed")
  })
})
