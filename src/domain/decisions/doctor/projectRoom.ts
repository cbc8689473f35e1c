import type { QuotaUse, VolumeTypeSeen } from "../../../ports/CloudSurvey.ts"
import { type Answer, read, readIfTold } from "./cloudAccess.ts"
import { type Finding, failed, ok, subject, warning } from "./Finding.ts"

export const quotaSubject = subject("cloud.quota", "the project has room")
export const typesSubject = subject("cloud.types", "there are volume types")

/** From here on a quota is worth a look before claims fail. */
const nearlyFull = 0.9

/** A quota of 0 is how clouds switch a service such as backups off. */
const isFull = ({ limit, used }: QuotaUse): boolean => limit > 0 && used >= limit
const isNearlyFull = ({ limit, used }: QuotaUse): boolean => limit > 0 && used > limit * nearlyFull

const textOf = ({ name, limit, used }: QuotaUse): string =>
  limit < 0 ? `${name}: ${used} used, no limit` : `${name}: ${used} of ${limit} used, ${Math.max(0, limit - used)} left`

/** What the driver makes counts into these; Cinder has others, such as groups. */
const isOurs = ({ name }: QuotaUse): boolean =>
  /^(volumes|gigabytes|snapshots|backups|backup_gigabytes)(_|$)/.test(name)

/** There is one of each kind for every type, most without limit. */
const isWorthSaying = ({ limit, name }: QuotaUse): boolean =>
  limit >= 0 || !/^(volumes|gigabytes|snapshots)_/.test(name)

export const judgeQuotas = (answer: Answer<ReadonlyArray<QuotaUse>>): Finding =>
  readIfTold(quotaSubject, answer, (all) => {
    const quotas = all.filter(isOurs)
    const evidence = quotas.filter(isWorthSaying).map(textOf)
    const full = quotas.filter(isFull).map(({ name }) => name)
    const near = quotas.filter(isNearlyFull).map(({ name }) => name)
    const raise = "delete what nobody needs, or have an administrator of the cloud raise the quota"
    if (full.length > 0) return failed(quotaSubject, evidence, `${full.join(" and ")}: full; ${raise}`)
    return near.length > 0
      ? warning(quotaSubject, evidence, `${near.join(" and ")}: more than 90 % used; ${raise}`)
      : ok(quotaSubject, evidence)
  })

const typeText = ({ name, isDefault, multiattach }: VolumeTypeSeen): string => {
  const traits = [...(isDefault ? ["default"] : []), ...(multiattach ? ["multiattach"] : [])]
  return traits.length === 0 ? name : `${name} (${traits.join(", ")})`
}

export const judgeTypes = (answer: Answer<ReadonlyArray<VolumeTypeSeen>>): Finding =>
  read(typesSubject, answer, (types) => {
    const names = types.map(typeText).join(", ")
    if (types.length === 0) {
      return failed(
        typesSubject,
        "the project sees none",
        "have an administrator of the cloud make one or share one with the project"
      )
    }
    return types.some(({ isDefault }) => isDefault)
      ? ok(typesSubject, names)
      : warning(typesSubject, [names, "none is the default"], "name one with the parameter type of each StorageClass")
  })

/** Why a volume of this size and type would go beyond a quota; undefined if none stands in the way. */
export const quotaInTheWay = (
  quotas: ReadonlyArray<QuotaUse>,
  sizeGiB: number,
  volumeType: string | undefined
): string | undefined => {
  const wanted = (name: string): number => {
    if (name === "volumes" || name === `volumes_${volumeType}`) return 1
    if (name === "gigabytes" || name === `gigabytes_${volumeType}`) return sizeGiB
    return 0
  }
  const exceeded = quotas.find(({ name, limit, used }) => limit >= 0 && wanted(name) > 0 && used + wanted(name) > limit)
  const perVolume = quotas.find(({ name, limit }) => name === "per_volume_gigabytes" && limit >= 0 && sizeGiB > limit)
  if (exceeded !== undefined) return `${textOf(exceeded)}, ${wanted(exceeded.name)} asked for`
  return perVolume === undefined ? undefined : `per_volume_gigabytes: ${perVolume.limit}, ${sizeGiB} asked for`
}
