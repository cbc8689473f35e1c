import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { knownBaseUrls, makeMetadataService, parseBaseUrl } from "../../../src/adapters/metadata/MetadataService.ts"
import { document, inTurn, otherId, serve, serverId, telling } from "./metadataServer.ts"

const service = (...baseUrls: ReadonlyArray<string>) =>
  makeMetadataService({ baseUrls, requestTimeout: Duration.seconds(15) }).source

/** A port on which nobody listens. */
const closedPort = Effect.promise(
  () =>
    new Promise<number>((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const address = server.address()
        server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
      })
    })
)

describe("the metadata service", () => {
  it.live("tells the server's id and zone from OpenStack's document", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve(telling(document()))
      assert.deepStrictEqual(yield* service(url).ask, { uuid: serverId, zone: "zone-a", disks: [] })
      assert.deepStrictEqual(
        requests.map((request) => request.url),
        ["/openstack/latest/meta_data.json"]
      )
    }).pipe(Effect.scoped)
  )

  it.live("tells the disks of which it says enough", () =>
    Effect.gen(function* () {
      const disk = { type: "disk", bus: "scsi", address: "0:0:0:2", serial: otherId }
      const devices = [
        { ...disk, path: "/dev/sdb", tags: ["data"] },
        { type: "nic", bus: "pci", address: "0000:00:02.0", mac: "00:11:22:33:44:55" },
        { ...disk, serial: undefined },
        { ...disk, address: 7 },
        "disk"
      ]
      const { url } = yield* serve(telling(document(serverId, "zone-a", devices)))
      const { disks } = yield* service(url).ask
      assert.deepStrictEqual(disks, [{ bus: "scsi", address: "0:0:0:2", serial: otherId }])
    }).pipe(Effect.scoped)
  )

  it.live.each([null, {}, "none", 3])("tells of no disks where its list is %j", (devices) =>
    Effect.gen(function* () {
      const { url } = yield* serve(telling(document(serverId, "zone-a", devices)))
      assert.deepStrictEqual((yield* service(url).ask).disks, [])
    }).pipe(Effect.scoped)
  )

  it.live("is asked over IPv6 too", () =>
    Effect.gen(function* () {
      const { url, port, requests } = yield* serve(telling(document()), "::1")
      assert.strictEqual((yield* service(url).ask).uuid, serverId)
      assert.strictEqual(requests[0]?.headers.host, `[::1]:${port}`)
    }).pipe(Effect.scoped)
  )

  it.live("is asked at the next address if one is refused", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(telling(document()))
      assert.strictEqual((yield* service(`http://127.0.0.1:${yield* closedPort}`, url).ask).uuid, serverId)
    }).pipe(Effect.scoped)
  )

  it.live.each([500, 503, 429])("is asked again after a %d", (status) =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve(inTurn(telling("", status), telling(document())))
      assert.strictEqual((yield* service(url).ask).uuid, serverId)
      assert.strictEqual(requests.length, 2)
    }).pipe(Effect.scoped)
  )

  it.live("is asked again after it hung up", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(inTurn((request) => request.socket.destroy(), telling(document())))
      assert.strictEqual((yield* service(url).ask).uuid, serverId)
    }).pipe(Effect.scoped)
  )

  it.live.each([403, 404])("is not asked again after a %d", (status) =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve(telling("", status))
      assert.strictEqual((yield* Effect.flip(service(url).ask)).problem, `${url}: answered ${status}`)
      assert.strictEqual(requests.length, 1)
    }).pipe(Effect.scoped)
  )

  it.live("is not followed elsewhere by a redirect", () =>
    Effect.gen(function* () {
      const other = yield* serve(telling(document(otherId)))
      const { url } = yield* serve((_, response) => response.writeHead(302, { location: `${other.url}/x` }).end())
      assert.match((yield* Effect.flip(service(url).ask)).problem, /redirects are not followed/)
      assert.strictEqual(other.requests.length, 0)
    }).pipe(Effect.scoped)
  )

  it.live("is not believed without a server's id in its answer", () =>
    Effect.gen(function* () {
      for (const body of ["", "<html>", "[]", "{}", document("i-0000abcd"), document(7), document(null)]) {
        const { url } = yield* serve(telling(body))
        assert.match((yield* Effect.flip(service(url).ask)).problem, /meta_data\.json/, body)
      }
    }).pipe(Effect.scoped)
  )

  it.live("is not listened to beyond 1 MiB", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(telling(" ".repeat(3 * 1024 * 1024) + document()))
      assert.match((yield* Effect.flip(service(url).ask)).problem, /larger than 1 MiB/)
    }).pipe(Effect.scoped)
  )

  it.live.each([undefined, null, "", " ", 7])("tells no zone if it gives %j", (zone) =>
    Effect.gen(function* () {
      const body = JSON.stringify({ uuid: serverId.toUpperCase(), availability_zone: zone })
      const { url } = yield* serve(telling(body))
      assert.deepStrictEqual(yield* service(url).ask, { uuid: serverId, zone: undefined, disks: [] })
    }).pipe(Effect.scoped)
  )

  it.live("is given up when the time for all tries is over", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(() => undefined)
      const impatient = makeMetadataService({ baseUrls: [url], requestTimeout: Duration.millis(300) }).source
      const [took, failure] = yield* Effect.timed(Effect.flip(impatient.ask))
      assert.strictEqual(failure.problem, "no answer within 300ms")
      assert.isBelow(Duration.toMillis(took), 3000)
    }).pipe(Effect.scoped)
  )

  it.live("says for each address why it failed", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(telling("", 404))
      const closed = `http://127.0.0.1:${yield* closedPort}`
      const impatient = makeMetadataService({ baseUrls: [closed, url], requestTimeout: Duration.seconds(15) })
      const { problem } = yield* Effect.flip(impatient.once)
      assert.match(problem, /ECONNREFUSED/)
      assert.include(problem, `${url}: answered 404`)
    }).pipe(Effect.scoped)
  )
})

describe("the addresses of the metadata service", () => {
  it("may have an IPv6 zone", () => {
    assert.deepStrictEqual(parseBaseUrl("http://[fe80::a9fe:a9fe%eth0]"), {
      host: "fe80::a9fe:a9fe%eth0",
      port: 80,
      label: "http://[fe80::a9fe:a9fe%eth0]"
    })
    assert.strictEqual(parseBaseUrl("http://169.254.169.254:8080/")?.port, 8080)
    assert.isUndefined(parseBaseUrl("ftp://x"))
  })

  it("begin with the IPv4 one", () => {
    const [first, ...others] = knownBaseUrls()
    assert.strictEqual(first, "http://169.254.169.254")
    for (const other of others) assert.match(other, /^http:\/\/\[fe80::a9fe:a9fe%.+\]$/)
  })
})
