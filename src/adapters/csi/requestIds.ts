import { oneLine } from "./text.ts"

/** Fields that say what a call is about, under their names in the specification. No field beside these is ever logged. */
const loggedFields: ReadonlyMap<string, string> = new Map([
  ["name", "name"],
  ["volumeId", "volume_id"],
  ["sourceVolumeId", "source_volume_id"],
  ["snapshotId", "snapshot_id"],
  ["nodeId", "node_id"],
  ["stagingTargetPath", "staging_target_path"],
  ["targetPath", "target_path"],
  ["volumePath", "volume_path"]
])

const longestBytes = 256

export const idsOf = (request: object): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(request).flatMap(([field, value]: [string, unknown]) => {
      const name = loggedFields.get(field)
      return name === undefined || typeof value !== "string" || value === ""
        ? []
        : [[name, oneLine(value, longestBytes)]]
    })
  )

/** The first id, as the tail of a sentence. */
export const subjectOf = (request: object): string => {
  const [id] = Object.values(idsOf(request))
  return id === undefined ? "" : ` of ${id}`
}
