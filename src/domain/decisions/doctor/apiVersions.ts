import type { CloudService, VersionRange } from "../../../ports/CloudSurvey.ts"
import { type Answer, read } from "./cloudAccess.ts"
import { type Finding, failed, ok, type Subject, subject, warning } from "./Finding.ts"

/** A microversion that the driver asks for, and what there is without it. */
export interface UsedVersion {
  readonly version: string
  readonly buys: string
  readonly without: string
  /** Volumes cannot be attached, or the like, without it. */
  readonly needed: boolean
}

/** https://docs.openstack.org/cinder/latest/contributor/api_microversion_history.html and the same page of Nova. */
export const usedVersions: Readonly<Record<CloudService, ReadonlyArray<UsedVersion>>> = {
  Cinder: [
    {
      version: "3.5",
      buys: "Cinder's own words about a volume that failed",
      without: "errors only tell the volume's state",
      needed: false
    },
    {
      version: "3.27",
      buys: "attachments one by one",
      without: "what a server that is gone left attached can only be removed by an administrator",
      needed: false
    },
    {
      version: "3.42",
      buys: "volumes grow while they are attached",
      without: "a claim grows only while no pod uses it",
      needed: false
    },
    { version: "3.43", buys: "backups carry metadata", without: "snapshots of type backup do not work", needed: false },
    {
      version: "3.47",
      buys: "volumes are made from backups",
      without: "a claim cannot be restored from a backup",
      needed: false
    },
    {
      version: "3.51",
      buys: "backups in a chosen zone",
      without: "availability of a backup class is refused",
      needed: false
    }
  ],
  Nova: [
    {
      version: "2.9",
      buys: "servers show whether they are locked",
      without: "no server can be looked at",
      needed: true
    },
    {
      version: "2.16",
      buys: "how a server's compute host does, where a policy shows it",
      without: "the failover assistant does not work",
      needed: false
    },
    { version: "2.20", buys: "volumes of shelved servers", without: "no volume can be attached", needed: true },
    {
      version: "2.60",
      buys: "multiattach volumes",
      without: "a volume is attached to one server at a time",
      needed: false
    }
  ]
}

const numbersOf = (version: string): ReadonlyArray<number> => version.split(".").map(Number)

/** Of one major version alone. */
export const reaches = (maximum: string, version: string): boolean => {
  const [major = 0, minor = 0] = numbersOf(maximum)
  const [wantedMajor = 0, wanted = 0] = numbersOf(version)
  return major === wantedMajor && minor >= wanted
}

export const versionsSubject = (service: CloudService): Subject =>
  subject(`cloud.versions.${service.toLowerCase()}`, `${service} speaks the microversions that are asked for`)

/** `ignored`: the configuration forbids to ask Cinder for any. */
export const judgeVersions = (service: CloudService, answer: Answer<VersionRange>, ignored: boolean): Finding => {
  const about = versionsSubject(service)
  return read(about, answer, ({ minimum, maximum }) => {
    const spoken = maximum === "" ? "it names no microversions" : `it speaks ${minimum} to ${maximum}`
    const missing = usedVersions[service].filter(({ version }) => ignored || !reaches(maximum, version))
    const used = usedVersions[service].filter((one) => !missing.includes(one))
    const evidence = [
      ignored ? `${spoken}; ignore-volume-microversion forbids to ask for any` : spoken,
      ...used.map(({ version, buys }) => `${version}: ${buys}`),
      ...missing.map(({ version, without }) => `without ${version}: ${without}`)
    ]
    if (missing.length === 0) return ok(about, evidence)
    const remedy = ignored
      ? "take ignore-volume-microversion out of [BlockStorage] if the cloud bears it"
      : `have the cloud's administrator upgrade ${service} if you need these`
    return missing.some(({ needed }) => needed) ? failed(about, evidence, remedy) : warning(about, evidence, remedy)
  })
}
