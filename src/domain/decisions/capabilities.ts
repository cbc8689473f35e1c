import { Either } from "effect"
import { fileSystemNamed, fileSystems, isReadOnly, spansNodes, type VolumeCapability } from "../Capability.ts"
import type { ControllerOptions } from "../ControllerSettings.ts"
import { InvalidInput } from "../errors.ts"
import type { VolumeId } from "../Volume.ts"

type CapabilityOptions = Pick<ControllerOptions, "multiWriterFileSystem">

/** A file system that several nodes may write: none of ours is made for it, and the second writer destroys it. */
const sharesFileSystem = ({ access, mode }: VolumeCapability): boolean =>
  access._tag === "mount" && spansNodes(mode) && !isReadOnly(mode)

/** Why no volume of this driver can serve the capability; undefined if one can. */
const problemOf = (capability: VolumeCapability, options: CapabilityOptions): string | undefined => {
  const { access, mode } = capability
  if (access._tag === "block") return undefined
  if (access.fsType !== "" && fileSystemNamed(access.fsType) === undefined) {
    return `file system ${JSON.stringify(access.fsType)} is not one of ${fileSystems.join(", ")}`
  }
  if (!sharesFileSystem(capability) || options.multiWriterFileSystem === true) return undefined
  return (
    `${mode} with a file system would destroy it: none of ${fileSystems.join(", ")} may be written from two nodes; ` +
    "use volumeMode Block, or set multi-writer-filesystem in [BlockStorage] if one node alone writes at any time"
  )
}

export const asksForSeveralNodes = (capabilities: ReadonlyArray<VolumeCapability>): boolean =>
  capabilities.some(({ mode }) => spansNodes(mode))

/** Refuses what no volume can serve. Whether a type allows several nodes is known only from a volume of it. */
export const checkCapabilities = (
  capabilities: ReadonlyArray<VolumeCapability>,
  options: CapabilityOptions
): Either.Either<ReadonlyArray<VolumeCapability>, InvalidInput> => {
  const field = "volume_capabilities"
  if (capabilities.length === 0) return Either.left(new InvalidInput({ field, problem: "must name at least one" }))
  const problem = capabilities.map((one) => problemOf(one, options)).find((found) => found !== undefined)
  return problem === undefined ? Either.right(capabilities) : Either.left(new InvalidInput({ field, problem }))
}

/** Why this volume cannot serve all capabilities; undefined if it can. */
export const unservedBy = (
  volume: { readonly multiattach: boolean },
  capabilities: ReadonlyArray<VolumeCapability>,
  options: CapabilityOptions
): string | undefined => {
  const problem = capabilities.map((one) => problemOf(one, options)).find((found) => found !== undefined)
  if (problem !== undefined) return problem
  const several = capabilities.find(({ mode }) => spansNodes(mode))
  return several === undefined || volume.multiattach
    ? undefined
    : `${several.mode} needs a volume type with multiattach, which this volume's type lacks`
}

/** What is at risk with a volume that is given to several nodes all the same; undefined if nothing is. */
export const sharingRisk = (id: VolumeId, capability: VolumeCapability): string | undefined =>
  sharesFileSystem(capability)
    ? `volume ${id} has a file system and access mode ${capability.mode}: a second node that writes to it destroys it; ` +
      "keep its pods on one node, or move its data to a volume with volumeMode Block or a shared file system"
    : undefined
