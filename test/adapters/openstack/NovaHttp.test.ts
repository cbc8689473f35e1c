import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { ServerId } from "../../../src/domain/Server.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { Nova } from "../../../src/ports/Nova.ts"
import { fakeCloud, fault, novaPath, openStackAt } from "../../support/fakeCloud.ts"
import { inTurn, type Reply, type Script, type ScriptedServer } from "../../support/ScriptedServer.ts"

const withNova = <A, E>(script: Script, test: (nova: Nova["Type"], server: ScriptedServer) => Effect.Effect<A, E>) =>
  Effect.flatMap(fakeCloud(script), (server) =>
    Effect.flatMap(Nova, (nova) => test(nova, server)).pipe(Effect.provide(openStackAt(server.url)))
  )

const server = ServerId("srv")
const volume = VolumeId("v1")
const attachPath = `${novaPath}/servers/srv/os-volume_attachments`
const attached: Reply = {
  status: 200,
  body: { volumeAttachment: { id: "v1", volumeId: "v1", serverId: "srv", device: "/dev/vdb" } }
}
const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

describe("NovaHttp shows a server", () => {
  it.scopedLive("with state, task, lock, zone and volumes", () =>
    withNova(
      () => ({
        status: 200,
        body: {
          server: {
            id: "srv",
            name: "node-1",
            status: "REBOOT",
            locked: true,
            "OS-EXT-AZ:availability_zone": "nova",
            "OS-EXT-STS:task_state": "rebooting",
            "OS-EXT-STS:power_state": 1,
            "os-extended-volumes:volumes_attached": [{ id: "v1", delete_on_termination: false }],
            image: "",
            flavor: {},
            updated: "2026-08-01T10:01:00Z"
          }
        }
      }),
      (nova, http) =>
        Effect.gen(function* () {
          const expected = {
            id: "srv",
            name: "node-1",
            status: "REBOOT",
            task: "rebooting",
            locked: true,
            zone: "nova",
            volumeIds: ["v1"],
            updatedAt: Date.UTC(2026, 7, 1, 10, 1)
          }
          assert.deepStrictEqual((yield* nova.getServer(server)) as unknown, expected)
          const headers = http.seen.at(-1)?.headers
          assert.strictEqual(headers?.["openstack-api-version"], "compute 2.9")
          assert.strictEqual(headers?.["x-openstack-nova-api-version"], "2.9")
        })
    )
  )

  it.scopedLive("also one of which Nova knows little", () =>
    withNova(
      () => ({ status: 200, body: { server: { id: "srv", status: "UNKNOWN" } } }),
      (nova) =>
        Effect.map(nova.getServer(server), (shown) =>
          assert.deepStrictEqual(shown, {
            id: server,
            name: "",
            status: "UNKNOWN",
            task: undefined,
            locked: undefined,
            zone: "",
            volumeIds: undefined,
            updatedAt: undefined
          })
        )
    )
  )

  it.scopedLive("as absent only when Nova says so", () => {
    const turn = inTurn(
      fault(404, "itemNotFound", "Instance srv could not be found."),
      fault(404, "itemNotFound", "The resource could not be found.")
    )
    return withNova(turn, (nova) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* tagOf(nova.getServer(server)), "ServerNotFound")
        assert.strictEqual(yield* tagOf(nova.getServer(server)), "CloudFailure")
      })
    )
  })
})

describe("NovaHttp attaches", () => {
  it.scopedLive("with the least microversion that will do", () =>
    withNova(
      () => attached,
      (nova, http) =>
        Effect.gen(function* () {
          yield* nova.attach(server, volume, false)
          yield* nova.attach(server, volume, true)
          assert.deepStrictEqual(
            http.seen.slice(1).map(({ path, body, headers }) => [path, body, headers["openstack-api-version"]]),
            ["compute 2.20", "compute 2.60"].map((version) => [
              attachPath,
              { volumeAttachment: { volumeId: "v1" } },
              version
            ])
          )
        })
    )
  )

  it.scopedLive("also where Nova accepts with an empty 202", () =>
    withNova(
      () => ({ status: 202 }),
      (nova) => nova.attach(server, volume, false)
    )
  )

  it.scopedLive.each([
    [fault(404, "itemNotFound", "Instance srv could not be found."), "ServerNotFound"],
    [fault(404, "itemNotFound", "Volume v1 could not be found."), "VolumeNotFound"],
    [
      fault(
        403,
        "forbidden",
        "The maximum allowed number of disk devices (26) to attach to a single instance has been exceeded."
      ),
      "NodeFull"
    ],
    [fault(403, "forbidden", "Policy doesn't allow os_compute_api:os-volumes-attachments:create."), "forbidden"],
    [fault(400, "badRequest", "Invalid volume: volume v1 is already attached to instances: srv"), "invalid"],
    [fault(409, "conflictingRequest", "Instance srv is locked"), "conflict"],
    [
      fault(500, "computeFault", "Unexpected API Error.\n<class 'oslo_messaging.exceptions.MessagingTimeout'>"),
      "unanswered"
    ]
  ] as ReadonlyArray<readonly [Reply, string]>)("%j and answers with what it means", ([reply, expected]) =>
    withNova(
      () => reply,
      (nova, http) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(nova.attach(server, volume, false))
          assert.strictEqual("reason" in error ? error.reason : error._tag, expected)
          assert.strictEqual(http.count("POST", attachPath), 1)
        })
    )
  )

  it.scopedLive("and detaches one at a time for each server, while other servers go on", () => {
    const under = new Map<string, number>()
    let mostPerServer = 0
    let most = 0
    return withNova(
      ({ path }) => {
        const key = path.split("/")[4] ?? ""
        under.set(key, (under.get(key) ?? 0) + 1)
        mostPerServer = Math.max(mostPerServer, under.get(key) ?? 0)
        most = Math.max(
          most,
          [...under.values()].reduce((sum, count) => sum + count, 0)
        )
        setTimeout(() => under.set(key, (under.get(key) ?? 0) - 1), 30)
        return { ...attached, delayMillis: 30 }
      },
      (nova) =>
        Effect.gen(function* () {
          const calls = ["a", "b", "c"].flatMap((name) => [
            nova.attach(ServerId(name), VolumeId("v1"), false),
            nova.detach(ServerId(name), VolumeId("v2")),
            nova.attach(ServerId(name), VolumeId("v3"), false)
          ])
          yield* Effect.all(calls, { concurrency: "unbounded", discard: true })
          assert.strictEqual(mostPerServer, 1)
          assert.isAbove(most, 1)
        })
    )
  })
})

describe("NovaHttp, while an attachment to a server is under way,", () => {
  it.scopedLive("sends nothing for one that left the line, and serves the rest in their order", () => {
    const order: Array<string> = []
    const arrived = Effect.unsafeMakeLatch()
    return withNova(
      ({ body }) => {
        order.push(
          JSON.stringify(body)
            .replace(/\W*(volumeAttachment|volumeId)\W*/g, "")
            .slice(0, 2)
        )
        arrived.unsafeOpen()
        return { ...attached, delayMillis: 30 }
      },
      (nova) =>
        Effect.gen(function* () {
          const ask = (name: string) =>
            Effect.zipLeft(
              Effect.fork(Effect.uninterruptible(nova.attach(server, VolumeId(name), false))),
              Effect.yieldNow()
            )
          const first = yield* ask("v1")
          yield* arrived.await
          const leaving = yield* ask("v2")
          const rest = [yield* ask("v3"), yield* ask("v4")]
          assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(leaving)))
          yield* Fiber.joinAll([first, ...rest])
          assert.deepStrictEqual(order, ["v1", "v3", "v4"])
        })
    )
  })

  it.scopedLive("tells the id under which Nova logged it", () =>
    withNova(
      () => ({ ...attached, headers: { "x-openstack-request-id": "req-7b3f" } }),
      (nova) => Effect.map(nova.attach(server, volume, false), (id) => assert.strictEqual(id, "req-7b3f"))
    )
  )
})

describe("NovaHttp detaches", () => {
  it.scopedLive.each([
    "Instance srv could not be found.",
    "Volume v1 could not be found.",
    "Instance srv is not attached to volume v1",
    "volume_id not found: v1"
  ])("as done when Nova says: %s", (message) =>
    withNova(
      () => fault(404, "itemNotFound", message),
      (nova) => Effect.map(nova.detach(server, volume), (answer) => assert.strictEqual(answer._tag, "NotAttached"))
    )
  )

  it.scopedLive("as accepted after a 202, repeated after a lost answer", () => {
    const turn = inTurn({ cut: "before" }, { status: 202, headers: { "x-openstack-request-id": "req-7" } })
    return withNova(turn, (nova, http) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* nova.detach(server, volume), { _tag: "Accepted", requestId: "req-7" })
        assert.strictEqual(http.count("DELETE", `${attachPath}/v1`), 2)
      })
    )
  })

  it.scopedLive("with a failure when nobody serves the path, or the state forbids it", () => {
    const turn = inTurn(
      fault(404, "itemNotFound", "The resource could not be found."),
      fault(400, "badRequest", "Invalid input received: Invalid volume: Unable to detach volume.")
    )
    return withNova(turn, (nova) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* Effect.flip(nova.detach(server, volume))).reason, "notFound")
        assert.strictEqual((yield* Effect.flip(nova.detach(server, volume))).reason, "invalid")
      })
    )
  })

  it.scopedLive("nothing under an id that can be no path, without asking", () =>
    withNova(
      () => ({ status: 500 }),
      (nova, http) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* nova.detach(ServerId("../x"), volume))._tag, "NotAttached")
          assert.strictEqual((yield* nova.detach(server, VolumeId("")))._tag, "NotAttached")
          assert.strictEqual(yield* tagOf(nova.attach(ServerId("a/b"), volume, false)), "ServerNotFound")
          assert.strictEqual(yield* tagOf(nova.attach(server, VolumeId(".."), false)), "VolumeNotFound")
          assert.strictEqual(yield* tagOf(nova.getServer(ServerId("\n"))), "ServerNotFound")
          assert.strictEqual(http.seen.length, 0)
        })
    )
  )
})
