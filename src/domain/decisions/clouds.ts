import { type CloudFailure, type DomainError, NotReady, VolumeNotFound } from "../errors.ts"
import type { VolumeId } from "../Volume.ts"

/** A cloud as people know it; the name is that of a section of `cloud.conf`. */
export const cloudTitle = (name: string): string => (name === "" ? "plain [Global]" : JSON.stringify(name))

/** Why one of several clouds gave nothing. */
export interface Silence {
  readonly cloud: string
  readonly error: DomainError
}

/**
 * The answer when no cloud has shown a volume. It is absent only if every cloud says so: a cloud that failed may have it,
 * and who believes the volume gone forgets it.
 */
export const answerToSearch = (id: VolumeId, silences: ReadonlyArray<Silence>): DomainError => {
  const failed = silences.find(({ error }) => error._tag !== "VolumeNotFound")
  if (failed === undefined) return new VolumeNotFound({ id })
  if (silences.length === 1) return failed.error
  return new NotReady({
    subject: `volume ${id}`,
    state: `in none of the clouds that answered, and cloud ${cloudTitle(failed.cloud)} failed: ${failed.error.message}`,
    remedy: undefined
  })
}

/** A list without the volumes of one cloud would say that they are attached nowhere, so there is none. */
export const incompleteList = (cloud: string, error: CloudFailure): NotReady =>
  new NotReady({
    subject: "the list of volumes",
    state: `incomplete: cloud ${cloudTitle(cloud)} failed: ${error.message}`,
    remedy: undefined
  })
