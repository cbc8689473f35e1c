import { type FileSystem, familyOf } from "../../domain/Capability.ts"

/** Lists of words are heeded once by mke2fs, the last of them, so that ours and the user's become one. */
const extOptions = (uuid: string | undefined, options: ReadonlyArray<string>): ReadonlyArray<string> => {
  const at = options.indexOf("-E")
  const words = at < 0 ? [] : options.slice(at + 1, at + 2)
  const others = options.filter((_, index) => at < 0 || index < at || index > at + 1)
  const extended = ["nodiscard", ...words].join(",")
  return ["-q", "-F", "-m0", "-E", extended, ...(uuid === undefined ? [] : ["-U", uuid]), ...others]
}

/**
 * The Go driver's defaults, which reserve no blocks on ext, and no discard: there is nothing on a blank disk to give back,
 * and some backends take minutes for it. The force flags only silence questions; see `makeFilesystems`. The user's options
 * come after ours, because the last of two that contradict each other holds.
 */
export const formatOptions = (
  fileSystem: FileSystem,
  uuid: string | undefined,
  options: ReadonlyArray<string>
): ReadonlyArray<string> => {
  switch (familyOf(fileSystem)) {
    case "ext":
      return extOptions(uuid, options)
    case "xfs":
      return ["-q", "-f", "-K", ...(uuid === undefined ? [] : ["-m", `uuid=${uuid}`]), ...options]
    case "btrfs":
      return ["-q", "-f", "-K", ...(uuid === undefined ? [] : ["-U", uuid]), ...options]
  }
}
