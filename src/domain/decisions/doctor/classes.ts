import { Either } from "effect"
import type { VolumeTypeSeen, ZoneSeen } from "../../../ports/CloudSurvey.ts"
import type { StorageClassSeen } from "../../ClusterObjects.ts"
import { readVolumeParameters } from "../parameters.ts"
import { classParameters, fileSystemOf } from "./claimRequest.ts"
import type { Driver } from "./clusterLinks.ts"
import { type Finding, failed, ok, subject, warning } from "./Finding.ts"
import { type Look, notSeen, valueIn } from "./Look.ts"

export const classesSubject = subject("kubernetes.classes", "the StorageClasses ask for what Cinder has")

export interface ClassFacts {
  readonly driver: Driver
  readonly classes: Look<ReadonlyArray<StorageClassSeen>>
  readonly types: Look<ReadonlyArray<VolumeTypeSeen>>
  readonly zones: Look<ReadonlyArray<ZoneSeen>>
}

/** Types are asked for by name or id. */
export const isNamed = (wanted: string, { id, name }: VolumeTypeSeen): boolean =>
  id === wanted || name.toLowerCase() === wanted.toLowerCase()

/** Why no claim of the class gets a volume; undefined if nothing is known to stand in the way. */
const problemOf = ({ types, zones }: ClassFacts, of: StorageClassSeen): string | undefined => {
  const access = { _tag: "mount", fsType: fileSystemOf(of), flags: [] } as const
  const read = readVolumeParameters(classParameters(of), [{ access, mode: "SINGLE_NODE_WRITER" }])
  if (Either.isLeft(read)) return read.left.message
  const { availability, volumeType } = read.right
  const known = valueIn(types)
  if (volumeType !== undefined && known !== undefined && !known.some((type) => isNamed(volumeType, type))) {
    return `Cinder has no type ${volumeType}, only ${known.map(({ name }) => name).join(", ")}`
  }
  const places = valueIn(zones)
  return availability === undefined || places === undefined || places.some(({ name }) => name === availability)
    ? undefined
    : `Cinder has no zone ${availability}, only ${places.map(({ name }) => name).join(", ")}`
}

export const judgeClasses = (facts: ClassFacts): Finding => {
  const { classes, driver } = facts
  const about = classesSubject
  if (classes._tag === "Unseen") return notSeen(about, classes)
  const ours = (valueIn(classes) ?? []).filter(({ provisioner }) => provisioner === driver.name)
  if (ours.length === 0) {
    return warning(
      about,
      `there is none of ${driver.name}`,
      "make one, for claims to name: deploy/kubernetes has examples"
    )
  }
  const judged = ours.map((of) => ({ name: of.name, problem: problemOf(facts, of) }))
  const evidence = judged.map(({ name, problem }) => (problem === undefined ? name : `${name}: ${problem}`))
  return judged.some(({ problem }) => problem !== undefined)
    ? failed(
        about,
        evidence,
        "a class cannot be changed: make it anew with other parameters; volumes that there are stay"
      )
    : ok(about, evidence.join(", "))
}
