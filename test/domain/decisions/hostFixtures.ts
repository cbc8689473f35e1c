import { VolumeId } from "../../../src/domain/Volume.ts"
import type { BlockDevice, Mount } from "../../../src/ports/HostMounter.ts"

export const volumeId = VolumeId("8e2f8a5c-0b7f-4d6e-9c1a-3f5b7d9e1a2b")
export const GiB = 1_073_741_824n

export const device: BlockDevice = {
  path: "/dev/vdb",
  number: "252:16",
  instance: "1",
  sizeBytes: GiB,
  evidence: "serial"
}
export const otherDevice: BlockDevice = {
  path: "/dev/vdc",
  number: "252:32",
  instance: "2",
  sizeBytes: GiB,
  evidence: "serial"
}

export const stagingPath = "/staging"
export const targetPath = "/target"

export const mountOf = (target: string, changes: Partial<Mount> = {}): Mount => ({
  target,
  source: "/dev/vdb",
  fsType: "ext4",
  options: ["rw", "relatime"],
  number: "252:16",
  root: "/",
  turnedReadOnly: false,
  ...changes
})

export const otherMount = (target: string): Mount => mountOf(target, { source: "/dev/vdc", number: "252:32" })

export const rawMount = (target: string, name = "/vdb"): Mount =>
  mountOf(target, { source: "devtmpfs", fsType: "devtmpfs", number: "0:5", root: name })

/** A verdict in one word: the action, the error's tag, or what else it is. */
export const outcome = (verdict: {
  readonly _tag: string
  readonly action?: { readonly _tag: string }
  readonly error?: { readonly _tag: string }
}): string => verdict.action?._tag ?? verdict.error?._tag ?? verdict._tag
