import { Either } from "effect"
import { bytesPerGiB, type CapacityRange, defaultGiB, gibCeil, largestGiB } from "../Capacity.ts"
import { InvalidInput, OutOfRange } from "../errors.ts"

/** A range in whole GiB: both bounds included, undefined where none was set. */
export interface SizeBounds {
  readonly leastGiB: number | undefined
  readonly mostGiB: number | undefined
}

const required = "capacity_range.required_bytes"
const limit = "capacity_range.limit_bytes"

const beyond = (field: string, problem: string) => Either.left(new OutOfRange({ field, problem }))

const given = (bytes: bigint | undefined): bigint | undefined => (bytes === 0n ? undefined : bytes)

/** Rounds inwards, since Cinder knows no sizes between whole GiB; 0 bytes mean that no bound was set. */
export const boundsOf = (range: CapacityRange): Either.Either<SizeBounds, InvalidInput | OutOfRange> => {
  const least = given(range.requiredBytes)
  const most = given(range.limitBytes)
  if (least !== undefined && least < 0n) {
    return Either.left(new InvalidInput({ field: required, problem: "must not be negative" }))
  }
  if (most !== undefined && most < 0n) {
    return Either.left(new InvalidInput({ field: limit, problem: "must not be negative" }))
  }
  if (least !== undefined && most !== undefined && least > most) {
    return beyond(required, `of ${least} exceeds ${limit} of ${most}`)
  }
  const leastGiB = least === undefined ? undefined : gibCeil(least)
  const mostGiB = most === undefined ? undefined : most / bytesPerGiB
  if (leastGiB !== undefined && leastGiB > BigInt(largestGiB)) {
    return beyond(required, `of ${least} exceeds the largest size Cinder knows, ${largestGiB} GiB`)
  }
  if (mostGiB !== undefined && mostGiB < (leastGiB ?? BigInt(defaultGiB))) {
    return beyond(limit, `of ${most} leaves no whole GiB to choose, and Cinder sizes volumes in GiB`)
  }
  return Either.right({
    leastGiB: leastGiB === undefined ? undefined : Number(leastGiB),
    mostGiB: mostGiB === undefined ? undefined : Number(mostGiB > BigInt(largestGiB) ? BigInt(largestGiB) : mostGiB)
  })
}

/** The size of a new volume in GiB; a copy has at least the size of its source. */
export const sizeWithin = (bounds: SizeBounds, sourceGiB: number | undefined): Either.Either<number, OutOfRange> => {
  const size = bounds.leastGiB ?? sourceGiB ?? defaultGiB
  if (sourceGiB !== undefined && size < sourceGiB) {
    return beyond(required, `of ${size} GiB is less than the source's ${sourceGiB} GiB`)
  }
  if (bounds.mostGiB !== undefined && size > bounds.mostGiB) {
    return beyond(limit, `of ${bounds.mostGiB} GiB is less than the source's ${size} GiB`)
  }
  return Either.right(size)
}

/** Whether a volume of this size can be the answer to an earlier call with the same bounds. */
export const fitsBounds = (bounds: SizeBounds, hasSource: boolean, sizeGiB: number): boolean => {
  if (bounds.leastGiB !== undefined) return sizeGiB === bounds.leastGiB
  return hasSource ? bounds.mostGiB === undefined || sizeGiB <= bounds.mostGiB : sizeGiB === defaultGiB
}
