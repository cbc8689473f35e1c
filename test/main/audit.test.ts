import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { FileSystem } from "@effect/platform"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Exit, Layer, Schema, type Scope, TestClock } from "effect"
import { driverName } from "../../src/adapters/csi/identity.ts"
import { makeOpenStackHttp } from "../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { type DiskBackend, layerNoDisks, makeWorld, type ServerSpec } from "../../src/adapters/memory/index.ts"
import { findingKinds } from "../../src/domain/AuditFinding.ts"
import { description } from "../../src/domain/decisions/plan.ts"
import { runAudit } from "../../src/main/audit/audit.ts"
import { AuditJson } from "../../src/main/audit/json.ts"
import { kindTexts } from "../../src/main/audit/kinds.ts"
import { agoText } from "../../src/main/audit/text.ts"
import { exitCodeOf } from "../../src/main/Ending.ts"
import { podAt } from "../support/kubernetes/access.ts"
import { kubernetesApi, refusal } from "../support/kubernetes/kubernetesApi.ts"
import { printing } from "../support/printed.ts"
import { cloudConf, temporaryFolder } from "../support/wiredDriver.ts"

const server = "11111111-1111-4111-8111-111111111111"
const password = "sentinel-password-4711"
const token = "sentinel-token-4711"
const metadata = { "cinder.csi.openstack.org/cluster": "kubernetes" }
const spec = (name: string) => ({ name, description, sizeGiB: 3, metadata })

/** A cloud and a cluster that both speak HTTP; two days after everything in them was made. */
const surroundingsOf = Effect.fnUntraced(function* (servers: ReadonlyArray<ServerSpec>) {
  yield* TestClock.setTime(Date.parse("2026-11-28T12:00:00Z"))
  const world = yield* makeWorld({ servers, quotas: { volumes: -1, gigabytes: -1 } })
  const user = {
    id: world.settings.userId,
    name: "csi",
    password,
    domain: { id: "default", name: "Default" },
    roles: { [world.settings.projectId]: ["member"] }
  }
  const cloud = yield* makeOpenStackHttp({ world, identity: { users: [user] } })
  const api = yield* kubernetesApi()
  api.tokens.add(token)
  const root = yield* temporaryFolder
  const pod = yield* podAt(root, api.port, token)
  const config = join(root, "cloud.conf")
  const configure = (text: string) => Effect.promise(() => writeFile(config, text))
  yield* configure(cloudConf(cloud.authUrl, password))
  const made = (name: string) =>
    Effect.gen(function* () {
      const { id } = yield* world.cinder.createVolume(spec(name))
      yield* TestClock.adjust("1 minute")
      return id
    })
  const run = (...flags: ReadonlyArray<string>) =>
    printing(runAudit([`--cloud-config=${config}`, "--cluster=kubernetes", ...flags], {}, { ...pod, colour: false }))
  return { world, cloud, api, configure, config, made, run, later: TestClock.adjust("2 days") }
})

const surroundings = surroundingsOf([{ id: server, name: "node-1" }])

const csi = (volumeHandle: string) => ({
  spec: { csi: { driver: driverName, volumeHandle }, capacity: { storage: "3Gi" } }
})

type Needs = Scope.Scope | FileSystem.FileSystem | DiskBackend

const inBoth = (name: string, test: Effect.Effect<void, unknown, Needs>) =>
  it.effect(name, () => test.pipe(Effect.scoped, Effect.provide(Layer.merge(NodeFileSystem.layer, layerNoDisks))))

const codeOf = (exit: Exit.Exit<unknown, unknown>) => exitCodeOf(exit)
const textOf = (exit: Exit.Exit<unknown, unknown>) => (exit._tag === "Failure" ? String(exit.cause) : "")

/** One of everything that an audit over HTTP can meet. */
const disorder = Effect.gen(function* () {
  const all = yield* surroundings
  const { world, api, made, later } = all
  const orphan = yield* made("pvc-orphan")
  const used = yield* made("pvc-used")
  yield* world.nova.attachVolume(server, used)
  const cut = yield* world.cinder.createSnapshot({ ...spec("snap"), volumeId: used, force: true })
  const backup = yield* world.cinder.createBackup({ ...spec("backup"), volumeId: orphan })
  yield* TestClock.adjust("1 minute")
  api.cluster.register("node-1", driverName, server)
  api.storage.put("PersistentVolume", "pv-used", csi(used))
  api.storage.put("PersistentVolume", "pv-gone", csi("33333333-3333-4333-8333-333333333333"))
  yield* later
  return { ...all, orphan, used, snapshot: cut.id, backup: backup.id }
})

describe("audit", () => {
  inBoth(
    "says what it found, in words, and ends with 1",
    Effect.gen(function* () {
      const { run, orphan, used, snapshot, backup } = yield* disorder
      const { exit, out, errors } = yield* run()
      assert.strictEqual(codeOf(exit), 1)
      assert.strictEqual(errors, "")
      for (const line of [
        "Volumes without a PersistentVolume: 1, 3 GiB",
        `  volume ${orphan} (pvc-orphan)`,
        "      3 GiB, made 2 days ago, changed 2 days ago",
        "      available, attached to nothing",
        "  Look: openstack volume show ID",
        `  snapshot ${snapshot} (snap)`,
        `  backup ${backup} (backup)`,
        "  PersistentVolume pv-gone",
        `      attached to server ${server} (node-1) without a VolumeAttachment (Cinder and Nova show it)`,
        `  volume ${used} (pvc-used)`,
        '  this cluster ("kubernetes"): 2 volumes, 6 GiB',
        "5 findings; 9 GiB that no claim uses. Nothing was changed."
      ]) {
        assert.include(out.split("\n"), line)
      }
      assert.notInclude(out, "\u001b")
      for (const { advice } of Object.values(kindTexts)) for (const line of advice) assert.isAtMost(line.length, 108)
    })
  )

  inBoth(
    "says it in JSON of the documented form",
    Effect.gen(function* () {
      const { run, orphan } = yield* disorder
      const { exit, out } = yield* run("--json")
      assert.strictEqual(codeOf(exit), 1)
      const report = yield* Schema.decodeUnknown(Schema.parseJson(AuditJson), { onExcessProperty: "error" })(out)
      assert.deepStrictEqual(
        report.totals.map(({ kind, count }) => [kind, count]),
        [
          ["orphan-volume", 1],
          ["orphan-snapshot", 1],
          ["orphan-backup", 1],
          ["missing-volume", 1],
          ["unasked-attachment", 1]
        ]
      )
      assert.deepInclude(report.findings[0], {
        kind: "orphan-volume",
        cloud: "",
        about: { thing: "volume", id: orphan },
        sizeGiB: 3,
        createdAt: "2026-11-28T12:00:00.000Z",
        look: [`openstack volume show ${orphan}`]
      })
    })
  )

  inBoth(
    "sends nothing but reads to the cloud, apart from its login, and nothing but reads to Kubernetes",
    Effect.gen(function* () {
      const { run, cloud, api } = yield* disorder
      yield* cloud.requests.reset
      yield* run()
      assert.deepStrictEqual(yield* cloud.requests.counts, {
        "identity POST /v3/auth/tokens": 1,
        "volume GET /volumes/detail": 1,
        "volume GET /snapshots/detail": 1,
        "volume GET /backups/detail": 1,
        "compute GET /servers/detail": 1
      })
      assert.isTrue(api.seen.every(({ method }) => method === "GET"))
    })
  )

  inBoth(
    "finds nothing in order and ends with 0",
    Effect.gen(function* () {
      const { run, later } = yield* surroundings
      yield* later
      const { exit, out } = yield* run()
      assert.strictEqual(codeOf(exit), 0)
      assert.include(out, "Nothing found.")
    })
  )

  inBoth(
    "tells what the cloud alone shows without Kubernetes, which is not asked",
    Effect.gen(function* () {
      const { run, api, world } = yield* disorder
      yield* world.control.loseServer(server)
      yield* TestClock.adjust("2 days")
      const { exit, out } = yield* run("--without-kubernetes")
      assert.strictEqual(codeOf(exit), 1)
      assert.include(out, "Attachments of servers that are gone: 1")
      assert.include(out, "Note: Kubernetes was not asked")
      assert.notInclude(out, "Volumes without a PersistentVolume")
      assert.strictEqual(api.seen.length, 0)
    })
  )

  inBoth(
    "asks several clouds, and says where something is",
    Effect.gen(function* () {
      const { run, configure, cloud } = yield* disorder
      const section = cloudConf(cloud.authUrl, password)
      yield* configure(`${section}\n${section.replace("[Global]", '[Global "b"]')}`)
      const one = yield* run()
      assert.include(one.out, "not every cloud of cloud.conf was asked")
      const { out } = yield* run("--cloud-name=,b")
      assert.include(out, "(pvc-orphan) in cloud b")
      assert.include(out, "In the project of cloud b:")
      assert.include(out, "Volumes without a PersistentVolume: 2, 6 GiB")
    })
  )

  inBoth(
    "takes 14 requests and a login for 10,000 volumes and 100 servers, whatever it finds",
    Effect.gen(function* () {
      const servers = Array.from({ length: 100 }, (_, index) => ({ name: `node-${index}` }))
      const { run, world, cloud, later } = yield* surroundingsOf(servers)
      for (let index = 0; index < 10_000; index += 1) yield* world.cinder.createVolume(spec(`pvc-${index % 9_999}`))
      yield* later
      const { out } = yield* run("--without-kubernetes")
      assert.include(out, "Several volumes of one name: 1")
      assert.include(out, '  this cluster ("kubernetes"): 10000 volumes, 30000 GiB')
      assert.deepStrictEqual(yield* cloud.requests.counts, {
        "identity POST /v3/auth/tokens": 1,
        "volume GET /volumes/detail": 11,
        "volume GET /snapshots/detail": 1,
        "volume GET /backups/detail": 1,
        "compute GET /servers/detail": 1
      })
    })
  )

  inBoth(
    "leaves out what is younger than it is told",
    Effect.gen(function* () {
      const { run } = yield* disorder
      const { out } = yield* run("--grace=72h")
      assert.notInclude(out, "pvc-orphan")
    })
  )
})

/** Lets time pass for who waits before asking again, while sockets get their turn. */
const inTime = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(self)
    const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
    yield* Effect.repeat(Effect.zipRight(turn, TestClock.adjust("50 millis")), {
      until: () => fiber.unsafePoll() !== null
    })
    return yield* fiber
  })

describe("an audit that cannot look ends with 2 and prints no report:", () => {
  const failing = (
    name: string,
    prepare: (all: Effect.Effect.Success<typeof disorder>) => Effect.Effect<unknown, unknown, Needs>,
    flags: ReadonlyArray<string>,
    text: string
  ) =>
    inBoth(
      name,
      Effect.gen(function* () {
        const all = yield* disorder
        yield* prepare(all)
        const { exit, out } = yield* inTime(all.run(...flags))
        assert.strictEqual(codeOf(exit), 2)
        assert.strictEqual(out, "")
        assert.include(textOf(exit), text)
        for (const secret of [password, token]) assert.notInclude(textOf(exit), secret)
      })
    )
  const nothing = () => Effect.void

  failing("a wrong flag", nothing, ["--deep"], "--help shows what it takes")
  failing("a wrong time", nothing, ["--grace=soon"], "--grace takes a time")
  failing("a cloud that is not in the file", nothing, ["--cloud-name=none"], '[Global "none"]')
  failing(
    "a file that breaks the grammar, with the place",
    ({ configure }) => configure(`[Global]\npassword = "${password}\n`),
    [],
    "cloud.conf:2:12: the quote is not closed on this line"
  )
  failing("no way to Kubernetes", nothing, ["--kubeconfig=/none"], "--without-kubernetes")
  failing(
    "no right to list PersistentVolumes, which is named",
    ({ api }) => Effect.sync(() => api.refuseNext("GET", refusal(403, "Forbidden", "no"))),
    [],
    "let the user or service account list"
  )
  failing(
    "credentials that are refused",
    ({ configure, cloud }) => configure(cloudConf(cloud.authUrl, `${password}-old`)),
    [],
    "Keystone"
  )
  failing(
    "a cloud that does not answer",
    ({ configure }) => configure(cloudConf("http://127.0.0.1:1/v3", password)),
    ["--without-kubernetes"],
    "could not"
  )
})

describe("what an audit needs", () => {
  it.effect("is asked for", () =>
    Effect.gen(function* () {
      const run = (...flags: ReadonlyArray<string>) =>
        Effect.map(printing(runAudit(flags, {}, {})), ({ exit }) => [codeOf(exit), textOf(exit)] as const)
      const [code, text] = yield* run("--cluster=a")
      assert.strictEqual(code, 2)
      assert.include(text, "--cloud-config is needed")
      assert.include((yield* run("--cloud-config=a"))[1], "--cluster is needed")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.effect("is told by --help", () =>
    Effect.gen(function* () {
      const { exit, out } = yield* printing(runAudit(["--help"], {}))
      assert.strictEqual(codeOf(exit), 0)
      for (const flag of ["--cluster", "--without-kubernetes", "--json", "--grace", "kubectl"])
        assert.include(out, flag)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it("is documented, with every kind of finding", () => {
    const page = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8")
    for (const kind of findingKinds) assert.include(page, `\`${kind}\``)
  })
})

describe("a time ago", () => {
  it.each([
    [0, "just now"],
    [59_999, "just now"],
    [60_000, "1 minute ago"],
    [3_600_000, "1 hour ago"],
    [172_800_000, "2 days ago"]
  ])("is told in one unit: %s", (millis, text) => assert.strictEqual(agoText(millis), text))
})
