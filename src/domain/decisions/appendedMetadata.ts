import { Either } from "effect"
import { InvalidInput } from "../errors.ts"

type Pairs = Readonly<Record<string, string>>

/** Upstream's spelling, the same in a StorageClass and in a VolumeSnapshotClass. */
export const appendedMetadataKey = "appendVolumeMetadata"

/** What Cinder takes (https://docs.openstack.org/api-ref/block-storage/v3/#create-a-volume): keys and values up to 255. */
const keyForm = /^[A-Za-z0-9_:. /-]{1,255}$/
const longestValue = 255

/** Keys that the driver and the sidecars write themselves. */
const reserved = ["cinder.csi.openstack.org/", "csi.storage.k8s.io/"]

/** Undefined if the text is no JSON object. */
const membersOf = (text: string): ReadonlyArray<readonly [string, unknown]> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined
  } catch {
    return undefined
  }
}

const problemOf = (key: string, value: unknown, taken: ReadonlyArray<string>): string | undefined => {
  const name = JSON.stringify(key.slice(0, 64))
  if (!keyForm.test(key)) {
    return `has the key ${name}; a key is 1 to 255 letters, digits, spaces and _ - : . /`
  }
  const owner = reserved.find((prefix) => key.startsWith(prefix))
  if (owner !== undefined) return `has the key ${name}; keys that begin with ${owner} are the driver's own`
  if (taken.includes(key)) return `has the key ${name}, which has a meaning of its own on what is made`
  if (typeof value !== "string") return `has no text as the value of ${name}; put the value in double quotes`
  return value.length > longestValue ? `has a value of more than ${longestValue} characters at ${name}` : undefined
}

/**
 * Metadata that a class adds to what it makes: the text of a JSON object of texts. An empty text adds nothing. `taken` are
 * keys outside the reserved prefixes that the driver or Cinder writes on this kind of thing.
 */
export const readAppendedMetadata = (
  parameters: Pairs,
  taken: ReadonlyArray<string>
): Either.Either<Pairs, InvalidInput> => {
  const text = parameters[appendedMetadataKey] ?? ""
  const invalid = (problem: string) =>
    Either.left(new InvalidInput({ field: `parameters["${appendedMetadataKey}"]`, problem }))
  if (text.trim() === "") return Either.right({})
  const members = membersOf(text)
  if (members === undefined) return invalid(`is no JSON object; write one of texts, such as '{"team": "storage"}'`)
  const pairs: Array<readonly [string, string]> = []
  for (const [key, value] of members) {
    const problem = problemOf(key, value, taken)
    if (problem !== undefined) return invalid(problem)
    if (typeof value === "string") pairs.push([key, value])
  }
  return Either.right(Object.fromEntries(pairs))
}
