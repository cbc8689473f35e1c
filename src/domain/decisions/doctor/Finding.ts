/**
 * - `ok`: as it should be
 * - `warning`: works, or is under way, and is worth knowing
 * - `failed`: the driver cannot do its work so, or the chain is broken here
 * - `skipped`: not looked at, for the reason that is given
 */
export type FindingStatus = "ok" | "warning" | "failed" | "skipped"

/** What the doctor found out about one thing. */
export interface Finding {
  /** Never changes its meaning from release to release, such as `cloud.login`. */
  readonly id: string
  readonly title: string
  readonly status: FindingStatus
  /** What was seen. Holds no secret. */
  readonly evidence: ReadonlyArray<string>
  /** What to do, and who; undefined where nothing is to be done. */
  readonly remedy: string | undefined
}

/** What is looked at, before it is known how it is. */
export interface Subject {
  readonly id: string
  readonly title: string
}

export const subject = (id: string, title: string): Subject => ({ id, title })

type Evidence = string | ReadonlyArray<string>

const listOf = (evidence: Evidence): ReadonlyArray<string> => (typeof evidence === "string" ? [evidence] : evidence)

export const ok = (about: Subject, evidence: Evidence): Finding => ({
  ...about,
  status: "ok",
  evidence: listOf(evidence),
  remedy: undefined
})

export const warning = (about: Subject, evidence: Evidence, remedy: string | undefined): Finding => ({
  ...about,
  status: "warning",
  evidence: listOf(evidence),
  remedy
})

export const failed = (about: Subject, evidence: Evidence, remedy: string | undefined): Finding => ({
  ...about,
  status: "failed",
  evidence: listOf(evidence),
  remedy
})

export const skipped = (about: Subject, reason: string): Finding => ({
  ...about,
  status: "skipped",
  evidence: [reason],
  remedy: undefined
})

/** Whether anything has to be done before the driver can do its work. */
export const isTroubled = (findings: ReadonlyArray<Finding>): boolean =>
  findings.some(({ status }) => status === "failed")
