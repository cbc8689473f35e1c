import type { AccessMode, VolumeCapability } from "../../Capability.ts"
import type { ClaimSeen, ClusterAccessMode, NodeSeen, StorageClassSeen } from "../../ClusterObjects.ts"
import { zoneKey } from "../../Topology.ts"
import type { ProvisionRequest } from "../../VolumeProvisioning.ts"

/** What external-provisioner makes of a mode (https://kubernetes-csi.github.io/docs/external-provisioner.html). */
const modes: Readonly<Record<ClusterAccessMode, AccessMode>> = {
  ReadWriteOnce: "SINGLE_NODE_WRITER",
  ReadOnlyMany: "MULTI_NODE_READER_ONLY",
  ReadWriteMany: "MULTI_NODE_MULTI_WRITER",
  ReadWriteOncePod: "SINGLE_NODE_SINGLE_WRITER"
}

/** The mode under which a volume is attached: external-attacher asks for the one that allows most. */
export const modeOf = (accessModes: ReadonlyArray<ClusterAccessMode>): AccessMode => {
  const asked = ["ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"].find((mode) => accessModes.includes(mode))
  const once = accessModes.includes("ReadWriteOnce")
  return once && asked !== "ReadWriteMany" ? "SINGLE_NODE_WRITER" : (modes[asked ?? ""] ?? "SINGLE_NODE_WRITER")
}

export const fileSystemOf = ({ parameters }: StorageClassSeen): string =>
  parameters["csi.storage.k8s.io/fstype"] ?? parameters["fstype"] ?? "ext4"

const capabilitiesOf = (claim: ClaimSeen, of: StorageClassSeen): ReadonlyArray<VolumeCapability> =>
  claim.accessModes.map((mode) => ({
    access: claim.isBlock ? { _tag: "block" } : { _tag: "mount", fsType: fileSystemOf(of), flags: [] },
    mode: modes[mode] ?? "SINGLE_NODE_WRITER"
  }))

/** external-provisioner keeps these to itself. */
const isOwnKey = (key: string): boolean => key.startsWith("csi.storage.k8s.io/") || key.toLowerCase() === "fstype"

/** What of a class's parameters reaches the driver. */
export const classParameters = ({ parameters }: StorageClassSeen): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(parameters).filter(([key]) => !isOwnKey(key)))

/** As external-provisioner asks for the claim's volume, with the zone of the node that was chosen for it. */
export const requestFor = (claim: ClaimSeen, of: StorageClassSeen, node: NodeSeen | undefined): ProvisionRequest => {
  const label = node?.zoneLabel
  const segments = label === undefined ? undefined : { [zoneKey]: label }
  return {
    name: `pvc-${claim.uid}`,
    capacity: { requiredBytes: claim.requestedBytes, limitBytes: undefined },
    capabilities: capabilitiesOf(claim, of),
    parameters: classParameters(of),
    source: undefined,
    topology: segments === undefined ? undefined : { preferred: [segments], requisite: [segments] }
  }
}
