import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import { readOtlp } from "../../src/main/otlp.ts"

describe("what the environment says of traces", () => {
  it.each([
    [{}, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }, "http://collector:4318/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://host/otlp/" }, "https://host/otlp/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector/as/it/is" }, "http://collector/as/it/is"],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:4318", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://b/traces" },
      "http://b/traces"
    ]
  ])("sends them where it says: %j", (env, url) => {
    assert.deepStrictEqual([readOtlp(env).url, readOtlp(env).warnings], [url, []])
  })

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" }, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "http://c:4318/v1/traces"]
  ])("warns of a mistake and goes on: %j", (env, url) => {
    const { protocol, url: read, warnings } = readOtlp(env)
    assert.deepStrictEqual([read, protocol, warnings.length], [url, "http/protobuf", 1])
  })

  it("says nothing of a mistake where no traces are asked for", () => {
    assert.deepStrictEqual(readOtlp({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }).warnings, [])
  })

  it("reads headers, decoded, and shows them to nobody", () => {
    const { headers } = readOtlp({
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20a=b, x-tenant = n,broken,%zz=1"
    })
    assert.deepStrictEqual(Redacted.value(headers), { authorization: "Bearer a=b", "x-tenant": "n", "%zz": "1" })
    assert.notInclude(JSON.stringify(headers), "Bearer")
  })

  it("names the service by its own variable, else by an attribute, else by the program", () => {
    const attributes = { OTEL_RESOURCE_ATTRIBUTES: "service.name=from-attributes,zone=a" }
    assert.strictEqual(readOtlp({ OTEL_SERVICE_NAME: "mine", ...attributes }).serviceName, "mine")
    assert.strictEqual(readOtlp(attributes).serviceName, "from-attributes")
    assert.deepStrictEqual(readOtlp(attributes).attributes, { zone: "a" })
    assert.strictEqual(readOtlp({}).serviceName, "cinder-csi-plugin")
  })
})
