import type { BlockDevice, DiskContents } from "../../ports/HostMounter.ts"
import { type FileSystem, familyOf } from "../Capability.ts"
import { Refused } from "../errors.ts"
import type { StageWish } from "./stageFacts.ts"

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The UUID that a file system of ours has; undefined where the volume's id is none. */
export const ownUuid = ({ volumeId }: StageWish): string | undefined =>
  uuidForm.test(volumeId) ? volumeId.toLowerCase() : undefined

const labelForm = /^csi-[0-9a-f]{8}$/

/**
 * Tells a file system of ours from one that another driver made, and which volume's it is. As short as xfs wants it, and
 * not the same for all: disks of one label compete for one link of udev's, of which systemd complains.
 */
export const ownLabel = (wish: StageWish): string | undefined => {
  const uuid = ownUuid(wish)
  return uuid === undefined ? undefined : `csi-${uuid.slice(0, 8)}`
}

export type Guarding =
  | { readonly _tag: "Pass" }
  | { readonly _tag: "Notice"; readonly text: string }
  | { readonly _tag: "Refuse"; readonly error: Refused }

/** How a human gives a file system, unmounted, another UUID. */
const renaming = (fileSystem: FileSystem): string => {
  switch (familyOf(fileSystem)) {
    case "ext":
      return "tune2fs -U"
    case "xfs":
      return "xfs_admin -U"
    case "btrfs":
      return "btrfstune -U"
  }
}

/**
 * In a volume that was made from nothing, a file system that this driver made for another volume is not its own. Of copies,
 * and of file systems that others made, such as the Go driver on a node of its own, nothing is known.
 */
export const guardUuid = (
  wish: StageWish,
  device: BlockDevice,
  fileSystem: FileSystem,
  { label, uuid }: Extract<DiskContents, { readonly _tag: "FileSystem" }>
): Guarding => {
  const own = ownUuid(wish)
  const found = uuid?.toLowerCase()
  if (own === undefined || found === own || wish.uuidGuard === "off") return { _tag: "Pass" }
  const unlike = `holds a file system with ${found === undefined ? "no UUID" : `the UUID ${found}`}, not with the volume's id`
  const subject = `volume ${wish.volumeId}`
  const isOfAnother = label !== undefined && labelForm.test(label) && label !== ownLabel(wish)
  if (!wish.createdEmpty || !isOfAnother || wish.uuidGuard === "warn") {
    return { _tag: "Notice", text: `${subject} ${unlike}` }
  }
  const because = `${unlike}, and with the label ${label}, by which this driver made it for another volume`
  const remedy =
    "this volume was made empty, so that the data is hardly its own; if it is after all, as where a backup of another " +
    `volume was restored into it, run "${renaming(fileSystem)} ${own} ${device.path}" on this node, or set ` +
    "filesystem-uuid-guard = warn in [BlockStorage]"
  return { _tag: "Refuse", error: new Refused({ subject, because, remedy }) }
}
