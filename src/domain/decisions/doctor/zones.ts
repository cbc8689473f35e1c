import { Either } from "effect"
import type { ZoneSeen } from "../../../ports/CloudSurvey.ts"
import type { ControllerOptions } from "../../ControllerSettings.ts"
import { zoneLabel } from "../../nodeTopology.ts"
import { zoneKey } from "../../Topology.ts"
import { planZones, zonesToTry } from "../zone.ts"
import { type Answer, readIfTold } from "./cloudAccess.ts"
import { type Finding, ok, type Subject, skipped, subject, warning } from "./Finding.ts"

export const zonesSubject = subject("cloud.zones", "each zone of Nova has volumes of Cinder")

type Options = Pick<ControllerOptions, "withTopology" | "ignoreVolumeZone" | "zoneMap">

const namesOf = (zones: ReadonlyArray<ZoneSeen>): string =>
  zones.map(({ name, available }) => (available ? name : `${name} (not available)`)).join(", ") || "none"

/** The zone of Cinder that the driver would ask for first where a node of this zone of Nova wants a volume. */
const servedBy = (zone: string, known: ReadonlyArray<string>, options: Options): string | undefined => {
  const segments = { [zoneKey]: zoneLabel(zone) }
  const plan = planZones(undefined, { preferred: [segments], requisite: [segments] }, options)
  return Either.isLeft(plan)
    ? undefined
    : zonesToTry(plan.right, known).find((one) => one !== undefined && known.includes(one))
}

export interface ZoneFacts {
  readonly cinder: Answer<ReadonlyArray<ZoneSeen>>
  readonly nova: Answer<ReadonlyArray<ZoneSeen>>
  readonly options: Options
}

export const judgeZones = ({ cinder, nova, options }: ZoneFacts): Finding => {
  const about: Subject = zonesSubject
  return readIfTold(about, cinder, (volumeZones) =>
    readIfTold(about, nova, (serverZones) => {
      const evidence = [`zones of Cinder: ${namesOf(volumeZones)}`, `zones of Nova: ${namesOf(serverZones)}`]
      if (!options.withTopology) return skipped(about, "--with-topology=false: zones are neither reported nor honoured")
      const map = [...(options.zoneMap ?? [])]
      const known = volumeZones.map(({ name }) => name)
      const pairs = serverZones.map(({ name }) => ({ name, served: servedBy(name, known, options) }))
      const told = pairs.flatMap(({ name, served }) =>
        served === undefined || served === name ? [] : [`nodes in ${name} get volumes from ${served}`]
      )
      const unserved = pairs.filter(({ served }) => served === undefined).map(({ name }) => name)
      const amiss = map.filter(([, to]) => !known.includes(to)).map(([from, to]) => `${from}:${to}`)
      const away = volumeZones.filter(({ available }) => !available).map(({ name }) => name)
      const all = [
        ...evidence,
        ...told,
        ...(amiss.length > 0
          ? [`availability-zone-map names zones that Cinder does not have: ${amiss.join(", ")}`]
          : []),
        ...(unserved.length > 0 ? [`nodes in ${unserved.join(", ")} ask for a zone that Cinder does not have`] : [])
      ]
      if (amiss.length > 0) return warning(about, all, "correct availability-zone-map in [Global]")
      if (unserved.length > 0) {
        return options.ignoreVolumeZone
          ? ok(about, [...all, "ignore-volume-az: every volume serves every node"])
          : warning(
              about,
              all,
              "if every node reaches every volume, set ignore-volume-az in [BlockStorage]; else map Nova's zones to Cinder's with availability-zone-map in [Global]"
            )
      }
      return away.length > 0
        ? warning(about, all, `have an administrator of the cloud look at Cinder's services in ${away.join(", ")}`)
        : ok(about, all)
    })
  )
}
