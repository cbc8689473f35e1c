import type { Activity, AnsweredCall, Reading, Watcher } from "../../src/ports/Telemetry.ts"

/** What a driver shows: activities under way now, all that ever began, answered calls and readings. */
export const recordingWatcher = () => {
  const underway = new Set<Activity>()
  const begun: Array<Activity> = []
  const calls: Array<AnsweredCall> = []
  const readings: Array<Reading> = []
  const watcher: Watcher = {
    begins: (activity) => {
      const one = { ...activity }
      underway.add(one)
      begun.push(one)
      return () => underway.delete(one)
    },
    answered: (call) => calls.push(call),
    shows: (reading) => readings.push(reading)
  }
  return { watcher, begun, calls, readings, underway: () => [...underway] }
}
