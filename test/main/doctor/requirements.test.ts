import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { printedBy } from "../../../scripts/docs/subcommandHelp.ts"
import { ca, server } from "../../support/certificates.ts"
import {
  assertOnlyReads,
  cloudToAsk,
  consult,
  consultJson,
  findingIn,
  inTheCloud,
  statusIn
} from "../../support/doctor.ts"
import { cloudConf, startWired } from "../../support/wiredDriver.ts"

const noNode = "--provide-node-service=false"

describe("the doctor on a cloud that has what the driver needs", () => {
  inTheCloud(
    "finds nothing in the way, asks for nothing but to see, and ends with 0",
    Effect.gen(function* () {
      const { cloud, config } = yield* cloudToAsk()
      const report = yield* consultJson([noNode, `--cloud-config=${config}`])
      assert.deepStrictEqual(
        report.findings.filter(({ status }) => status !== "ok").map(({ id, status }) => `${id} ${status}`),
        [`cloud.tls.127.0.0.1:${new URL(cloud.authUrl).port} skipped`, "kubernetes.classes skipped"]
      )
      assert.strictEqual(report.exitCode, 0)
      assert.include(findingIn(report, "config.cloud-conf").evidence.join(), "[Global]: auth-url, username, password")
      assert.isAtLeast(yield* cloud.requests.total, 15)
      yield* assertOnlyReads(cloud)
    })
  )

  inTheCloud(
    "says it in lines that fit a terminal",
    Effect.gen(function* () {
      const { config } = yield* cloudToAsk()
      const { code, out } = yield* consult([noNode, `--cloud-config=${config}`])
      assert.strictEqual(code, 0)
      assert.include(out, "ok        Keystone lets the driver in")
      const long = out.split("\n").filter((line) => line.length > 100 && !/^\s+\S+$/.test(line))
      assert.deepStrictEqual(long, [])
    })
  )

  inTheCloud(
    "takes the configuration that the environment names",
    Effect.gen(function* () {
      const { config } = yield* cloudToAsk()
      assert.strictEqual((yield* consultJson([noNode], { CLOUD_CONFIG: config })).exitCode, 0)
    })
  )
})

describe("the doctor on a cloud in trouble", () => {
  inTheCloud(
    "tells a login that is refused, and leaves what depends on it",
    Effect.gen(function* () {
      const { cloud, config } = yield* cloudToAsk({}, {}, (url) => cloudConf(url, "sentinel-password"))
      const report = yield* consultJson([noNode, `--cloud-config=${config}`])
      assert.strictEqual(report.exitCode, 1)
      assert.strictEqual(statusIn(report, "cloud.keystone"), "ok")
      assert.strictEqual(statusIn(report, "cloud.login"), "failed")
      for (const id of ["cloud.endpoint.nova", "cloud.quota", "cloud.zones"]) {
        assert.deepStrictEqual(findingIn(report, id).evidence, ["there is no login"])
      }
      assert.strictEqual((yield* cloud.requests.counts)["identity POST /v3/auth/tokens"], 1)
    })
  )

  inTheCloud(
    "goes on where one service is missing, refuses, or is too old",
    Effect.gen(function* () {
      const { cloud, config } = yield* cloudToAsk({}, { microversions: { volume: "3.40" } })
      yield* cloud.faults.add({
        service: "compute",
        path: /\/servers/,
        status: 403,
        body: { forbidden: { code: 403, message: "Policy doesn't allow it." } }
      })
      const report = yield* consultJson([noNode, `--cloud-config=${config}`])
      const versions = findingIn(report, "cloud.versions.cinder")
      assert.strictEqual(versions.status, "warning")
      assert.include(versions.evidence.join(), "without 3.42: a claim grows only while no pod uses it")
      assert.strictEqual(statusIn(report, "cloud.rights.nova"), "failed")
      assert.include(findingIn(report, "cloud.rights.nova").remedy, "role")
      assert.strictEqual(statusIn(report, "cloud.rights.cinder"), "ok")
    })
  )

  inTheCloud(
    "names the regions of the catalogue where the one that is configured has nothing",
    Effect.gen(function* () {
      const { config } = yield* cloudToAsk({}, {}, (url) => `${cloudConf(url)}region = Elsewhere\n`)
      const report = yield* consultJson([noNode, `--cloud-config=${config}`])
      const endpoint = findingIn(report, "cloud.endpoint.cinder")
      assert.strictEqual(endpoint.status, "failed")
      assert.include(endpoint.evidence.join(), "RegionOne")
      assert.strictEqual(statusIn(report, "cloud.versions.cinder"), "skipped")
    })
  )

  inTheCloud(
    "ends although nobody answers, within the time that each answer gets",
    Effect.gen(function* () {
      const { cloud, config } = yield* cloudToAsk()
      yield* cloud.faults.add({ service: "volume", path: /os-availability-zone|types/, delay: "1 hour" })
      const report = yield* consultJson([noNode, `--cloud-config=${config}`, "--timeout=300ms"])
      for (const id of ["cloud.zones", "cloud.types"]) {
        assert.include(findingIn(report, id).evidence.join(), "no answer within 300ms")
      }
      assert.strictEqual(statusIn(report, "cloud.quota"), "ok")
      yield* cloud.faults.clear
    })
  )

  inTheCloud(
    "warns of quotas that are nearly used up, of clocks that differ and of filters that are dropped",
    Effect.gen(function* () {
      const { cloud, config, world } = yield* cloudToAsk({ quotas: { volumes: 10, gigabytes: 100 } })
      yield* Effect.forEach(Array(10), () => world.cinder.createVolume({ name: "v", sizeGiB: 1 }))
      const late = new Date(Date.now() + 120_000).toUTCString()
      yield* cloud.faults.add({ service: "identity", method: "GET", headers: { Date: late } })
      yield* cloud.faults.add({
        service: "volume",
        path: /\/snapshots\?/,
        status: 200,
        body: { snapshots: [{ id: "s" }] }
      })
      const report = yield* consultJson([noNode, `--cloud-config=${config}`])
      assert.strictEqual(statusIn(report, "cloud.quota"), "failed")
      assert.include(findingIn(report, "cloud.quota").evidence, "volumes: 10 of 10 used, 0 left")
      assert.strictEqual(statusIn(report, "cloud.clock"), "warning")
      assert.include(findingIn(report, "cloud.clock").evidence.join(), "2m apart: Keystone is ahead")
      assert.strictEqual(statusIn(report, "cloud.filter.snapshots-by-name"), "warning")
      assert.strictEqual(statusIn(report, "cloud.filter.volumes-by-name"), "ok")
    })
  )
})

describe("the doctor on a cloud behind TLS", () => {
  const tls = { cert: server.cert, key: server.key }

  inTheCloud(
    "shows whose certificate it is, and that nobody trusts it without its authority",
    Effect.gen(function* () {
      const { config, folder, cloud } = yield* cloudToAsk({}, { tls }, (url) => `${cloudConf(url)}ca-file = ca.pem\n`)
      const id = `cloud.tls.${new URL(cloud.authUrl).host}`
      const trusting = (yield* Effect.promise(() => readFile(config, "utf8"))).replace("ca.pem", join(folder, "ca.pem"))
      yield* Effect.promise(async () => {
        await writeFile(join(folder, "ca.pem"), ca)
        await writeFile(config, trusting)
      })
      const trusted = yield* consultJson([noNode, `--cloud-config=${config}`])
      assert.strictEqual(statusIn(trusted, id), "ok")
      assert.include(findingIn(trusted, id).evidence.join(), "signed by test-ca, until 2126-")
      assert.strictEqual(trusted.exitCode, 0)
      yield* Effect.promise(() => writeFile(config, trusting.replace(/ca-file.*/, "")))
      const distrusted = yield* consultJson([noNode, `--cloud-config=${config}`])
      assert.strictEqual(statusIn(distrusted, id), "failed")
      assert.include(findingIn(distrusted, id).remedy, "ca-file")
      assert.strictEqual(statusIn(distrusted, "cloud.keystone"), "failed")
      assert.strictEqual(statusIn(distrusted, "cloud.quota"), "skipped")
    })
  )
})

describe("the doctor without a configuration that can be used", () => {
  inTheCloud(
    "says file, line and column, and ends with 2",
    Effect.gen(function* () {
      const { config } = yield* cloudToAsk({}, {}, () => '[Global]\nauth-url = "http://x\n')
      const { code, out } = yield* consult([noNode, `--cloud-config=${config}`])
      assert.strictEqual(code, 2)
      assert.include(out.replace(/\s+/g, " "), `${config}:2:12: the quote is not closed on this line`)
    })
  )

  inTheCloud(
    "names the key that was meant, and the section that is not there",
    Effect.gen(function* () {
      const { config } = yield* cloudToAsk({}, {}, (url) => `${cloudConf(url)}reigon = here\n`)
      const report = yield* consultJson([noNode, `--cloud-config=${config}`])
      assert.include(findingIn(report, "config.cloud-conf").evidence.join(), "did you mean region?")
      const other = yield* consultJson([noNode, `--cloud-config=${config}`, "--cloud-name=two"])
      assert.strictEqual(other.exitCode, 2)
      assert.include(findingIn(other, "config.cloud").evidence.join(), 'found no [Global "two"] settings')
    })
  )

  inTheCloud(
    "says what it takes where the arguments make no sense",
    Effect.gen(function* () {
      const refused = (...argv: ReadonlyArray<string>) =>
        Effect.map(consult(argv), ({ code, err }) => {
          assert.strictEqual(code, 2)
          return err
        })
      assert.include(yield* refused("pvcs/data"), "is nothing that can be looked at")
      assert.include(yield* refused("vol", "x"), "write pvc NAMESPACE/NAME, pv NAME")
      assert.include(yield* refused("volmue", "x"), "did you mean volume?")
      assert.include(yield* refused("pvc", "data"), "write pvc NAMESPACE/NAME")
      assert.include(yield* refused("pv", "a/b"), "it is in no namespace")
      assert.include(yield* refused("volume"), "volume needs a name")
      assert.include(yield* refused("--timeout=soon"), "--timeout")
      assert.include(yield* refused("--nope"), "--help")
      const out = yield* printedBy(consult(["--help"]))
      assert.include(out, "doctor pvc NAMESPACE/NAME")
      assert.deepStrictEqual(
        out.split("\n").filter((line) => line.length > 128),
        []
      )
    })
  )
})

describe("the doctor and secrets", () => {
  const sentinel = "SeNtInEl-7c1f"

  inTheCloud(
    "never shows one, whatever goes wrong",
    Effect.gen(function* () {
      const broken = [
        (url: string) => cloudConf(url, sentinel),
        (url: string) => `${cloudConf(url, sentinel)}use-clouds = maybe\n`,
        (url: string) => `[Global]\nauth-url = ${url}\npassword = "${sentinel}\n`,
        (url: string) => `[Global]\nauth-url = ${url}\npassword = a\n${sentinel}\n`,
        (url: string) => `[Global]\nauth-url = ${url}\ntoken = "${sentinel}"\n`,
        (url: string) =>
          `[Global]\nauth-url = ${url}\napplication-credential-id = x\napplication-credential-secret = "${sentinel}"\n`
      ]
      for (const conf of broken) {
        const { cloud, config } = yield* cloudToAsk({}, {}, conf)
        const said = Effect.forEach([[], ["--json"]], (more) => consult([noNode, `--cloud-config=${config}`, ...more]))
        const echo = { error: { code: 401, message: `no ${sentinel} here`, title: "Unauthorized" } }
        const first = yield* said
        yield* cloud.faults.add({ service: "identity", method: "POST", status: 401, body: echo })
        for (const { out, err } of [...first, ...(yield* said)]) assert.notInclude(`${out}${err}`, sentinel)
      }
    })
  )
})

describe("the doctor on a node", () => {
  inTheCloud(
    "compares who the node is with Nova, and looks at its folders and programs",
    Effect.gen(function* () {
      const id = "11111111-1111-4111-8111-111111111111"
      const { cloud, config, folder } = yield* cloudToAsk({ servers: [{ id, name: "node-1" }] })
      const cloudRoot = join(folder, "cloud-init")
      yield* Effect.promise(async () => {
        await mkdir(join(cloudRoot, "data"), { recursive: true })
        await mkdir(join(folder, "kubelet", "plugins_registry"), { recursive: true })
        await writeFile(join(cloudRoot, "data", "instance-id"), `${id}\n`)
      })
      const metadata = { baseUrls: [cloud.metadataUrl], cloudRoot, sysRoot: folder, devRoot: folder }
      const flags = ["--node", `--kubelet-dir=${join(folder, "kubelet")}`, `--cloud-config=${config}`]
      const report = yield* consultJson(flags, {}, { node: { metadata } })
      assert.strictEqual(statusIn(report, "node.identity"), "ok")
      assert.include(findingIn(report, "node.identity").evidence.join(), `cloud-init: ${id}`)
      assert.include(findingIn(report, "node.server").evidence.join(), "node-1: ACTIVE")
      assert.strictEqual(statusIn(report, "node.registration"), "ok")
      assert.strictEqual(statusIn(report, "node.plugin"), "skipped")
      assert.include(findingIn(report, "node.tools").evidence.join(), "mount: ")

      yield* Effect.promise(() => writeFile(join(cloudRoot, "data", "instance-id"), id.replaceAll("1", "2")))
      const cloned = yield* consultJson(flags, {}, { node: { metadata } })
      assert.strictEqual(statusIn(cloned, "node.identity"), "failed")
      assert.strictEqual(statusIn(cloned, "node.server"), "skipped")
      yield* assertOnlyReads(cloud)
    })
  )

  inTheCloud(
    "asks the plugin that runs there who it is",
    Effect.gen(function* () {
      const id = "11111111-1111-4111-8111-111111111111"
      const { cloud, folder } = yield* cloudToAsk({ servers: [{ id, name: "node-1" }] })
      const metadata = { baseUrls: [cloud.metadataUrl], cloudRoot: folder, sysRoot: folder, devRoot: folder }
      const { socket } = yield* startWired("", ["--provide-controller-service=false"], { metadata })
      const silent = { ...metadata, baseUrls: [] }
      const ask = (path: string) =>
        consultJson(["--node", `--endpoint=unix://${path}`], {}, { node: { metadata: silent } })
      const report = yield* ask(socket)
      assert.strictEqual(statusIn(report, "node.plugin"), "ok")
      assert.include(findingIn(report, "node.plugin").evidence.join(), `node ${id}`)
      assert.strictEqual(statusIn(report, "node.identity"), "ok")
      const dead = join(folder, "dead.sock")
      yield* Effect.promise(() => writeFile(dead, ""))
      assert.strictEqual(statusIn(yield* ask(dead), "node.plugin"), "failed")
    })
  )
})
