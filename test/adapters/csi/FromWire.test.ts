import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import * as fc from "fast-check"
import * as controller from "../../../src/adapters/csi/fromWireController.ts"
import * as node from "../../../src/adapters/csi/fromWireNode.ts"
import * as wire from "../../../src/adapters/csi/gen/csi.ts"

const pairs = fc
  .array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "")), fc.string()))
  .map((entries) => new Map(entries))
const text = fc.oneof(fc.constant(""), fc.string({ unit: "binary" }), fc.string({ minLength: 120, maxLength: 200 }))
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const accessType = fc.oneof(
  fc.constant(undefined),
  fc.constant({ $case: "block" as const, value: {} }),
  fc.record({ fsType: text, mountFlags: fc.array(text), volumeMountGroup: text }).map((value) => ({
    $case: "mount" as const,
    value
  }))
)
const knownMode = fc.constantFrom(...Object.values(wire.VolumeCapability_AccessMode_Mode)).map((mode) => ({ mode }))
/** A newer peer may know more modes than we do. */
const anyMode = fc
  .integer()
  .map((mode) => Object.assign(wire.VolumeCapability_AccessMode.decode(new Uint8Array()), { mode }))
const accessMode = fc.option(fc.oneof(knownMode, anyMode), { nil: undefined })
const capability = fc.record({ accessType, accessMode })
const range = fc.option(fc.record({ requiredBytes: int64, limitBytes: int64 }), { nil: undefined })
const topology = fc.record({ segments: pairs })
const source = fc.option(
  fc.record({
    type: fc.oneof(
      fc.constant(undefined),
      text.map((snapshotId) => ({ $case: "snapshot" as const, value: { snapshotId } })),
      text.map((volumeId) => ({ $case: "volume" as const, value: { volumeId } }))
    )
  }),
  { nil: undefined }
)

/** Every field of every request, so that one arbitrary serves all conversions. */
const request = fc.record({
  name: text,
  volumeId: text,
  nodeId: text,
  snapshotId: text,
  sourceVolumeId: text,
  startingToken: text,
  stagingTargetPath: text,
  targetPath: text,
  volumePath: text,
  readonly: fc.boolean(),
  maxEntries: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  capacityRange: range,
  volumeCapability: fc.option(capability, { nil: undefined }),
  volumeCapabilities: fc.array(capability, { maxLength: 3 }),
  volumeContentSource: source,
  accessibilityRequirements: fc.option(fc.record({ requisite: fc.array(topology), preferred: fc.array(topology) }), {
    nil: undefined
  }),
  parameters: pairs,
  mutableParameters: pairs,
  publishContext: pairs,
  volumeContext: pairs,
  secrets: pairs
})
type AnyRequest = typeof request extends fc.Arbitrary<infer R> ? R : never

const conversions: ReadonlyArray<(request: AnyRequest) => Either.Either<unknown, { readonly message: string }>> = [
  controller.provisionRequest,
  controller.volumeToRemove,
  controller.publishRequest,
  controller.unpublishRequest,
  controller.validationRequest,
  controller.expandRequest,
  controller.volumeToShow,
  controller.pageRequest,
  controller.snapshotRequest,
  controller.snapshotToRemove,
  (given) => Either.right(controller.snapshotFilter(given)),
  node.stageRequest,
  node.unstagePlace,
  node.nodePublishRequest,
  node.unpublishPlace,
  node.usagePlace,
  node.nodeExpandRequest
]

describe("Every conversion from the wire", () => {
  it("ends in a value or in an error with a message, whatever arrives", () => {
    fc.assert(
      fc.property(request, fc.constantFrom(...conversions), (given, convert) => {
        const result = convert(given)
        if (Either.isLeft(result)) assert.isNotEmpty(result.left.message)
      }),
      { numRuns: 3000 }
    )
  })

  it("keeps secrets out of what it makes", () => {
    fc.assert(
      fc.property(request, fc.constantFrom(...conversions), (given, convert) => {
        const result = convert({ ...given, secrets: new Map([["password", "open sesame"]]) })
        const made: unknown = Either.isLeft(result) ? { ...result.left, message: result.left.message } : result.right
        assert.notInclude(
          JSON.stringify(made, (_, value) => (typeof value === "bigint" ? String(value) : value)),
          "open sesame"
        )
      })
    )
  })

  it("takes any bytes that decode as a request", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = Either.try(() => wire.CreateVolumeRequest.decode(bytes))
        if (Either.isRight(decoded)) assert.isTrue(Either.isEither(controller.provisionRequest(decoded.right)))
      }),
      { numRuns: 2000 }
    )
  })

  it("keeps an accepted size to the byte", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), (requiredBytes) => {
        const bytes = wire.ControllerExpandVolumeRequest.encode({
          volumeId: "v",
          capacityRange: { requiredBytes, limitBytes: 0n },
          secrets: new Map(),
          volumeCapability: undefined
        }).finish()
        const result = controller.expandRequest(wire.ControllerExpandVolumeRequest.decode(bytes))
        assert.strictEqual(Either.getOrThrow(result).capacity.requiredBytes, requiredBytes)
      })
    )
  })
})
