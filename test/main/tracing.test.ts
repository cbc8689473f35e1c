import { assert, describe } from "@effect/vitest"
import { Client, credentials, Metadata } from "@grpc/grpc-js"
import { Effect, Exit, Scope } from "effect"
import { cloudWithNode } from "../support/cloudWithNode.ts"
import { spanReceiver } from "../support/spanReceiver.ts"
import { cloudConf, live, mountCapability, oneGiB, startWired } from "../support/wiredDriver.ts"

const controllerOnly = ["--provide-node-service=false"]
const asJson = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }

type Environment = Readonly<Record<string, string>>

/** Lets a driver work and ends it, so that all its spans are sent. */
const afterwards = <A, E>(
  conf: string,
  environment: Environment,
  work: (driver: Effect.Effect.Success<ReturnType<typeof startWired>>) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const driver = yield* Scope.extend(startWired(conf, controllerOnly, {}, environment), scope)
    const result = yield* work(driver)
    yield* Scope.close(scope, Exit.void)
    return result
  }).pipe(Effect.withTracerEnabled(false))

const withTelemetry = (authUrl: string, endpoint: string) =>
  `${cloudConf(authUrl)}[Telemetry]\notlp-endpoint = ${endpoint}\n`

const ask = (socket: string, method: string, metadata: Metadata) =>
  Effect.async<void>((resume) => {
    const client = new Client(`unix:${socket}`, credentials.createInsecure())
    const same = (bytes: Buffer) => bytes
    client.makeUnaryRequest(`/csi.v1.Identity/${method}`, same, same, Buffer.alloc(0), metadata, (error) => {
      client.close()
      resume(error === null ? Effect.void : Effect.die(error))
    })
  })

const callerMetadata = (traceparent: string) => {
  const metadata = new Metadata()
  metadata.set("traceparent", traceparent)
  return metadata
}

const trace = "0af7651916cd43dd8448eb211c80319c"
const parent = "b7ad6b7169203331"

describe("traces of a running driver", () => {
  live(
    "join a call with its work and its requests to the cloud, by the ids under which the cloud logged them",
    Effect.gen(function* () {
      const { authUrl, cloud, nodeId } = yield* cloudWithNode
      const receiver = yield* spanReceiver()
      const volumeId = yield* afterwards(withTelemetry(authUrl, receiver.endpoint), asJson, ({ csi }) =>
        Effect.gen(function* () {
          const { volume } = yield* csi.createVolume({ name: "pvc-1", ...oneGiB })
          const id = volume?.volumeId ?? ""
          yield* csi.controllerPublishVolume({ volumeId: id, nodeId, volumeCapability: mountCapability() })
          return id
        })
      )
      const spans = receiver.spans()
      const one = (name: string) => {
        const found = spans.find((span) => span.name === name)
        if (found === undefined)
          return assert.fail(`no span ${name} among ${spans.map((span) => span.name).join(", ")}`)
        return found
      }
      const lineOf = (name: string) => {
        const line: Array<string> = []
        for (let span = spans.find((candidate) => candidate.name === name); span !== undefined; ) {
          line.unshift(span.name)
          const above = span.parentSpanId
          span = spans.find(({ spanId }) => spanId === above)
        }
        return line
      }
      assert.deepStrictEqual(lineOf("cinder volume_create"), [
        "CreateVolume",
        "VolumeProvisioning.provision",
        "Cinder.createVolume",
        "cinder volume_create"
      ])
      assert.deepStrictEqual(lineOf("nova volume_attach"), [
        "ControllerPublishVolume",
        "VolumeAttachment.publish",
        "Nova.attach",
        "nova volume_attach"
      ])
      assert.notStrictEqual(one("CreateVolume").traceId, one("ControllerPublishVolume").traceId)
      assert.deepInclude(one("CreateVolume").attributes, {
        "rpc.method": "CreateVolume",
        "rpc.grpc.status_code": 0,
        "csi.name": "pvc-1"
      })
      assert.deepInclude(one("ControllerPublishVolume").attributes, {
        "csi.volume_id": volumeId,
        "csi.node_id": nodeId
      })
      assert.strictEqual(one("nova volume_attach").attributes["http.response.status_code"], 200)
      const inSpans = spans.flatMap(({ attributes }) => attributes["openstack.request_id"] ?? [])
      const inCloud = (yield* cloud.requests.recent).map(({ requestId }) => requestId)
      assert.isAbove(inCloud.length, 5)
      assert.sameMembers(inSpans, inCloud)
      assert.deepInclude(receiver.resource(), { "service.name": "cinder-csi-plugin" })
      assert.deepStrictEqual([...new Set(receiver.received.map(({ path }) => path))], ["/v1/traces"])
    })
  )

  live(
    "say why a call failed, and nothing that is secret",
    Effect.gen(function* () {
      const { authUrl } = yield* cloudWithNode
      const receiver = yield* spanReceiver()
      const conf = `${cloudConf(authUrl, "not-the-right-one")}[Telemetry]\notlp-endpoint = ${receiver.endpoint}\n`
      yield* afterwards(conf, asJson, ({ csi }) => Effect.flip(csi.createVolume({ name: "pvc-1", ...oneGiB })))
      const failed = receiver.spans().find(({ name }) => name === "CreateVolume")
      assert.strictEqual(failed?.status.code, 2)
      assert.match(failed?.status.message ?? "", /Keystone/)
      assert.strictEqual(failed?.attributes["rpc.grpc.status_code"], 7)
      assert.notInclude(receiver.text(), "not-the-right-one")
    })
  )

  live(
    "hold neither password nor token",
    Effect.gen(function* () {
      const { authUrl, cloud } = yield* cloudWithNode
      const receiver = yield* spanReceiver()
      yield* afterwards(withTelemetry(authUrl, receiver.endpoint), asJson, ({ csi }) =>
        Effect.gen(function* () {
          yield* csi.createVolume({ name: "pvc-1", ...oneGiB })
          yield* cloud.revokeTokens
          yield* csi.createVolume({ name: "pvc-2", ...oneGiB })
        })
      )
      assert.isAbove(receiver.spans().filter(({ name }) => name === "keystone token_create").length, 1)
      assert.notMatch(receiver.text(), /x-auth-token|x-subject-token|gAAAAA|"password"|"secret"|authorization/i)
    })
  )

  live(
    "hang below the caller's span, and are none where the caller records none",
    Effect.gen(function* () {
      const { authUrl } = yield* cloudWithNode
      const receiver = yield* spanReceiver()
      yield* afterwards(withTelemetry(authUrl, receiver.endpoint), asJson, ({ csi, socket }) =>
        Effect.gen(function* () {
          yield* ask(socket, "GetPluginInfo", callerMetadata(`00-${trace}-${parent}-01`))
          yield* ask(socket, "GetPluginCapabilities", callerMetadata(`00-${trace}-${parent}-00`))
          yield* csi.probe()
        })
      )
      const calls = receiver.spans().filter(({ name }) => name !== "CsiServer.serve")
      assert.deepStrictEqual(
        calls.map(({ name, parentSpanId, traceId }) => [name, parentSpanId, traceId]),
        [["GetPluginInfo", parent, trace]]
      )
    })
  )

  live(
    "go where the environment says, as protocol buffers, with its headers and names",
    Effect.gen(function* () {
      const { authUrl } = yield* cloudWithNode
      const receiver = yield* spanReceiver()
      const environment = {
        OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.endpoint}/collect/`,
        OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=north%20one",
        OTEL_SERVICE_NAME: "storage",
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test"
      }
      yield* afterwards(cloudConf(authUrl), environment, ({ csi }) => csi.createVolume({ name: "pvc-1", ...oneGiB }))
      const [first] = receiver.received
      assert.strictEqual(first?.path, "/collect/v1/traces")
      assert.strictEqual(first?.headers["content-type"], "application/x-protobuf")
      assert.strictEqual(first?.headers["x-tenant"], "north one")
      for (const text of ["storage", "deployment.environment", "CreateVolume"]) assert.include(receiver.text(), text)
    })
  )

  live(
    "go nowhere where nobody is named, or the environment forbids it",
    Effect.gen(function* () {
      const { authUrl } = yield* cloudWithNode
      const receiver = yield* spanReceiver()
      const conf = withTelemetry(authUrl, receiver.endpoint)
      yield* afterwards(conf, { OTEL_SDK_DISABLED: "true" }, ({ csi }) => csi.listVolumes())
      assert.deepStrictEqual(receiver.received, [])
    })
  )

  live(
    "keep no call from being served where the receiver is not there",
    Effect.gen(function* () {
      const { authUrl } = yield* cloudWithNode
      yield* afterwards(withTelemetry(authUrl, "http://127.0.0.1:9"), {}, ({ csi }) =>
        csi.createVolume({ name: "pvc-1", ...oneGiB })
      )
    })
  )
})
