import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Logger, LogLevel, Schedule, type Scope, TestClock } from "effect"
import { makeClients } from "../../../src/adapters/kubernetes/clusterClient.ts"
import { layerNodesKubernetes, type NodesOptions } from "../../../src/adapters/kubernetes/NodesKubernetes.ts"
import { makeNodeCopy } from "../../../src/adapters/kubernetes/nodeCopy.ts"
import { toNode } from "../../../src/adapters/kubernetes/nodeWire.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { ClusterNodes } from "../../../src/ports/ClusterNodes.ts"
import { podAt } from "../../support/kubernetes/access.ts"
import { type KubernetesApi, kubernetesApi, refusal } from "../../support/kubernetes/kubernetesApi.ts"
import { wireNode } from "../../support/kubernetes/wireNode.ts"
import { live, temporaryFolder } from "../../support/wiredDriver.ts"

const driver = "cinder.csi.openstack.org"
const server = ServerId("11111111-1111-4111-8111-111111111111")
const since = new Date("2026-11-30T15:00:00Z")
const token = "secret-token-1"

/** The port in a pod of a cluster with three lost nodes. */
const inCluster = <A, E>(
  test: (
    api: KubernetesApi,
    nodes: ClusterNodes["Type"],
    serviceAccountFolder: string
  ) => Effect.Effect<A, E, Scope.Scope>,
  options: Partial<NodesOptions> = {}
) =>
  Effect.gen(function* () {
    const api = yield* kubernetesApi()
    api.tokens.add(token)
    for (const name of ["node-1", "node-2", "node-3"]) api.cluster.putNode(name, wireNode(server, "Unknown", since))
    const pod = yield* podAt(yield* temporaryFolder, api.port, token)
    const layer = layerNodesKubernetes({
      ...pod,
      kubeconfig: "",
      userAgent: "cinder-csi-plugin/test",
      driver,
      pause: Duration.millis(20),
      ...options
    })
    const nodes = yield* Effect.flatMap(Layer.build(layer), (built) => Effect.provide(ClusterNodes, built))
    return yield* test(api, nodes, pod.serviceAccountFolder)
  })

/** Asks again until it is so; the limit of the test is the limit. */
const until = <A, E>(effect: Effect.Effect<A, E>, isSo: (value: A) => boolean) =>
  Effect.repeat(Effect.option(effect), {
    until: (seen) => seen._tag === "Some" && isSo(seen.value),
    schedule: Schedule.spaced("5 millis")
  })

const namesOf = ({ list }: ClusterNodes["Type"]) => Effect.map(list, (all) => all.map(({ name }) => name).sort())
const shows = (nodes: ClusterNodes["Type"], ...names: ReadonlyArray<string>) =>
  until(namesOf(nodes), (seen) => seen.join() === names.join())
const watching = (api: KubernetesApi) => until(Effect.sync(api.cluster.watches), (open) => open === 1)
const watchRequests = (api: KubernetesApi) => api.seen.filter(({ query }) => query.get("watch") === "true")
const lists = (api: KubernetesApi) =>
  api.seen.filter(
    ({ path, query }) => path === "/api/v1/nodes" && query.get("watch") === null && !query.has("continue")
  )

describe("the nodes of the cluster", () => {
  live(
    "are read page by page and followed from there, with the pod's token",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        yield* shows(nodes, "node-1", "node-2", "node-3")
        yield* watching(api)
        api.cluster.putNode("node-4", wireNode(server, "True", since))
        yield* shows(nodes, "node-1", "node-2", "node-3", "node-4")
        api.cluster.removeNode("node-2")
        yield* shows(nodes, "node-1", "node-3", "node-4")
        api.cluster.putNode("node-1", wireNode(server, "True", since, "boot-2"))
        yield* until(nodes.list, (all) => all.find(({ name }) => name === "node-1")?.bootId === "boot-2")
        assert.strictEqual(lists(api).length, 1)
        assert.strictEqual(watchRequests(api).length, 1)
        assert.isTrue(api.seen.every(({ headers }) => headers.authorization === `Bearer ${token}`))
        assert.strictEqual(watchRequests(api)[0]?.query.get("allowWatchBookmarks"), "true")
      })
    )
  )

  live(
    "are followed on from the last bookmark when a watch ends, without a new list",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        yield* watching(api)
        api.cluster.putNode("node-4", wireNode(server, "True", since))
        yield* shows(nodes, "node-1", "node-2", "node-3", "node-4")
        const version = Number(api.cluster.node("node-4")?.metadata.resourceVersion)
        api.cluster.register("node-4", driver, server)
        api.cluster.putNode("node-5", wireNode(server, "True", since))
        api.cluster.bookmark()
        yield* shows(nodes, "node-1", "node-2", "node-3", "node-4", "node-5")
        api.cluster.endWatches("well")
        yield* watching(api)
        assert.strictEqual(watchRequests(api).at(-1)?.query.get("resourceVersion"), `${version + 1}`)
        assert.strictEqual(lists(api).length, 1)
      })
    )
  )

  live(
    "are read anew when their version is gone: told in the watch, and to the next one",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        yield* watching(api)
        api.cluster.compact()
        yield* watching(api)
        assert.strictEqual(lists(api).length, 2)
        api.cluster.endWatches("well")
        api.upset.push(refusal(410, "Expired", "too old resource version"))
        yield* until(
          Effect.sync(() => lists(api).length),
          (count) => count === 3
        )
        yield* watching(api)
        api.cluster.putNode("node-4", wireNode(server, "True", since))
        yield* shows(nodes, "node-1", "node-2", "node-3", "node-4")
      })
    )
  )

  it.effect("are not watched in a rush where each watch ends at once, or each version is gone", () =>
    inCluster(
      (api, nodes) =>
        Effect.gen(function* () {
          const watched = (count: number) =>
            Effect.repeat(nodes.get("node-1"), { until: () => watchRequests(api).length >= count })
          yield* watched(1)
          api.cluster.shortWatches.push("well", "gone", "well")
          api.cluster.endWatches("well")
          for (const count of [1, 2, 3, 4]) {
            yield* Effect.replicateEffect(nodes.get("node-1"), 20)
            assert.strictEqual(watchRequests(api).length, count)
            yield* TestClock.adjust("1 minute")
            yield* watched(count + 1)
          }
        }),
      { pause: Duration.minutes(1), silence: Duration.hours(1) }
    ).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer), Logger.withMinimumLogLevel(LogLevel.None))
  )

  live(
    "are read anew when the connection breaks, or is silent for too long",
    inCluster(
      (api, nodes) =>
        Effect.gen(function* () {
          yield* watching(api)
          api.cluster.endWatches("broken")
          yield* watching(api)
          api.cluster.deafen()
          api.cluster.removeNode("node-3")
          yield* shows(nodes, "node-1", "node-2")
        }),
      { silence: Duration.millis(300) }
    )
  )

  live(
    "are shown from the first answer on, and not as none before it",
    inCluster((_, nodes) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* namesOf(nodes), ["node-1", "node-2", "node-3"])
      })
    )
  )

  live(
    "are followed on after an answer that is no list of nodes",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        yield* watching(api)
        api.upset.push(...Array.from({ length: 1_000 }, () => ({ status: 200, body: { kind: "Status" } })))
        api.cluster.endWatches("broken")
        yield* Effect.repeat(Effect.either(nodes.list), {
          until: ({ _tag }) => _tag === "Left",
          schedule: Schedule.spaced("5 millis")
        })
        const error = yield* Effect.flip(nodes.list)
        assert.strictEqual(error.message, "could not follow the nodes: the answer of Kubernetes is no list of nodes")
        api.upset.splice(0)
        yield* watching(api)
        api.cluster.removeNode("node-3")
        yield* shows(nodes, "node-1", "node-2")
      })
    )
  )

  live(
    "are followed on after what should never happen, and not shown meanwhile",
    Effect.gen(function* () {
      const api = yield* kubernetesApi()
      api.tokens.add(token)
      api.cluster.putNode("node-1", wireNode(server, "Unknown", since))
      const pod = yield* podAt(yield* temporaryFolder, api.port, token)
      const clients = yield* makeClients({ ...pod, kubeconfig: "", userAgent: "x" })
      let broken = true
      const { current } = yield* makeNodeCopy({
        ...clients,
        toNode: (object) => {
          if (broken) throw new Error("broken")
          return toNode(driver)(object)
        },
        pause: Duration.millis(20),
        silence: Duration.minutes(2)
      })
      assert.strictEqual(yield* Effect.flip(current), "following the nodes failed; the log says why")
      broken = false
      yield* until(current, (all) => all.length === 1)
    })
  )

  live(
    "are not shown from memory while Kubernetes does not answer",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        yield* watching(api)
        api.tokens.delete(token)
        api.cluster.endWatches("broken")
        yield* Effect.repeat(Effect.either(nodes.list), {
          until: ({ _tag }) => _tag === "Left",
          schedule: Schedule.spaced("5 millis")
        })
        const error = yield* Effect.flip(nodes.list)
        assert.match(error.message, /^could not follow the nodes: Kubernetes answered 401: Unauthorized/)
        assert.notInclude(error.message, token)
        api.tokens.add(token)
        yield* shows(nodes, "node-1", "node-2", "node-3")
      })
    )
  )
})

describe("a token that no header can hold", () => {
  live(
    "is not in the log where it came when the nodes were watched",
    Effect.gen(function* () {
      const said: Array<string> = []
      yield* inCluster((api, _, folder) =>
        Effect.gen(function* () {
          yield* watching(api)
          yield* Effect.promise(() => writeFile(join(folder, "token"), "secret\u0007token"))
          api.cluster.endWatches("well")
          yield* Effect.repeat(
            Effect.sync(() => said.length),
            {
              until: (count) => count > 0,
              schedule: Schedule.spaced("5 millis")
            }
          )
        })
      ).pipe(
        Effect.provide(
          Logger.replace(
            Logger.defaultLogger,
            Logger.make(({ message }) => void said.push(String(message)))
          )
        ),
        Logger.withMinimumLogLevel(LogLevel.Debug)
      )
      assert.include(said[0], "watching the nodes: ")
      assert.notMatch(said.join(), /secret|token-/)
    })
  )

  const refused = [
    ["a control character", "secret\u0007token"],
    ["a line break", "secret\ntoken of another line"]
  ] as const
  it.live.each(refused)("is not quoted with %s, and the one that takes its place is used", ([_, bad]) =>
    Effect.gen(function* () {
      const api = yield* kubernetesApi()
      api.tokens.add(token)
      api.cluster.putNode("node-1", wireNode(server, "True", since))
      const pod = yield* podAt(yield* temporaryFolder, api.port, bad)
      const options = { ...pod, kubeconfig: "", userAgent: "x", driver, pause: Duration.millis(20) }
      const nodes = yield* Effect.flatMap(Layer.build(layerNodesKubernetes(options)), (built) =>
        Effect.provide(ClusterNodes, built)
      )
      const { message } = yield* Effect.flip(nodes.get("node-1"))
      assert.include(message, "Bearer <redacted>")
      assert.notMatch(message, /secret|token/)
      yield* Effect.promise(() => writeFile(join(pod.serviceAccountFolder, "token"), `${token}\n`))
      assert.strictEqual((yield* nodes.get("node-1")).name, "node-1")
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer), Logger.withMinimumLogLevel(LogLevel.None))
  )
})

describe("one node", () => {
  live(
    "is read as it is right now",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        const { resourceVersion, ...node } = yield* nodes.get("node-1")
        assert.strictEqual(resourceVersion, api.cluster.node("node-1")?.metadata.resourceVersion)
        assert.deepStrictEqual(node, {
          name: "node-1",
          uid: "uid of node-1",
          ready: "Unknown",
          readySince: since.getTime(),
          taints: [
            {
              key: "node.kubernetes.io/unreachable",
              value: undefined,
              effect: "NoExecute",
              timeAdded: "2026-11-30T15:00:00.000Z"
            }
          ],
          mark: undefined,
          bootId: "boot-1",
          providerServer: server,
          volumes: ["v1"],
          isControlPlane: false
        })
        assert.strictEqual((yield* Effect.flip(nodes.get("gone")))._tag, "NodeNotFound")
      })
    )
  )

  live(
    "is the server that the driver told kubelet",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        const node = yield* nodes.get("node-1")
        assert.isUndefined(yield* nodes.serverOf(node))
        api.cluster.register("node-1", "other", "x")
        assert.isUndefined(yield* nodes.serverOf(node))
        api.cluster.register("node-1", driver, server)
        assert.strictEqual(yield* nodes.serverOf(node), server)
      })
    )
  )

  live(
    "is not the server that an earlier node of its name was",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        api.cluster.register("node-1", driver, server)
        api.cluster.removeNode("node-1")
        api.cluster.putNode("node-1", { ...wireNode(server, "Unknown", since), metadata: { uid: "another uid" } })
        assert.isUndefined(yield* nodes.serverOf(yield* nodes.get("node-1")))
        api.cluster.register("node-1", driver, server)
        assert.strictEqual(yield* nodes.serverOf(yield* nodes.get("node-1")), server)
      })
    )
  )

  live(
    "is of the control plane where a label says so",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        for (const role of ["control-plane", "master"]) {
          api.cluster.putNode(role, { metadata: { uid: role, labels: { [`node-role.kubernetes.io/${role}`]: "" } } })
          assert.isTrue((yield* nodes.get(role)).isControlPlane)
        }
        api.cluster.putNode("worker", { metadata: { uid: "w", labels: { "node-role.kubernetes.io/worker": "" } } })
        assert.isFalse((yield* nodes.get("worker")).isControlPlane)
      })
    )
  )

  live(
    "gets the taint beside those it has, and loses it alone",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        const spec = () => api.cluster.node("node-1")?.["spec"]
        const before = spec()
        const mark = { serverId: server, bootId: "boot-1" }
        yield* nodes.taint(yield* nodes.get("node-1"), mark)
        const tainted = yield* nodes.get("node-1")
        assert.deepStrictEqual(
          tainted.taints.map(({ key, value }) => [key, value]),
          [
            ["node.kubernetes.io/unreachable", undefined],
            ["node.kubernetes.io/out-of-service", "cinder-csi-failover"]
          ]
        )
        assert.deepStrictEqual(tainted.mark, mark)
        assert.strictEqual(tainted.bootId, "boot-1")
        yield* nodes.removeTaint(tainted)
        assert.isUndefined((yield* nodes.get("node-1")).mark)
        assert.deepStrictEqual(JSON.parse(JSON.stringify(spec()).replaceAll(".000Z", "Z")), before)
      })
    )
  )

  live(
    "is not tainted when somebody changed it after it was read",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        const node = yield* nodes.get("node-1")
        api.cluster.putNode("node-1", wireNode(server, "True", since, "boot-2"))
        const error = yield* Effect.flip(nodes.taint(node, { serverId: server, bootId: "boot-1" }))
        assert.strictEqual(error._tag, "NodeChanged")
        assert.deepStrictEqual((yield* nodes.get("node-1")).taints, [])
        assert.strictEqual((yield* Effect.flip(nodes.removeTaint(node)))._tag, "NodeChanged")
      })
    )
  )

  live(
    "is not touched where the role does not allow it, and the message says so in one line",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        const node = yield* nodes.get("node-1")
        yield* watching(api)
        api.upset.push(refusal(403, "Forbidden", 'nodes "node-1" is forbidden:\nUser "x" cannot patch'))
        const error = yield* Effect.flip(nodes.taint(node, { serverId: server, bootId: "boot-1" }))
        assert.strictEqual(
          error.message,
          'could not taint node-1: Kubernetes answered 403: nodes "node-1" is forbidden: User "x" cannot patch'
        )
      })
    )
  )
})

const messageOf = <A, E extends Error>(request: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(request), ({ message }) => message)

describe("a request that is not answered", () => {
  live(
    "ends with its time limit, also where it may not be interrupted",
    inCluster(
      (api, nodes) =>
        Effect.gen(function* () {
          const node = yield* nodes.get("node-1")
          yield* watching(api)
          for (const request of [
            messageOf(nodes.get("node-1")),
            messageOf(Effect.uninterruptible(nodes.taint(node, { serverId: server, bootId: "boot-1" })))
          ]) {
            api.upset.push({ hang: true })
            assert.match(yield* request, /Kubernetes did not answer: .*aborted/)
          }
        }),
      { requestLimit: Duration.millis(300) }
    )
  )
})

describe("what is reported about a node", () => {
  const event = { type: "Warning", reason: "ServerRuns", note: "server x is ACTIVE" } as const
  live(
    "is one event that counts how often it was said, and a new one when Kubernetes has forgotten it",
    inCluster((api, nodes) =>
      Effect.gen(function* () {
        const node = yield* nodes.get("node-1")
        const told = () =>
          [...api.cluster.events.values()].map(({ reason, message, count }) => ({ reason, message, count }))
        yield* nodes.report(node, event)
        yield* nodes.report(node, event)
        yield* nodes.report(node, { ...event, note: "other" })
        assert.deepStrictEqual(told(), [
          { reason: "ServerRuns", message: "server x is ACTIVE", count: 2 },
          { reason: "ServerRuns", message: "other", count: 1 }
        ])
        const [first] = api.cluster.events.values()
        assert.deepInclude(first?.["involvedObject"], { kind: "Node", name: "node-1", uid: "uid of node-1" })
        api.cluster.forgetEvents()
        yield* nodes.report(node, event)
        assert.deepStrictEqual(told(), [{ reason: "ServerRuns", message: "server x is ACTIVE", count: 1 }])
      })
    )
  )
})

describe("a way to Kubernetes that cannot be used is refused at start", () => {
  const start = (options: Partial<NodesOptions>) =>
    Effect.flip(
      Layer.build(
        layerNodesKubernetes({
          kubeconfig: "",
          serviceHost: "",
          servicePort: "",
          serviceAccountFolder: "/nowhere",
          userAgent: "x",
          driver,
          ...options
        })
      )
    )
  live(
    "outside of a pod, and without a kubeconfig that can be read",
    Effect.gen(function* () {
      assert.include((yield* start({})).message, "cannot ask Kubernetes: this is no pod")
      assert.include((yield* start({ kubeconfig: "/nowhere/config" })).message, "/nowhere/config cannot be read")
    })
  )
})
