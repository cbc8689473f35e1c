import { Either } from "effect"
import type { ClaimRef } from "../Claim.ts"
import { InvalidInput } from "../errors.ts"
import type { SchedulerHints } from "../SchedulerHints.ts"
import { VolumeId } from "../Volume.ts"

type Texts = Readonly<Record<string, string>>

/** Annotations of a claim, and keys of the metadata that remembers on the volume what they came to. */
const affinityKey = "cinder.csi.openstack.org/affinity"
const antiAffinityKey = "cinder.csi.openstack.org/anti-affinity"
export const hintAnnotations = [affinityKey, antiAffinityKey] as const

/** As many ids as fit into a volume context, which the CSI specification bounds to 4 KiB. */
const mostEntries = 64

/** Ids have 36 characters, and Cinder takes values of at most 255. */
const idsPerValue = 6

/** Names or ids of volumes, as a claim's annotations list them. */
export interface HintEntries {
  readonly claim: ClaimRef
  readonly affinity: ReadonlyArray<string>
  readonly antiAffinity: ReadonlyArray<string>
}

const fieldOf = (key: string, { namespace, name }: ClaimRef): string =>
  `annotation ${key} of claim ${namespace}/${name}`

const distinct = <A>(items: ReadonlyArray<A>): ReadonlyArray<A> => [...new Set(items)]

const entriesIn = (text: string | undefined): ReadonlyArray<string> =>
  distinct((text ?? "").split(/[\s,]+/).filter((entry) => entry !== ""))

/** The volumes that the annotations name, separated by commas or white space. */
export const readHintEntries = (claim: ClaimRef, annotations: Texts): Either.Either<HintEntries, InvalidInput> => {
  const affinity = entriesIn(annotations[affinityKey])
  const antiAffinity = entriesIn(annotations[antiAffinityKey])
  const count = affinity.length + antiAffinity.length
  if (count <= mostEntries) return Either.right({ claim, affinity, antiAffinity })
  const longer = affinity.length > antiAffinity.length ? affinityKey : antiAffinityKey
  return Either.left(
    new InvalidInput({
      field: fieldOf(longer, claim),
      problem: `is too long: a claim may name ${mostEntries} volumes in its hints, and this one names ${count}`
    })
  )
}

/** Each entry once, to be looked up. */
export const entriesOf = ({ affinity, antiAffinity }: HintEntries): ReadonlyArray<string> =>
  distinct([...affinity, ...antiAffinity])

/** The forms that https://pkg.go.dev/github.com/google/uuid#Parse reads. */
const uuid = /^(?:urn:uuid:|\{)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i

/** The id that an entry may be, as Cinder writes it; it may still turn out to be a name. */
export const idIn = (entry: string): VolumeId | undefined => {
  const groups = uuid.exec(entry)?.slice(1)
  return groups === undefined ? undefined : VolumeId(groups.join("-").toLowerCase())
}

/** The hints, once it is known which volumes of the cloud each entry names: it must be exactly one. */
export const hintsFrom = (
  entries: HintEntries,
  named: ReadonlyMap<string, ReadonlyArray<VolumeId>>
): Either.Either<SchedulerHints, InvalidInput> => {
  const resolve = (key: string, list: ReadonlyArray<string>) =>
    Either.map(
      Either.all(
        list.map((entry) => {
          const [id, ...others] = named.get(entry) ?? []
          const refused = (problem: string) =>
            Either.left(new InvalidInput({ field: fieldOf(key, entries.claim), problem }))
          if (id === undefined) return refused(`names ${JSON.stringify(entry)}, and Cinder has no such volume`)
          return others.length === 0
            ? Either.right(id)
            : refused(`names ${JSON.stringify(entry)}, and ${others.length + 1} volumes have this name; write an id`)
        })
      ),
      distinct
    )
  return Either.all({
    sameHost: resolve(affinityKey, entries.affinity),
    differentHost: resolve(antiAffinityKey, entries.antiAffinity)
  })
}

const valueKey = (key: string, position: number): string => (position === 0 ? key : `${key}.${position + 1}`)

const metadataOf = (key: string, ids: ReadonlyArray<VolumeId>): ReadonlyArray<readonly [string, string]> =>
  Array.from({ length: Math.ceil(ids.length / idsPerValue) }, (_, position) => [
    valueKey(key, position),
    ids.slice(position * idsPerValue, (position + 1) * idsPerValue).join(",")
  ])

/** Remembers the hints on the volume, so that a repeated call can answer with them although the claim has changed. */
export const hintMetadata = ({ sameHost, differentHost }: SchedulerHints): Texts =>
  Object.fromEntries([...metadataOf(affinityKey, sameHost), ...metadataOf(antiAffinityKey, differentHost)])

const valuesIn = (metadata: Texts, key: string, position = 0): ReadonlyArray<string> => {
  const value = metadata[valueKey(key, position)]
  return value === undefined ? [] : [value, ...valuesIn(metadata, key, position + 1)]
}

/** The volume context of a volume that was made with hints. */
export const hintContext = (metadata: Texts): Texts =>
  Object.fromEntries(
    Object.entries({ affinity: affinityKey, "anti-affinity": antiAffinityKey })
      .map(([name, key]) => [name, valuesIn(metadata, key).join(",")] as const)
      .filter(([, ids]) => ids !== "")
  )
