import type { Mount, PathKind } from "../../ports/HostMounter.ts"
import { Refused } from "../errors.ts"
import { layersAt } from "./mounts.ts"
import { act, done, refuse, type Verdict } from "./Verdict.ts"

export interface UnstageFacts {
  readonly path: string
  readonly kind: PathKind
  readonly mounts: ReadonlyArray<Mount>
}

/** Looks at the mount table alone, so that it works with the disk gone. The directory belongs to the caller. */
export const decideUnstage = ({ kind, mounts, path }: UnstageFacts): Verdict<{ readonly _tag: "Unmount" }, void> => {
  if (kind === "symlink") {
    return refuse(new Refused({ subject: path, because: "is a symbolic link", remedy: "remove it" }))
  }
  return layersAt(mounts, path) > 0 ? act({ _tag: "Unmount" }) : done(undefined)
}
