import { Context, Effect, Layer } from "effect"
import { digestOf, placeOfToken, tokenOfPlace } from "./cloudTokens.ts"
import { answerToSearch, incompleteList } from "./decisions/clouds.ts"
import { type DomainError, UnknownPageToken } from "./errors.ts"
import { SnapshotProvisioning } from "./SnapshotProvisioning.ts"
import type { VolumeId } from "./Volume.ts"
import { VolumeAttachment } from "./VolumeAttachment.ts"
import { type ListedVolume, type VolumePage, VolumeProvisioning } from "./VolumeProvisioning.ts"

/** All that a controller does in one cloud. */
export interface CloudServices {
  readonly volumes: VolumeProvisioning["Type"]
  readonly attachments: VolumeAttachment["Type"]
  readonly snapshots: SnapshotProvisioning["Type"]
}

/** The services at hand, those of one cloud. */
export const cloudServices: Effect.Effect<
  CloudServices,
  never,
  VolumeProvisioning | VolumeAttachment | SnapshotProvisioning
> = Effect.all({ volumes: VolumeProvisioning, attachments: VolumeAttachment, snapshots: SnapshotProvisioning })

/** The clouds that one controller serves. They share nothing, so that one in trouble troubles no other. */
export class Clouds extends Context.Tag("cinder-csi/domain/Clouds")<
  Clouds,
  {
    /** By name and in the order of the names; `""` is the cloud of a call that names none. */
    readonly served: ReadonlyMap<string, CloudServices>
    /** Asks every cloud at once: a volume is found although another cloud does not answer. */
    readonly getVolume: (id: VolumeId) => Effect.Effect<ListedVolume, DomainError>
    /** The volumes of every cloud, cloud by cloud. `maxEntries` 0 means all that is left. Fails if one cloud does. */
    readonly listVolumes: (maxEntries: number, token: string) => Effect.Effect<VolumePage, DomainError>
  }
>() {
  /** The services at hand as the only cloud, under the name `""`. */
  static readonly layerOfOne = Layer.effect(
    Clouds,
    Effect.map(cloudServices, (services) => makeClouds(new Map([["", services]])))
  )
}

/** Several clouds by name, as one controller sees them. */
export const makeClouds = (services: ReadonlyMap<string, CloudServices>): Clouds["Type"] => {
  const served = new Map([...services].sort(([one], [other]) => (one < other ? -1 : 1)))
  const clouds = [...served].map(([name, { volumes }]) => ({ name, digest: digestOf(name), volumes }))

  const getVolume = Effect.fn("Clouds.getVolume")((id: VolumeId) =>
    // Turned inside out, so that the first volume found ends the search and failures do not.
    Effect.forEach(
      clouds,
      ({ name, volumes }) =>
        // Otherwise the end of the search would wait for the time limit of every request under way.
        Effect.disconnect(Effect.map(Effect.flip(volumes.get(id)), (error) => ({ cloud: name, error }))),
      { concurrency: "unbounded" }
    ).pipe(
      Effect.flip,
      Effect.mapError((silences) => answerToSearch(id, silences))
    )
  )

  const listVolumes = Effect.fn("Clouds.listVolumes")(function* (maxEntries: number, token: string) {
    const start = token === "" ? undefined : placeOfToken(token)
    const first = token === "" ? 0 : clouds.findIndex(({ digest }) => digest === start?.digest)
    if (first === -1) return yield* new UnknownPageToken({ token })
    let entries: ReadonlyArray<ListedVolume> = []
    let within = start?.token ?? ""
    for (const { name, digest, volumes } of clouds.slice(first)) {
      if (maxEntries > 0 && entries.length === maxEntries) {
        return { entries, nextToken: tokenOfPlace({ digest, token: within }) }
      }
      const page: VolumePage = yield* volumes
        .list(maxEntries > 0 ? maxEntries - entries.length : maxEntries, within)
        .pipe(
          Effect.catchTag("CloudFailure", (error) =>
            Effect.fail(clouds.length === 1 ? error : incompleteList(name, error))
          )
        )
      entries = [...entries, ...page.entries]
      if (page.nextToken !== undefined) {
        return { entries, nextToken: tokenOfPlace({ digest, token: page.nextToken }) }
      }
      within = ""
    }
    return { entries, nextToken: undefined }
  })

  return { served, getVolume, listVolumes }
}
