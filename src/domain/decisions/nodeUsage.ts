import type { Usage } from "../../ports/HostMounter.ts"
import { DeviceNotFound, PathNotFound } from "../errors.ts"
import type { VolumeUsage } from "../NodeVolumes.ts"
import type { VolumeId } from "../Volume.ts"
import type { Presence } from "./presence.ts"
import { act, done, refuse, type Verdict } from "./Verdict.ts"

export interface NodeUsageFacts {
  readonly volumeId: VolumeId
  readonly path: string
  readonly presence: Presence
  /** Disks of the node, for the error message. */
  readonly seen: ReadonlyArray<string>
  /** Undefined: not measured yet. */
  readonly usage: Usage | undefined
}

export const decideNodeUsage = ({
  path,
  presence,
  seen,
  usage,
  volumeId
}: NodeUsageFacts): Verdict<{ readonly _tag: "Measure" }, VolumeUsage> => {
  switch (presence._tag) {
    case "Elsewhere":
      return refuse(new PathNotFound({ volumeId, path }))
    case "DiskGone":
      return refuse(new DeviceNotFound({ volumeId, seen }))
    case "Raw":
      return done({ _tag: "block", totalBytes: presence.device.sizeBytes })
    case "Mounted":
      return usage === undefined ? act({ _tag: "Measure" }) : done({ _tag: "mount", ...usage })
  }
}
