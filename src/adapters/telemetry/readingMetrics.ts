import { Effect, Option } from "effect"
import { Counter, Gauge, type Registry } from "prom-client"
import { type VolumeStatus, volumeStatuses } from "../../domain/Volume.ts"
import type { NodeRoom, Reading, StagedDisk } from "../../ports/Telemetry.ts"

/** Nobody who scrapes waits longer for a figure; then it is left out. */
const patience = "2 seconds"

const isDocumented = (status: VolumeStatus) => volumeStatuses.some((known) => known === status)

const nodeGauges = (registers: Array<Registry>) => {
  const limit = new Gauge({
    name: "cinder_csi_node_attach_limit",
    help: "Most volumes that this node told Kubernetes it takes; 0 is no limit",
    registers
  })
  const attached = new Gauge({
    name: "cinder_csi_node_attached_volumes",
    help: "Disks of this node that are volumes, but those that the machine itself uses",
    registers
  })
  return {
    clear: () => {
      limit.remove()
      attached.remove()
    },
    show: (room: NodeRoom) => {
      if (room.limit !== undefined) limit.set(room.limit)
      if (room.attached !== undefined) attached.set(room.attached)
    }
  }
}

const cloudGauges = (registers: Array<Registry>) => {
  const full = new Gauge({
    name: "cinder_csi_full_servers",
    help: "Servers that Nova found to take no more volumes, within the last 5 minutes",
    labelNames: ["cloud"],
    registers
  })
  const volumes = new Gauge({
    name: "cinder_csi_volumes",
    help: "Volumes of the project when their list was last read, by status in Cinder",
    labelNames: ["cloud", "status"],
    registers
  })
  return {
    clear: () => {
      full.reset()
      volumes.reset()
    },
    showFull: (cloud: string, servers: number) => full.set({ cloud }, servers),
    showVolumes: (cloud: string, counts: ReadonlyMap<VolumeStatus, number>) => {
      for (const [status, count] of counts)
        volumes.inc({ cloud, status: isDocumented(status) ? status : "other" }, count)
    }
  }
}

const diskFigures = (registers: Array<Registry>) => {
  const labelNames = ["volume_id"] as const
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers })
  const counters = {
    reads: counter("cinder_csi_disk_reads_total", "Reads from the disk of a staged volume"),
    readBytes: counter("cinder_csi_disk_read_bytes_total", "Bytes read from it"),
    readSeconds: counter("cinder_csi_disk_read_seconds_total", "Time that its reads took, summed up"),
    writes: counter("cinder_csi_disk_writes_total", "Writes to the disk of a staged volume"),
    writtenBytes: counter("cinder_csi_disk_written_bytes_total", "Bytes written to it"),
    writeSeconds: counter("cinder_csi_disk_write_seconds_total", "Time that its writes took, summed up"),
    busySeconds: counter("cinder_csi_disk_busy_seconds_total", "Time in which it had anything to do")
  } as const
  const inFlight = new Gauge({
    name: "cinder_csi_disk_in_flight",
    help: "Reads and writes handed to the disk of a staged volume and not answered",
    labelNames,
    registers
  })
  const names = ["reads", "readBytes", "readSeconds", "writes", "writtenBytes", "writeSeconds", "busySeconds"] as const
  return {
    clear: () => {
      inFlight.reset()
      for (const name of names) counters[name].reset()
    },
    show: (disks: ReadonlyArray<StagedDisk>) => {
      for (const { traffic, volumeId } of disks) {
        inFlight.set({ volume_id: volumeId }, traffic.inFlight)
        for (const name of names) counters[name].inc({ volume_id: volumeId }, traffic[name])
      }
    }
  }
}

export interface ReadingMetrics {
  readonly shows: (cloud: string, reading: Reading) => void
  /** Looks everything up and brings the gauges up to date. */
  readonly refresh: Effect.Effect<void>
}

/** What is looked up when somebody asks. Nothing in here sends a request to the cloud. */
export const makeReadingMetrics = (registers: Array<Registry>): ReadingMetrics => {
  const node = nodeGauges(registers)
  const clouds = cloudGauges(registers)
  const disks = diskFigures(registers)
  const readings: Array<{ readonly cloud: string; readonly reading: Reading }> = []

  /** Answers with how to show it. */
  const look = (cloud: string, reading: Reading): Effect.Effect<() => void> => {
    switch (reading._tag) {
      case "NodeRoom":
        return Effect.map(reading.read, (room) => () => node.show(room))
      case "StagedDisks":
        return Effect.map(reading.read, (found) => () => disks.show(found))
      case "FullServers":
        return Effect.map(reading.read, (count) => () => clouds.showFull(cloud, count))
      case "Volumes":
        return Effect.map(reading.read, (counts) => () => counts && clouds.showVolumes(cloud, counts))
    }
  }

  return {
    shows: (cloud, reading) => {
      readings.push({ cloud, reading })
    },
    refresh: Effect.forEach(
      readings,
      ({ cloud, reading }) =>
        // A look that nobody waits for any more ends by itself.
        Effect.disconnect(look(cloud, reading)).pipe(Effect.timeoutOption(patience), Effect.map(Option.getOrUndefined)),
      { concurrency: "unbounded" }
    ).pipe(
      Effect.map((shown) => {
        for (const { clear } of [node, clouds, disks]) clear()
        for (const show of shown) show?.()
      })
    )
  }
}
