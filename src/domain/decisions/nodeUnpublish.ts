import type { Mount, PathKind } from "../../ports/HostMounter.ts"
import { Refused } from "../errors.ts"
import { layersAt } from "./mounts.ts"
import { act, done, refuse, type Verdict } from "./Verdict.ts"

export interface NodeUnpublishFacts {
  readonly path: string
  readonly kind: PathKind
  readonly mounts: ReadonlyArray<Mount>
}

/** `Remove` takes an empty directory or file and nothing else. */
export type NodeUnpublishAction = { readonly _tag: "Unmount" } | { readonly _tag: "Remove" }

export const decideNodeUnpublish = ({ kind, mounts, path }: NodeUnpublishFacts): Verdict<NodeUnpublishAction, void> => {
  if (kind !== "symlink" && layersAt(mounts, path) > 0) return act({ _tag: "Unmount" })
  switch (kind) {
    case "absent":
      return done(undefined)
    case "directory":
    case "file":
      return act({ _tag: "Remove" })
    case "symlink":
    case "blockDevice":
    case "other":
      return refuse(
        new Refused({
          subject: path,
          because: `is a ${kind === "blockDevice" ? "device node" : kind}, which no volume is published as`,
          remedy: "remove it"
        })
      )
  }
}
