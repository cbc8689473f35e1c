import { Either } from "effect"
import { InvalidInput } from "../errors.ts"

/** The CSI specification's bound for a string field, in bytes of UTF-8. */
const longestName = 128

const isForbidden = (codePoint: number): boolean =>
  codePoint <= 0x08 ||
  codePoint === 0x0b ||
  codePoint === 0x0c ||
  (codePoint >= 0x0e && codePoint <= 0x1f) ||
  (codePoint >= 0x7f && codePoint <= 0x9f)

const utf8Bytes = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4

const codePointsOf = (text: string): ReadonlyArray<number> => Array.from(text, (char) => char.codePointAt(0) ?? 0)

/** The name of a volume or snapshot as the CSI specification allows it: TAB, LF and CR are legal in it. */
export const checkName = (field: string, name: string): Either.Either<string, InvalidInput> => {
  const codePoints = codePointsOf(name)
  const bytes = codePoints.reduce((sum, codePoint) => sum + utf8Bytes(codePoint), 0)
  const forbidden = codePoints.find(isForbidden)
  if (name === "") return Either.left(new InvalidInput({ field, problem: "must not be empty" }))
  if (bytes > longestName) {
    return Either.left(new InvalidInput({ field, problem: `has ${bytes} bytes, more than the ${longestName} allowed` }))
  }
  if (forbidden !== undefined) {
    const shown = `U+${forbidden.toString(16).toUpperCase().padStart(4, "0")}`
    return Either.left(new InvalidInput({ field, problem: `holds the control character ${shown}` }))
  }
  return Either.right(name)
}
