import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import fc from "fast-check"
import { bytesPerGiB, largestGiB } from "../../../src/domain/Capacity.ts"
import { boundsOf, fitsBounds, sizeWithin } from "../../../src/domain/decisions/capacity.ts"

const GiB = bytesPerGiB
const sizeOf = (requiredBytes: bigint | undefined, limitBytes: bigint | undefined, sourceGiB?: number) =>
  Either.match(
    Either.flatMap(boundsOf({ requiredBytes, limitBytes }), (bounds) => sizeWithin(bounds, sourceGiB)),
    { onLeft: ({ _tag, field }) => `${_tag} ${field.replace("capacity_range.", "")}`, onRight: (size) => size }
  )

describe("the bounds of a range", () => {
  it("leave nothing to choose when no whole GiB lies between them", () => {
    const bounds = boundsOf({ requiredBytes: GiB + 1n, limitBytes: 2n * GiB - 1n })
    assert.isTrue(Either.isLeft(bounds) && bounds.left._tag === "OutOfRange")
  })
})

describe("the size of a new volume", () => {
  it.each([
    { required: undefined, limit: undefined, source: undefined, is: 1 },
    { required: 0n, limit: 0n, source: undefined, is: 1 },
    { required: 1n, limit: undefined, source: undefined, is: 1 },
    { required: GiB, limit: GiB, source: undefined, is: 1 },
    { required: GiB + 1n, limit: undefined, source: undefined, is: 2 },
    { required: GiB + 1n, limit: 2n * GiB - 1n, source: undefined, is: "OutOfRange limit_bytes" },
    { required: 2n * GiB, limit: GiB, source: undefined, is: "OutOfRange required_bytes" },
    { required: -1n, limit: undefined, source: undefined, is: "InvalidInput required_bytes" },
    { required: undefined, limit: -1n, source: undefined, is: "InvalidInput limit_bytes" },
    { required: undefined, limit: GiB - 1n, source: undefined, is: "OutOfRange limit_bytes" },
    { required: undefined, limit: 9n * GiB, source: undefined, is: 1 },
    { required: BigInt(largestGiB) * GiB, limit: undefined, source: undefined, is: largestGiB },
    { required: BigInt(largestGiB) * GiB + 1n, limit: undefined, source: undefined, is: "OutOfRange required_bytes" },
    { required: 2n ** 63n - 1n, limit: 2n ** 63n - 1n, source: undefined, is: "OutOfRange required_bytes" },
    { required: undefined, limit: undefined, source: 5, is: 5 },
    { required: undefined, limit: 5n * GiB, source: 5, is: 5 },
    { required: undefined, limit: 4n * GiB, source: 5, is: "OutOfRange limit_bytes" },
    { required: 4n * GiB, limit: undefined, source: 5, is: "OutOfRange required_bytes" },
    { required: 6n * GiB, limit: undefined, source: 5, is: 6 }
  ])("required $required, limit $limit, source $source GiB: $is", ({ required, limit, source, is }) => {
    assert.strictEqual(sizeOf(required, limit, source), is)
  })

  it("lies within the bounds and is the least that does", () => {
    const bytes = fc.option(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), { nil: undefined })
    const source = fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined })
    fc.assert(
      fc.property(bytes, bytes, source, (requiredBytes, limitBytes, sourceGiB) => {
        const size = sizeOf(requiredBytes, limitBytes, sourceGiB)
        if (typeof size === "string") return
        const got = BigInt(size) * GiB
        assert.isTrue(got >= (requiredBytes ?? 0n))
        assert.isTrue(limitBytes === undefined || got <= limitBytes)
        assert.isTrue(size >= (sourceGiB ?? 1) && size <= largestGiB)
        assert.isTrue(requiredBytes === undefined || got - GiB < requiredBytes)
      })
    )
  })

  it("fits the bounds it was chosen from, so that a repetition adopts it", () => {
    const bytes = fc.option(fc.bigInt({ min: 1n, max: 50n * GiB }), { nil: undefined })
    const source = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined })
    fc.assert(
      fc.property(bytes, bytes, source, (requiredBytes, limitBytes, sourceGiB) => {
        const bounds = boundsOf({ requiredBytes, limitBytes })
        if (Either.isLeft(bounds)) return
        const size = sizeWithin(bounds.right, sourceGiB)
        if (Either.isRight(size)) assert.isTrue(fitsBounds(bounds.right, sourceGiB !== undefined, size.right))
      })
    )
  })
})
