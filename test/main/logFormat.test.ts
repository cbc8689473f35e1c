import { assert, describe } from "@effect/vitest"
import { Console, Effect, LogLevel } from "effect"
import { asService } from "../../src/main/asService.ts"
import { cloudWithNode } from "../support/cloudWithNode.ts"
import { spanReceiver } from "../support/spanReceiver.ts"
import { cloudConf, live, oneGiB, startWired } from "../support/wiredDriver.ts"

const controllerOnly = ["--provide-node-service=false"]
const asJson = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }

/** What the driver writes while a volume is made, and while one is refused. */
const written = (telemetry: string, environment: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const { authUrl } = yield* cloudWithNode
    const lines: Array<string> = []
    const write = (...parts: ReadonlyArray<unknown>) => {
      lines.push(parts.map(String).join(" "))
    }
    const writers = { debug: write, error: write, info: write, log: write, warn: write }
    const work = Effect.gen(function* () {
      const { csi } = yield* startWired(`${cloudConf(authUrl)}${telemetry}`, controllerOnly, {}, environment)
      yield* csi.createVolume({ name: "pvc-1", ...oneGiB })
      yield* Effect.flip(csi.controllerGetVolume({ volumeId: "absent" }))
    }).pipe(asService(LogLevel.Info), Effect.scoped)
    yield* Console.consoleWith((real) => Effect.withConsole(work, { ...real, unsafe: { ...real.unsafe, ...writers } }))
    return lines
  })

const property = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), value)

describe("the log", () => {
  live(
    "is logfmt unless something else is asked for",
    Effect.gen(function* () {
      const lines = yield* written("")
      const made = lines.filter((line) => line.includes("method=CreateVolume"))
      assert.lengthOf(made, 1)
      assert.match(made[0] ?? "", /^timestamp=\S+ level=INFO fiber=\S+ message=OK /)
      for (const pair of [/ name=pvc-1( |$)/, / milliseconds=\d+( |$)/]) assert.match(made[0] ?? "", pair)
    })
  )

  live(
    "has one JSON object for each call that changes or fails, with its ids, its code and how long it took",
    Effect.gen(function* () {
      const lines = yield* written("[Telemetry]\nlog-format = json\n")
      const objects = lines.map((line): unknown => JSON.parse(line))
      const ofMethod = (method: string) => objects.filter((line) => property(line, "annotations", "method") === method)
      const [made, ...moreMade] = ofMethod("CreateVolume")
      assert.deepStrictEqual(moreMade, [])
      assert.strictEqual(property(made, "message"), "OK")
      assert.strictEqual(property(made, "logLevel"), "INFO")
      assert.strictEqual(property(made, "annotations", "name"), "pvc-1")
      assert.isNumber(property(made, "annotations", "milliseconds"))
      const [failed, ...moreFailed] = ofMethod("ControllerGetVolume")
      assert.deepStrictEqual(moreFailed, [])
      assert.match(String(property(failed, "message")), /^NOT_FOUND: /)
      assert.strictEqual(property(failed, "annotations", "volume_id"), "absent")
    })
  )

  live(
    "names the trace of a call where somebody gets its spans, and no other",
    Effect.gen(function* () {
      const receiver = yield* spanReceiver()
      const json = "[Telemetry]\nlog-format = json\n"
      const idIn = (lines: ReadonlyArray<string>) =>
        lines
          .map((line): unknown => JSON.parse(line))
          .filter((line) => property(line, "annotations", "method") === "CreateVolume")
          .map((line) => property(line, "annotations", "trace_id"))
      const ids = idIn(yield* written(`${json}otlp-endpoint = ${receiver.endpoint}\n`, asJson))
      const traces = receiver.spans().filter(({ name }) => name === "CreateVolume")
      assert.deepStrictEqual(
        ids,
        traces.map(({ traceId }) => traceId)
      )
      assert.lengthOf(ids, 1)
      assert.deepStrictEqual(idIn(yield* written(json)), [undefined])
    })
  )

  live(
    "refuses a form that it does not know",
    Effect.gen(function* () {
      const failure = yield* Effect.flip(
        startWired(`${cloudConf("http://127.0.0.1:9")}[Telemetry]\nlog-format = klog\n`)
      )
      assert.match(failure.message, /\[Telemetry\] log-format: "klog" is not accepted; write text or json$/)
    })
  )
})
