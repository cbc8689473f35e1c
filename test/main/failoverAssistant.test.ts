import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { FileSystem } from "@effect/platform"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, LogLevel, type Scope, TestClock } from "effect"
import { parseAllDocuments } from "yaml"
import { openStackServer } from "../../src/adapters/memory/http/server.ts"
import { type DiskBackend, layerNoDisks } from "../../src/adapters/memory/index.ts"
import { FailoverAssistant } from "../../src/domain/FailoverAssistant.ts"
import { layerAssistant } from "../../src/main/failover/failoverAssistant.ts"
import { readAssistantOptions } from "../../src/main/failover/options.ts"
import { podAt } from "../support/kubernetes/access.ts"
import { kubernetesApi, refusal } from "../support/kubernetes/kubernetesApi.ts"
import { rightsGiven, rightsUsed } from "../support/kubernetes/rights.ts"
import { wireNode } from "../support/kubernetes/wireNode.ts"
import { cloudConf, temporaryFolder } from "../support/wiredDriver.ts"

const server = "11111111-1111-4111-8111-111111111111"
const driver = "cinder.csi.openstack.org"
const since = new Date("2026-11-30T15:00:00Z")

const optionsOf = (...flags: ReadonlyArray<string>) => readAssistantOptions(flags, {})

/** Gives sockets a turn; the clock of the test stands still meanwhile. */
const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
const untilSo = (isSo: () => boolean) => Effect.repeat(turn, { until: isSo })

/** The assistant as `main` wires it, between a cluster and a cloud that both speak HTTP. */
const assisting = (settings: string) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(since.getTime())
    const cloud = yield* openStackServer({ world: { servers: [{ id: server, name: "node-1" }] } })
    const api = yield* kubernetesApi()
    api.tokens.add("t")
    const root = yield* temporaryFolder
    const pod = yield* podAt(root, api.port, "t")
    const config = join(root, "cloud.conf")
    yield* Effect.promise(() => writeFile(config, `${cloudConf(cloud.authUrl)}[FailoverAssistant]\n${settings}\n`))
    for (const name of ["node-1", "node-2", "node-3"]) api.cluster.putNode(name, wireNode(server, "True", since))
    api.cluster.register("node-1", driver, server)
    const options = yield* optionsOf(`--cloud-config=${config}`)
    if (options === undefined) return yield* Effect.dieMessage("these are no flags that ask for help")
    const { look } = yield* Effect.flatMap(Layer.build(layerAssistant(options, pod)), (built) =>
      Effect.provide(FailoverAssistant, built)
    )
    yield* untilSo(() => api.cluster.watches() === 1)
    const put = (change: Parameters<typeof api.cluster.putNode>[1]) =>
      Effect.sync(() => api.cluster.putNode("node-1", change))
    const isRead = () => api.count("GET", "/api/v1/nodes/node-1") > 0
    const node = () => JSON.stringify(api.cluster.node("node-1"))
    return {
      api,
      node,
      reasons: () => [...api.cluster.events.values()].map(({ reason }) => reason),
      /** What controllers and kubelet write on the node. */
      lose: Effect.gen(function* () {
        yield* put(wireNode(server, "Unknown", since))
        yield* Effect.repeat(Effect.zipRight(turn, look), { until: isRead })
      }),
      comeBack: (bootId: string) => put({ status: wireNode(server, "True", since, bootId).status }),
      lookAfter: (seconds: number) => Effect.zipRight(TestClock.adjust(`${seconds} seconds`), look)
    }
  })

const inTime = <A, E>(name: string, test: Effect.Effect<A, E, Scope.Scope | FileSystem.FileSystem | DiskBackend>) =>
  it.effect(name, () =>
    test.pipe(
      Effect.scoped,
      Effect.provide(Layer.merge(NodeFileSystem.layer, layerNoDisks)),
      Logger.withMinimumLogLevel(LogLevel.None)
    )
  )

describe("the failover assistant in a cluster and a cloud", () => {
  inTime(
    "stops a server that runs, gives its node up when it is off, and takes it back from another boot",
    Effect.gen(function* () {
      const { node, reasons, lose, comeBack, lookAfter } = yield* assisting("stop-servers = true")
      yield* lookAfter(0)
      yield* lose
      for (const seconds of [60, 20, 40]) yield* lookAfter(seconds)
      assert.deepStrictEqual(reasons(), ["StoppingServer"])
      for (const seconds of [10, 40]) yield* lookAfter(seconds)
      assert.deepStrictEqual(reasons(), ["StoppingServer", "OutOfService"])
      assert.include(node(), "node.kubernetes.io/out-of-service")
      assert.include(node(), "node.kubernetes.io/unreachable")
      yield* comeBack("boot-1")
      yield* lookAfter(10)
      assert.include(node(), "node.kubernetes.io/out-of-service")
      yield* comeBack("boot-2")
      yield* lookAfter(10)
      assert.notInclude(node(), "out-of-service")
      assert.notInclude(node(), "cinder.csi.openstack.org/failover")
      assert.deepStrictEqual(reasons(), ["StoppingServer", "OutOfService", "SameBoot", "BackInService"])
    })
  )

  inTime(
    "gives a node up after a conflict with another change, and also where it may write no Events",
    Effect.gen(function* () {
      const { api, node, reasons, lose, lookAfter } = yield* assisting("stop-servers = true")
      yield* lose
      for (const seconds of [60, 40, 10]) yield* lookAfter(seconds)
      api.refuseNext("PATCH", refusal(409, "Conflict", "the object has been modified"))
      yield* lookAfter(40)
      assert.notInclude(node(), "out-of-service")
      api.refuseNext("POST", refusal(403, "Forbidden", "events is forbidden"))
      yield* lookAfter(10)
      assert.include(node(), "node.kubernetes.io/out-of-service")
      assert.strictEqual(api.count("PATCH", "/api/v1/nodes/node-1"), 2)
      assert.deepStrictEqual(reasons(), ["StoppingServer"])
    })
  )

  inTime(
    "leaves a server that runs alone unless it is told otherwise",
    Effect.gen(function* () {
      const { node, reasons, lose, lookAfter } = yield* assisting("")
      yield* lose
      for (const seconds of [60, 40, 40]) yield* lookAfter(seconds)
      assert.deepStrictEqual(reasons(), ["ServerRuns"])
      assert.notInclude(node(), "out-of-service")
    })
  )

  inTime(
    "does nothing on a dry run but say what it would do",
    Effect.gen(function* () {
      const { node, reasons, lose, lookAfter } = yield* assisting("stop-servers = true\ndry-run = true")
      yield* lose
      for (const seconds of [60, 40, 40]) yield* lookAfter(seconds)
      assert.deepStrictEqual(reasons(), ["DryRunStoppingServer"])
      assert.notInclude(node(), "out-of-service")
    })
  )
})

describe("the manifest of the failover assistant", () => {
  const file = join(
    import.meta.dirname,
    "../../deploy/kubernetes/components/failover-assistant/failover-assistant.yaml"
  )
  const objects = parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS())
  const ofKind = (kind: string) => objects.filter((object) => object.kind === kind)

  inTime(
    "gives it the rights that it uses and no others",
    Effect.gen(function* () {
      const { api, lose, comeBack, lookAfter } = yield* assisting("stop-servers = true")
      yield* lose
      for (const seconds of [60, 40, 10, 40]) yield* lookAfter(seconds)
      yield* comeBack("boot-1")
      for (const seconds of [10, 610]) yield* lookAfter(seconds)
      yield* comeBack("boot-2")
      yield* lookAfter(10)
      assert.deepStrictEqual(rightsGiven([...ofKind("ClusterRole"), ...ofKind("Role")]), rightsUsed(api.seen))
    })
  )

  inTime(
    "starts it on a dry run, with arguments and settings that it takes",
    Effect.gen(function* () {
      const [{ args }] = ofKind("Deployment")[0].spec.template.spec.containers
      assert.strictEqual(args[0], "/bin/cinder-csi-plugin")
      assert.strictEqual(args[1], "failover-assistant")
      const options = yield* optionsOf(...args.slice(2))
      assert.deepStrictEqual(options?.cloudConfig, ["/etc/config/cloud.conf", "/etc/failover/failover.conf"])
      assert.include(ofKind("ConfigMap")[0].data["failover.conf"], "dry-run = true")
    })
  )
})

describe("the flags and settings of the failover assistant", () => {
  inTime(
    "are refused where it could not do its work, with what is accepted",
    Effect.gen(function* () {
      assert.include((yield* Effect.flip(optionsOf())).message, "--cloud-config is needed")
      assert.include((yield* Effect.flip(optionsOf("--nope"))).message, "failover-assistant --help")
      assert.isUndefined(yield* optionsOf("--help"))
      const bad = yield* Effect.flip(assisting("between-readings = 9s\nlost-after = soon\nstop-servers = maybe"))
      for (const key of ["between-readings", "lost-after", "stop-servers"]) assert.include(bad.message, key)
      assert.include(bad.message, '"9s" is not accepted; write a duration of at least 10s')
    })
  )
})
