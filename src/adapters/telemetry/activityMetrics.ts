import { Gauge, Histogram, type Registry } from "prom-client"
import type { Activity, AnsweredCall } from "../../ports/Telemetry.ts"
import { makeUnderway, type Underway } from "./underway.ts"
import { makeUnfinished } from "./unfinished.ts"

/** So many servers have figures of their own: those that something is under way on for the longest time. */
const mostServers = 20

type ServerRow = Underway<{ readonly server: string }>

/** The rest in one row, `other`. */
export const boundedServers = (rows: ReadonlyArray<ServerRow>): ReadonlyArray<ServerRow> => {
  const byAge = [...rows].sort((one, another) => another.oldest - one.oldest)
  const [shown, rest] = [byAge.slice(0, mostServers), byAge.slice(mostServers)]
  if (rest.length === 0) return shown
  const count = rest.reduce((sum, row) => sum + row.count, 0)
  return [...shown, { labels: { server: "other" }, count, oldest: rest[0]?.oldest ?? 0 }]
}

export interface ActivityMetrics {
  readonly begins: (activity: Activity) => () => void
  readonly answered: (call: AnsweredCall) => void
  /** Brings the gauges up to date. */
  readonly refresh: () => void
}

/** What goes on, and since when. `now` is in milliseconds and never steps back. */
export const makeActivityMetrics = (registers: Array<Registry>, now: () => number): ActivityMetrics => {
  const refreshers: Array<() => void> = []
  const gauges = <Label extends string>(
    name: string,
    help: string,
    label: Label,
    rows: () => ReadonlyArray<Underway<Readonly<Record<Label, string>>>>
  ) => {
    const labelNames = label === "" ? [] : [label]
    const count = new Gauge({ name, help, labelNames, registers })
    const age = new Gauge({
      name: `${name}_oldest_seconds`,
      help: `Age of the oldest of ${name}, 0 if there is none`,
      labelNames,
      registers
    })
    refreshers.push(() => {
      count.reset()
      age.reset()
      for (const { count: number, labels, oldest } of rows()) {
        count.set(labels, number)
        age.set(labels, oldest / 1000)
      }
    })
  }

  const calls = makeUnderway<{ readonly method: string }>(now)
  const locks = makeUnderway<Readonly<Record<string, never>>>(now)
  const lines = makeUnderway<{ readonly line: string }>(now)
  const waits = makeUnderway<{ readonly reason: string }>(now)
  const servers = makeUnderway<{ readonly server: string }>(now, true)
  const unfinished = makeUnfinished(now)

  const durations = new Histogram({
    name: "cinder_csi_rpc_duration_seconds",
    help: "Calls of CSI until their answer, by gRPC code",
    labelNames: ["method", "code"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
    registers
  })
  gauges("cinder_csi_rpcs", "Calls of CSI that are worked on, also after their answer", "method", calls.rows)
  gauges(
    "cinder_csi_unfinished_rpcs",
    "Changes that have not succeeded since they were first asked for; not repeated for 15 minutes they no longer count",
    "method",
    unfinished.rows
  )
  gauges("cinder_csi_operation_locks", "Volumes, snapshots and names that a call has to itself", "", locks.rows)
  gauges("cinder_csi_in_line", "Calls and requests that wait for their turn", "line", lines.rows)
  gauges("cinder_csi_waits", "Waits for something to happen in the cloud or on the node", "reason", waits.rows)
  gauges(
    "cinder_csi_server_attachments",
    `Calls that attach to a server or detach from it; the ${mostServers} servers with the oldest, the rest as other`,
    "server",
    () => boundedServers(servers.rows())
  )

  return {
    begins: (activity) => {
      switch (activity._tag) {
        case "Call":
          return calls.begin({ method: activity.method })
        case "Lock":
          return locks.begin({})
        case "Line":
          return lines.begin({ line: activity.line })
        case "Wait":
          return waits.begin({ reason: activity.reason })
        case "Attachment":
          return servers.begin({ server: activity.serverId })
      }
    },
    answered: (call) => {
      durations.observe({ method: call.method, code: call.code }, call.seconds)
      unfinished.note(call)
    },
    refresh: () => {
      for (const refresh of refreshers) refresh()
    }
  }
}
