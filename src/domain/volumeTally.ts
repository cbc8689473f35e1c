import type { Volume, VolumeStatus } from "./Volume.ts"

/** One page of the list of all volumes, as it was asked for and answered. */
export interface TalliedPage {
  /** Empty for the first page. */
  readonly token: string
  readonly volumes: ReadonlyArray<Pick<Volume, "status">>
  /** Undefined for the last page. */
  readonly nextToken: string | undefined
}

/** Counts volumes by status while others read their list, for nobody would have the cloud asked for it. */
export interface VolumeTally {
  readonly add: (page: TalliedPage) => void
  /** Of the last list that was read from its first page to its last; undefined before that. */
  readonly complete: () => ReadonlyMap<VolumeStatus, number> | undefined
}

export const makeVolumeTally = (): VolumeTally => {
  let complete: ReadonlyMap<VolumeStatus, number> | undefined
  let expected: string | undefined
  let counts = new Map<VolumeStatus, number>()
  return {
    add: ({ nextToken, token, volumes }) => {
      if (token === "") counts = new Map()
      else if (token !== expected) return
      for (const { status } of volumes) counts.set(status, (counts.get(status) ?? 0) + 1)
      expected = nextToken
      if (nextToken === undefined) complete = counts
    },
    complete: () => complete
  }
}
