import { Either } from "effect"
import { fileSystemNamed, fileSystems, isReadOnly, spansNodes, type VolumeCapability } from "../Capability.ts"
import { InvalidInput } from "../errors.ts"

/** Why no volume of this driver can serve the capability; undefined if one can. */
const problemOf = ({ access, mode }: VolumeCapability): string | undefined => {
  if (access._tag === "block") return undefined
  if (access.fsType !== "" && fileSystemNamed(access.fsType) === undefined) {
    return `file system ${JSON.stringify(access.fsType)} is not one of ${fileSystems.join(", ")}`
  }
  if (spansNodes(mode) && !isReadOnly(mode)) {
    return `${mode} with a file system would destroy it: none of ${fileSystems.join(", ")} may be written from two nodes`
  }
  return undefined
}

export const asksForSeveralNodes = (capabilities: ReadonlyArray<VolumeCapability>): boolean =>
  capabilities.some(({ mode }) => spansNodes(mode))

/** Refuses what no volume can serve. Whether a type allows several nodes is known only from a volume of it. */
export const checkCapabilities = (
  capabilities: ReadonlyArray<VolumeCapability>
): Either.Either<ReadonlyArray<VolumeCapability>, InvalidInput> => {
  const field = "volume_capabilities"
  if (capabilities.length === 0) return Either.left(new InvalidInput({ field, problem: "must name at least one" }))
  const problem = capabilities.map(problemOf).find((found) => found !== undefined)
  return problem === undefined ? Either.right(capabilities) : Either.left(new InvalidInput({ field, problem }))
}

/** Why this volume cannot serve all capabilities; undefined if it can. */
export const unservedBy = (
  volume: { readonly multiattach: boolean },
  capabilities: ReadonlyArray<VolumeCapability>
): string | undefined => {
  const problem = capabilities.map(problemOf).find((found) => found !== undefined)
  if (problem !== undefined) return problem
  const several = capabilities.find(({ mode }) => spansNodes(mode))
  return several === undefined || volume.multiattach
    ? undefined
    : `${several.mode} needs a volume type with multiattach, which this volume's type lacks`
}
