import { Effect } from "effect"
import { HostReading } from "../ports/HostReading.ts"
import { fileSystemNamed } from "./Capability.ts"
import type { PersistentVolumeSeen } from "./ClusterObjects.ts"
import { modeOf } from "./decisions/doctor/claimRequest.ts"
import { judgeReplay } from "./decisions/doctor/cloudLinks.ts"
import { type Finding, failed, ok, skipped, subject, warning } from "./decisions/doctor/Finding.ts"
import type { Report } from "./decisions/doctor/Report.ts"
import { mkfsTexts } from "./decisions/mkfsOptions.ts"
import { mountsOf, rawBindsOf } from "./decisions/mounts.ts"
import type { HostFailure } from "./errors.ts"
import { type LookingOptions, reportOf } from "./looking.ts"
import { replayStage } from "./replaying.ts"
import { type Volume, VolumeId } from "./Volume.ts"
import { createdEmptyKey, isSet, resizeRequiredKey } from "./volumeContext.ts"

export const deviceSubject = subject("node.device", "the disk on the node")
const mountsSubject = subject("node.mounts", "the mounts of the disk")

export const deviceElsewhere = (nodeName: string, handle: string): Finding => ({
  ...skipped(deviceSubject, `this is not node ${nodeName}`),
  remedy: `in the pod of the node plugin there: doctor volume ${handle} --node`
})

const wishOf = (
  { formatNoise, uuidGuard }: LookingOptions,
  volumeId: VolumeId,
  pv: PersistentVolumeSeen,
  volume: Volume | undefined
) => ({
  volumeId,
  fileSystem: fileSystemNamed(pv.fsType),
  mode: modeOf(pv.accessModes),
  flags: pv.mountOptions,
  leastBytes: undefined,
  resizeRequired: isSet(pv.attributes, resizeRequiredKey),
  createdEmpty: isSet(pv.attributes, createdEmptyKey),
  encrypted: volume?.encrypted ?? false,
  formatNoise,
  uuidGuard,
  mkfs: mkfsTexts(pv.attributes)
})

const broken = (error: HostFailure): Report => reportOf([failed(deviceSubject, error.message, undefined)])

/** The volume's disk on this machine and what is mounted of it; with its persistent volume, what staging would do. */
export const walkDevice = (
  options: LookingOptions,
  handle: string,
  pv: PersistentVolumeSeen | undefined,
  volume: Volume | undefined
): Effect.Effect<Report, never, HostReading> =>
  Effect.gen(function* () {
    const host = yield* HostReading
    const device = yield* host.findDevice(VolumeId(handle))
    if (device === undefined) {
      const seen = yield* host.describeDevices
      const remedy =
        "if Nova shows it attached: look at the guest's kernel log for hot-plug errors; detach and attach it again with the pod"
      const evidence = ["no disk here is this volume", `seen: ${seen.join(", ") || "none"}`]
      return reportOf([failed(deviceSubject, evidence, remedy)])
    }
    const found = ok(
      deviceSubject,
      `${device.path} (${device.number}), ${device.sizeBytes} bytes, by ${device.evidence}`
    )
    const mounts = yield* host.mounts
    const places = [...mountsOf(mounts, device), ...rawBindsOf(mounts, device)]
    const targets = places.map(({ target, options: flags }) => `${target} (${flags[0] ?? ""})`)
    const where =
      targets.length === 0
        ? warning(mountsSubject, "it is mounted nowhere here", undefined)
        : ok(mountsSubject, targets)
    if (pv === undefined || pv.isBlock) return reportOf([found, where])
    const path = options.stagingPathOf(handle)
    const { kind } = yield* host.locate(path, mounts)
    const wish = wishOf(options, VolumeId(handle), pv, volume)
    const replay = yield* replayStage(host, { wish, device, path, kind, mounts, topIsStale: false })
    return reportOf([found, where, judgeReplay(subject("node.stage", `staging at ${path}`), replay)], [replay])
  }).pipe(Effect.catchAll((error) => Effect.succeed(broken(error))))
