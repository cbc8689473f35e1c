import { Effect, Layer } from "effect"
import { type BlockDevice, HostMounter } from "../../ports/HostMounter.ts"
import { makeContents } from "./contents.ts"
import { makeDevices } from "./devices.ts"
import { makeFilesystems } from "./filesystems.ts"
import { makeFlush } from "./flushing.ts"
import { defaultHostOptions, type HostOptions } from "./HostOptions.ts"
import { makeLane } from "./lane.ts"
import { makeMounting } from "./mounting.ts"
import { mountTable } from "./mountTable.ts"
import { makePlaces } from "./places.ts"
import { makePlugPlaces } from "./plugPlaces.ts"
import { makeRescanning } from "./rescanning.ts"
import { makeSlowRead } from "./slowReads.ts"
import { makeUsage } from "./usage.ts"
import { makeVitals } from "./vitals.ts"

/** This Linux host. Needs root with CAP_SYS_ADMIN, and /dev and the kubelet's folder shared with the host. */
export const layerHostLinux = (given: Partial<HostOptions> = {}): Layer.Layer<HostMounter> =>
  Layer.effect(
    HostMounter,
    Effect.gen(function* () {
      const options = { ...defaultHostOptions, ...given }
      const slowRead = yield* makeSlowRead
      const lane = yield* makeLane(options.formatConcurrency, options.limits.lane)
      const devices = makeDevices(options, slowRead)
      const contents = makeContents(options, devices, slowRead)
      const mounts = mountTable
      const places = makePlaces(options.limits.look, mounts)
      const { mount, bind, unmount } = makeMounting(options, devices, mounts, places)
      const { format, check, grow } = makeFilesystems(options, devices, contents, mounts, slowRead, lane)
      const { rescan, refreshSize } = makeRescanning(options, devices, slowRead)
      const vitals = makeVitals(options, devices)
      return {
        findDevice: Effect.fn("HostMounter.findDevice")(devices.find),
        findDeviceAt: Effect.fn("HostMounter.findDeviceAt")(devices.findAt),
        describeDevices: devices.describe,
        plugPlaces: Effect.withSpan(makePlugPlaces(options, devices), "HostMounter.plugPlaces"),
        rescan: Effect.withSpan(rescan, "HostMounter.rescan"),
        refreshSize: Effect.fn("HostMounter.refreshSize")(refreshSize),
        contentsOf: Effect.fn("HostMounter.contentsOf")(contents.of),
        format: Effect.fn("HostMounter.format")(format),
        check: Effect.fn("HostMounter.check")(check),
        grow: Effect.fn("HostMounter.grow")(grow),
        mounts: Effect.withSpan(mounts, "HostMounter.mounts"),
        mount: Effect.fn("HostMounter.mount")(mount),
        bind: Effect.fn("HostMounter.bind")(bind),
        unmount: Effect.fn("HostMounter.unmount")(unmount),
        holdersOf: Effect.fn("HostMounter.holdersOf")((device: BlockDevice) =>
          devices.holdersOf(`see what is built upon ${device.path}`, device)
        ),
        trafficOf: Effect.fn("HostMounter.trafficOf")((device: BlockDevice) =>
          devices.trafficOf(`see what goes to and from ${device.path}`, device)
        ),
        flush: Effect.fn("HostMounter.flush")(makeFlush(options, devices)),
        locate: Effect.fn("HostMounter.locate")(places.locate),
        deviceAt: Effect.fn("HostMounter.deviceAt")(devices.at),
        makeDirectory: Effect.fn("HostMounter.makeDirectory")(places.makeDirectory),
        makeFile: Effect.fn("HostMounter.makeFile")(places.makeFile),
        remove: Effect.fn("HostMounter.remove")(places.remove),
        pulseOf: Effect.fn("HostMounter.pulseOf")(vitals.pulseOf),
        vitalsOf: Effect.fn("HostMounter.vitalsOf")(vitals.vitalsOf),
        usage: Effect.fn("HostMounter.usage")(makeUsage(options, mounts, places))
      }
    })
  )
