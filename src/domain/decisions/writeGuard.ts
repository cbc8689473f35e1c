import { Either } from "effect"
import type { BlockDevice, DiskContents } from "../../ports/HostMounter.ts"
import { type FileSystem, familyOf } from "../Capability.ts"
import { Refused } from "../errors.ts"
import { readMkfsOptions } from "./mkfsOptions.ts"
import type { StageWish } from "./stageFacts.ts"

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The UUID that a file system of ours has; undefined where the volume's id is none. */
export const ownUuid = ({ volumeId }: StageWish): string | undefined =>
  uuidForm.test(volumeId) ? volumeId.toLowerCase() : undefined

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

const classSetsUuid = (wish: StageWish, fileSystem: FileSystem): boolean =>
  Either.match(readMkfsOptions("volume_context", wish.mkfs, fileSystem), {
    onLeft: () => true,
    onRight: ({ setsUuid }) => setsUuid
  })

/**
 * The file system of a volume that was made from nothing was made by this driver and bears the volume's id, or it is not
 * this volume's. Of copies, and of volumes that the Go driver made, nothing is known.
 */
export const guardUuid = (
  wish: StageWish,
  device: BlockDevice,
  fileSystem: FileSystem,
  contents: Extract<DiskContents, { readonly _tag: "FileSystem" }>
): Guarding => {
  const own = ownUuid(wish)
  const found = contents.uuid?.toLowerCase()
  if (own === undefined || found === own || wish.uuidGuard === "off") return { _tag: "Pass" }
  const because = `holds a file system with ${found === undefined ? "no UUID" : `the UUID ${found}`}, not with the volume's id`
  const subject = `volume ${wish.volumeId}`
  if (!wish.createdEmpty || wish.uuidGuard === "warn" || classSetsUuid(wish, fileSystem)) {
    return { _tag: "Notice", text: `${subject} ${because}` }
  }
  const remedy =
    "it was made empty, so that this may be another volume's data; if it is its own after all, formatted by another " +
    "driver, restored in place or renamed, " +
    `run "${renaming(fileSystem)} ${own} ${device.path}" on this node, or set filesystem-uuid-guard = warn in [BlockStorage]`
  return { _tag: "Refuse", error: new Refused({ subject, because, remedy }) }
}
