import { Either, ParseResult, Schema } from "effect"
import { type Fault, malformed, parseJson } from "./failures.ts"

/** Says where the answer differs from its schema, but not what stands there: it may be anything. */
const whereItDiffers = (error: ParseResult.ParseError): string => {
  const paths = ParseResult.ArrayFormatter.formatErrorSync(error).map(({ path }) => path.map(String).join("."))
  return `unexpected answer at ${[...new Set(paths)].slice(0, 3).join(", ") || "its top"}`
}

/** Reads a service's answer; members that the schema does not name are ignored. */
export const decodeBody = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownEither(schema)
  return (answer: {
    readonly body: string
    readonly status: number
    readonly requestId: string | undefined
  }): Either.Either<A, Fault> => {
    const json = parseJson(answer.body)
    if (json === undefined) return Either.left(malformed("the answer is not JSON", answer.status, answer.requestId))
    return Either.mapLeft(decode(json), (error) => malformed(whereItDiffers(error), answer.status, answer.requestId))
  }
}
