import { DateTime, Schema } from "effect"
import { codeOf } from "../../adapters/csi/status.ts"
import { oneLine } from "../../adapters/csi/text.ts"
import type { Replay, Report } from "../../domain/decisions/doctor/Report.ts"
import { version } from "../version.ts"
import { codeNames } from "./codes.ts"

const Finding = Schema.Struct({
  /** Keeps its meaning from release to release. */
  id: Schema.String,
  title: Schema.String,
  status: Schema.Literal("ok", "warning", "failed", "skipped"),
  evidence: Schema.Array(Schema.String),
  remedy: Schema.NullOr(Schema.String)
})

const Answer = Schema.Struct({
  call: Schema.String,
  about: Schema.String,
  answer: Schema.Literal("done", "acts", "waits", "refuses"),
  /** gRPC's word for the code; of a wait, that of its end if nothing changes until the deadline. */
  code: Schema.String,
  message: Schema.String
})

const Event = Schema.Struct({
  about: Schema.String,
  type: Schema.String,
  reason: Schema.String,
  message: Schema.String,
  count: Schema.Number,
  at: Schema.NullOr(Schema.String)
})

/** What `--json` prints. New members may come; those that are there keep their meaning while `version` is 1. */
export const DoctorReport = Schema.Struct({
  version: Schema.Literal(1),
  driver: Schema.String,
  at: Schema.String,
  about: Schema.String,
  /** 0, 1 or 2, as the program ends. */
  exitCode: Schema.Literal(0, 1, 2),
  findings: Schema.Array(Finding),
  answers: Schema.Array(Answer),
  events: Schema.Array(Event)
})
export type DoctorReport = typeof DoctorReport.Type
export type ExitCode = DoctorReport["exitCode"]

const iso = (millis: number): string => DateTime.formatIso(DateTime.unsafeMake(millis))

/** Long enough for any sentence of ours. */
const longestMessageBytes = 2048

export const answerOf = ({ call, about, answer }: Replay): typeof Answer.Type => {
  switch (answer._tag) {
    case "Done":
      return { call, about, answer: "done", code: "OK", message: "nothing is left to do" }
    case "Acts":
      return { call, about, answer: "acts", code: "OK", message: answer.deed }
    case "Waits": {
      const message = oneLine(answer.overdue.message, longestMessageBytes)
      return { call, about, answer: "waits", code: codeNames[codeOf(answer.overdue)], message }
    }
    case "Refuses": {
      const message = oneLine(answer.error.message, longestMessageBytes)
      return { call, about, answer: "refuses", code: codeNames[codeOf(answer.error)], message }
    }
  }
}

export const toDoctorReport = (
  about: string,
  { findings, replays, events }: Report,
  exitCode: DoctorReport["exitCode"],
  now: number
): DoctorReport => ({
  version: 1,
  driver: version,
  at: iso(now),
  about,
  exitCode,
  findings: findings.map(({ remedy, ...finding }) => ({ ...finding, remedy: remedy ?? null })),
  answers: replays.map(answerOf),
  events: events.map(({ at, ...event }) => ({ ...event, at: at === undefined ? null : iso(at) }))
})
