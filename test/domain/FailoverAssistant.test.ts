import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer, Logger, LogLevel, type Scope, TestClock } from "effect"
import { layerCloudMemory, layerServerPowerMemory, World } from "../../src/adapters/memory/index.ts"
import { WorldFault } from "../../src/adapters/memory/worldErrors.ts"
import { FailoverAssistant } from "../../src/domain/FailoverAssistant.ts"
import { type FailoverOptions, FailoverSettings } from "../../src/domain/FailoverSettings.ts"
import { ServerId } from "../../src/domain/Server.ts"
import type { ClusterNodes } from "../../src/ports/ClusterNodes.ts"
import { ServerPower } from "../../src/ports/ServerPower.ts"
import { type Cluster, clusterInMemory } from "../support/clusterInMemory.ts"

const ours = "node.kubernetes.io/out-of-service=cinder-csi-failover"

const defaults: FailoverOptions = {
  lostAfter: Duration.seconds(60),
  betweenReadings: Duration.seconds(30),
  stopServers: false,
  dryRun: false
}

type Needs = ClusterNodes | ServerPower | FailoverSettings | Scope.Scope

/** Another process of the assistant, which remembers nothing of an earlier one. */
const begin: Effect.Effect<Fiber.RuntimeFiber<never>, never, Needs> = Effect.flatMap(FailoverAssistant, ({ run }) =>
  Effect.forkScoped(run)
).pipe(Effect.provide(Layer.fresh(FailoverAssistant.layer)))

/** Three nodes of a cluster, each a server of a World, and nobody who watches them, in virtual time. */
const inCloud = <A, E>(
  test: (cluster: Cluster, server: ServerId, world: World["Type"]) => Effect.Effect<A, E, Needs>,
  options: Partial<FailoverOptions> = {}
) => {
  const cluster = clusterInMemory()
  const cloud = layerCloudMemory({ servers: ["node-1", "node-2", "node-3"].map((name) => ({ name })) })
  return Effect.gen(function* () {
    const world = yield* World
    for (const name of ["node-1", "node-2", "node-3"]) {
      const server = ServerId((yield* world.control.lookUpServer(name))?.id ?? "")
      cluster.plugins.set(name, server)
      yield* cluster.put(name, { ready: "True", providerServer: server, bootId: "boot-1" })
    }
    return yield* test(cluster, cluster.plugins.get("node-1") ?? ServerId(""), world)
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        cluster.layer,
        Layer.succeed(FailoverSettings, { ...defaults, ...options }),
        layerServerPowerMemory
      ).pipe(Layer.provideMerge(cloud))
    ),
    Effect.scoped,
    Logger.withMinimumLogLevel(LogLevel.None)
  )
}

/** As `inCloud`, watched by an assistant from the beginning. */
const watched = <A, E>(
  test: (cluster: Cluster, server: ServerId, world: World["Type"]) => Effect.Effect<A, E, Needs>,
  options: Partial<FailoverOptions> = {}
) => inCloud((...cloud) => Effect.zipRight(begin, test(...cloud)), options)

const lose = (cluster: Cluster, name = "node-1") => cluster.put(name, { ready: "Unknown" })
const reasons = (cluster: Cluster) => cluster.events.map(({ reason }) => reason)
const minutes = (count: number) => TestClock.adjust(`${count} minutes`)

describe("a node whose server was stopped", () => {
  it.effect("is tainted after two readings, and no longer when it is back with another boot", () =>
    watched((cluster, server, { control }) =>
      Effect.gen(function* () {
        yield* control.setServer(server, { vmState: "stopped" })
        yield* lose(cluster)
        yield* TestClock.adjust("89 seconds")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        yield* TestClock.adjust("11 seconds")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
        assert.deepStrictEqual(reasons(cluster), ["OutOfService"])

        yield* control.setServer(server, { vmState: "active" })
        yield* minutes(1)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
        yield* cluster.put("node-1", { ready: "True", bootId: "boot-2" })
        yield* minutes(1)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        assert.deepStrictEqual(reasons(cluster), ["OutOfService", "BackInService"])
        assert.deepStrictEqual(cluster.taintsOf("node-2"), [])
      })
    )
  )

  it.effect("is tainted also where it was evacuated meanwhile, and the event says so", () =>
    watched((cluster, server, { control }) =>
      Effect.gen(function* () {
        yield* lose(cluster)
        yield* control.setServer(server, { computeUp: false })
        yield* minutes(3)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        yield* control.setServer(server, { taskState: "rebuilding" })
        yield* minutes(3)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        yield* control.setServer(server, { host: "other", computeUp: true, vmState: "stopped", taskState: undefined })
        yield* minutes(1)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
        assert.include(cluster.events.at(-1)?.note, "on the compute host that it was moved to")
      })
    )
  )

  it.effect("is tainted where the driver is registered no more, as after a shutdown in good order", () =>
    watched((cluster, server, { control }) =>
      Effect.gen(function* () {
        cluster.plugins.delete("node-1")
        yield* control.setServer(server, { vmState: "stopped" })
        yield* lose(cluster)
        yield* minutes(2)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
      })
    )
  )

  it.effect("is explained where nobody says which server it is", () =>
    watched((cluster, server, { control }) =>
      Effect.gen(function* () {
        cluster.plugins.delete("node-1")
        yield* cluster.put("node-1", { providerServer: undefined })
        yield* control.setServer(server, { vmState: "stopped" })
        yield* lose(cluster)
        yield* minutes(5)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        assert.deepStrictEqual(reasons(cluster), ["ServerUnknown"])
      })
    )
  )

  it.effect("stays tainted when it comes back and its boot is the one that was found off", () =>
    watched((cluster, server, { control }) =>
      Effect.gen(function* () {
        yield* control.setServer(server, { vmState: "stopped" })
        yield* lose(cluster)
        yield* minutes(2)
        yield* cluster.put("node-1", { ready: "True" })
        yield* minutes(2)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
        assert.deepStrictEqual(reasons(cluster), ["OutOfService", "SameBoot"])
      })
    )
  )

  it.effect("is read anew when it was started and stopped between two readings", () =>
    watched((cluster, server, { control }) =>
      Effect.gen(function* () {
        yield* control.setServer(server, { vmState: "stopped" })
        yield* lose(cluster)
        yield* TestClock.adjust("85 seconds")
        yield* control.setServer(server, { vmState: "active" })
        yield* control.setServer(server, { vmState: "stopped" })
        yield* TestClock.adjust("25 seconds")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        yield* TestClock.adjust("20 seconds")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
      })
    )
  )

  it.effect("is read anew after Nova did not answer", () =>
    watched((cluster, server, { control, faults }) =>
      Effect.gen(function* () {
        yield* control.setServer(server, { vmState: "stopped" })
        yield* lose(cluster)
        yield* TestClock.adjust("85 seconds")
        const fault = new WorldFault({ status: 503, kind: "computeFault", message: "away" })
        yield* Effect.forEach([1, 2, 3, 4], () => faults.failCall({ call: "showServer", fault }))
        yield* TestClock.adjust("25 seconds")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
      })
    )
  )

  it.effect("is looked at again where somebody else changed the node at the same time", () =>
    watched((cluster, server, { control }) =>
      Effect.gen(function* () {
        yield* control.setServer(server, { vmState: "stopped" })
        cluster.interfere.next = cluster.put("node-1", {
          taints: [{ key: "other", value: "x", effect: "NoSchedule" }]
        })
        yield* lose(cluster)
        yield* minutes(2)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), ["other=x", ours])
      })
    )
  )

  it.effect("is not tainted when kubelet is heard of right before", () =>
    watched((cluster, server, { control }) =>
      Effect.gen(function* () {
        yield* control.setServer(server, { vmState: "stopped" })
        cluster.interfere.next = cluster.put("node-1", { ready: "True" })
        yield* lose(cluster)
        yield* minutes(5)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        assert.deepStrictEqual(reasons(cluster), [])
      })
    )
  )
})

/** A clock whose time of the day somebody sets, beside the one that the test moves. */
const settable = Effect.map(Effect.clock, (clock) => {
  const skew = { millis: 0 }
  const skewed: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + skew.millis,
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + skew.millis),
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    currentTimeNanos: clock.currentTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
  return { skew, skewed }
})

describe("a clock that is set", () => {
  it.effect("puts no two readings apart that are not", () =>
    inCloud((cluster, server, { control }) =>
      Effect.gen(function* () {
        const { skew, skewed } = yield* settable
        yield* Effect.withClock(begin, skewed)
        yield* control.setServer(server, { vmState: "stopped" })
        yield* lose(cluster)
        yield* TestClock.adjust("65 seconds")
        skew.millis = 3_600_000
        yield* TestClock.adjust("20 seconds")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
      })
    )
  )

  it.effect("does not silence what is to be said", () =>
    inCloud((cluster) =>
      Effect.gen(function* () {
        const { skew, skewed } = yield* settable
        yield* Effect.withClock(begin, skewed)
        yield* lose(cluster)
        yield* minutes(2)
        skew.millis = -100_000
        yield* minutes(10)
        assert.deepStrictEqual(reasons(cluster), ["ServerRuns", "ServerRuns"])
      })
    )
  )
})

describe("another process of the assistant", () => {
  it.effect("that takes over between two readings begins with the first, and knows the other one's taint", () =>
    inCloud((cluster, server, { control }) =>
      Effect.gen(function* () {
        const before = yield* begin
        yield* control.setServer(server, { vmState: "stopped" })
        yield* lose(cluster)
        yield* TestClock.adjust("85 seconds")
        yield* Fiber.interrupt(before)
        const next = yield* begin
        yield* TestClock.adjust("29 seconds")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
        yield* Fiber.interrupt(next)
        yield* cluster.put("node-1", { ready: "True", bootId: "boot-2" })
        yield* begin
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
      })
    )
  )

  it.effect("at the same time does no more than one alone", () =>
    inCloud(
      (cluster, server, { control, calls }) =>
        Effect.gen(function* () {
          yield* begin
          yield* begin
          yield* lose(cluster)
          yield* minutes(4)
          assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
          // The second request comes to a server that is being stopped, and Nova refuses it.
          assert.isAtMost((yield* calls.counts).stopServer ?? 0, 2)
          yield* control.setServer(server, { vmState: "active" })
          yield* cluster.put("node-1", { ready: "True", bootId: "boot-2" })
          yield* minutes(4)
          assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
          assert.isAtMost((yield* calls.counts).stopServer ?? 0, 2)
        }),
      { stopServers: true }
    )
  )
})

describe("a node whose server runs", () => {
  it.effect("is explained, once in ten minutes, and left alone", () =>
    watched((cluster, _, { calls }) =>
      Effect.gen(function* () {
        yield* lose(cluster)
        yield* minutes(9)
        assert.deepStrictEqual(reasons(cluster), ["ServerRuns"])
        yield* minutes(4)
        assert.deepStrictEqual(reasons(cluster), ["ServerRuns", "ServerRuns"])
        assert.notProperty(yield* calls.counts, "stopServer")
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
      })
    )
  )

  it.effect("is stopped once where that is wanted, and tainted when it is off", () =>
    watched(
      (cluster, _, { calls }) =>
        Effect.gen(function* () {
          yield* lose(cluster)
          yield* minutes(4)
          assert.deepStrictEqual((yield* calls.counts).stopServer, 1)
          assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
          assert.deepStrictEqual(reasons(cluster), ["StoppingServer", "OutOfService"])
        }),
      { stopServers: true }
    )
  )

  it.effect("on a dead host is not taken for stopped, however long it takes", () =>
    watched(
      (cluster, server, { control, calls }) =>
        Effect.gen(function* () {
          yield* control.setServer(server, { computeUp: false })
          yield* lose(cluster)
          yield* minutes(60)
          assert.deepStrictEqual((yield* calls.counts).stopServer, 1)
          assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
          assert.deepStrictEqual([...new Set(reasons(cluster))], ["StoppingServer", "ServerBusy"])
        }),
      { stopServers: true }
    )
  )

  it.effect("is not asked to stop again when the answer was lost", () =>
    watched(
      (cluster, _, { faults, calls }) =>
        Effect.gen(function* () {
          const fault = new WorldFault({ status: 500, kind: "computeFault", message: "lost" })
          yield* faults.failCall({ call: "stopServer", fault })
          yield* lose(cluster)
          yield* minutes(10)
          assert.deepStrictEqual((yield* calls.counts).stopServer, 1)
          assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
          assert.deepStrictEqual([...new Set(reasons(cluster))], ["StopNotDone"])
        }),
      { stopServers: true }
    )
  )

  it.effect("is asked to stop again in another outage", () =>
    watched(
      (cluster, server, { control, calls }) =>
        Effect.gen(function* () {
          yield* lose(cluster)
          yield* minutes(4)
          yield* control.setServer(server, { vmState: "active" })
          yield* cluster.put("node-1", { ready: "True", bootId: "boot-2" })
          yield* minutes(1)
          yield* lose(cluster)
          yield* minutes(4)
          assert.deepStrictEqual((yield* calls.counts).stopServer, 2)
          assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
        }),
      { stopServers: true }
    )
  )

  it.effect("is asked to stop again in an outage that begins between two looks", () =>
    watched(
      (cluster, _, { faults, calls }) =>
        Effect.gen(function* () {
          const fault = new WorldFault({ status: 500, kind: "computeFault", message: "lost" })
          yield* faults.failCall({ call: "stopServer", fault })
          yield* lose(cluster)
          yield* TestClock.adjust("242 seconds")
          yield* cluster.put("node-1", { ready: "True" })
          yield* TestClock.adjust("3 seconds")
          yield* lose(cluster)
          yield* minutes(4)
          assert.deepStrictEqual((yield* calls.counts).stopServer, 2)
        }),
      { stopServers: true }
    )
  )

  it.effect("is not stopped when kubelet is heard of while Nova answers", () =>
    watched(
      (cluster, _, { calls }) =>
        Effect.gen(function* () {
          yield* lose(cluster)
          yield* TestClock.adjust("85 seconds")
          cluster.meanwhile.next = cluster.put("node-1", { ready: "True" })
          yield* minutes(5)
          assert.isUndefined(cluster.meanwhile.next)
          assert.notProperty(yield* calls.counts, "stopServer")
          assert.deepStrictEqual(reasons(cluster), [])
        }),
      { stopServers: true }
    )
  )

  it.effect("is stopped later where the node was missed anew while Nova answered", () =>
    watched(
      (cluster, _, { calls }) =>
        Effect.gen(function* () {
          yield* lose(cluster)
          yield* TestClock.adjust("85 seconds")
          cluster.meanwhile.next = Effect.zipRight(cluster.put("node-1", { ready: "True" }), lose(cluster))
          yield* TestClock.adjust("25 seconds")
          assert.notProperty(yield* calls.counts, "stopServer")
          yield* minutes(2)
          assert.deepStrictEqual((yield* calls.counts).stopServer, 1)
        }),
      { stopServers: true }
    )
  )

  it.effect("is not stopped where it is of the control plane, and given up when somebody stops it", () =>
    watched(
      (cluster, server, { control, calls }) =>
        Effect.gen(function* () {
          yield* cluster.put("node-1", { isControlPlane: true })
          yield* lose(cluster)
          yield* minutes(9)
          assert.notProperty(yield* calls.counts, "stopServer")
          assert.deepStrictEqual(reasons(cluster), ["ControlPlaneRuns"])
          yield* control.setServer(server, { vmState: "stopped" })
          yield* minutes(1)
          assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
        }),
      { stopServers: true }
    )
  )

  it.effect("is not stopped when more than a third of the nodes are missed", () =>
    watched(
      (cluster, _, { calls }) =>
        Effect.gen(function* () {
          yield* lose(cluster)
          yield* lose(cluster, "node-2")
          yield* minutes(10)
          assert.notProperty(yield* calls.counts, "stopServer")
          assert.deepStrictEqual([...new Set(reasons(cluster))], ["TooManyNodesLost"])
        }),
      { stopServers: true }
    )
  )
})

describe("nothing is done", () => {
  it.effect("on a dry run, but said once", () =>
    watched(
      (cluster, server, { control, calls }) =>
        Effect.gen(function* () {
          yield* control.setServer(server, { vmState: "stopped" })
          yield* lose(cluster)
          yield* minutes(9)
          assert.deepStrictEqual(reasons(cluster), ["DryRunOutOfService"])
          yield* control.setServer(server, { vmState: "active" })
          yield* minutes(4)
          assert.deepStrictEqual(reasons(cluster), ["DryRunOutOfService", "DryRunStoppingServer"])
          assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
          assert.notProperty(yield* calls.counts, "stopServer")
        }),
      { stopServers: true, dryRun: true }
    )
  )

  it.effect("about a server that is deleted, and its node may vanish at any time", () =>
    watched((cluster, server, { control }) =>
      Effect.gen(function* () {
        yield* control.loseServer(server)
        yield* lose(cluster)
        yield* minutes(3)
        assert.deepStrictEqual(reasons(cluster), ["ServerGone"])
        cluster.remove("node-1")
        yield* minutes(3)
        assert.deepStrictEqual(reasons(cluster), ["ServerGone"])
      })
    )
  )

  it.effect("while Kubernetes does not answer, and it goes on afterwards", () =>
    watched((cluster, server, { control }) =>
      Effect.gen(function* () {
        yield* control.setServer(server, { vmState: "stopped" })
        yield* lose(cluster)
        cluster.down.is = true
        yield* minutes(5)
        cluster.down.is = false
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        yield* minutes(1)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
      })
    )
  )

  it.effect("while Nova is silent, which holds up no other node for long", () =>
    inCloud((cluster, server, { control }) =>
      Effect.gen(function* () {
        const power = yield* ServerPower
        const looks = { silent: true }
        const look: typeof power.look = (id) =>
          Effect.suspend(() => (id === server && looks.silent ? Effect.never : power.look(id)))
        yield* Effect.provideService(begin, ServerPower, { ...power, look })
        yield* Effect.forEach(cluster.plugins.values(), (each) => control.setServer(each, { vmState: "stopped" }))
        yield* lose(cluster)
        yield* lose(cluster, "node-2")
        yield* minutes(4)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [])
        assert.deepStrictEqual(cluster.taintsOf("node-2"), [ours])
        looks.silent = false
        yield* minutes(2)
        assert.deepStrictEqual(cluster.taintsOf("node-1"), [ours])
      })
    )
  )

  it.effect("to ask Nova while every node is there", () =>
    watched((_, __, { calls }) =>
      Effect.gen(function* () {
        yield* minutes(10)
        assert.deepStrictEqual(yield* calls.counts, {})
      })
    )
  )
})
