import type { Finding, FindingStatus } from "../../domain/decisions/doctor/Finding.ts"
import type { DoctorReport } from "./reportJson.ts"

export interface Paper {
  readonly colours: boolean
  readonly columns: number
}

const widest = 100
const narrowest = 40

const colourOf: Readonly<Record<FindingStatus, number>> = { ok: 32, warning: 33, failed: 31, skipped: 2 }
const mark: Readonly<Record<FindingStatus, string>> = {
  ok: "ok",
  warning: "warning",
  failed: "FAILED",
  skipped: "skipped"
}

const control = "\u001b["
const painted = (text: string, code: number, { colours }: Paper): string =>
  colours ? `${control}${code}m${text}${control}0m` : text

/** Breaks a text at blanks; a word that is longer than a line, such as a URL, stays whole. */
export const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** What the terminal would obey, in words that came from elsewhere. */
const tame = (text: string): string => text.replace(/\p{Cc}+/gu, " ")

const indented = (text: string, first: string, rest: string, { columns }: Paper): ReadonlyArray<string> => {
  const width = Math.max(narrowest, Math.min(widest, columns)) - rest.length
  return wrap(tame(text), width).map((line, at) => `${at === 0 ? first : rest}${line}`)
}

const body = "            "

/** What is well is said in few lines, what is not in full. */
const evidenceOf = ({ evidence, status }: Pick<Finding, "evidence" | "status">): ReadonlyArray<string> =>
  status === "ok" ? [evidence.join("; ")] : evidence

const describeFinding = (finding: DoctorReport["findings"][number], paper: Paper): ReadonlyArray<string> => {
  const { remedy, status, title } = finding
  const label = painted(mark[status].padEnd(8), colourOf[status], paper)
  return [
    ...indented(title, `  ${label}  `, body, paper),
    ...evidenceOf(finding).flatMap((text) => indented(text, body, `${body}  `, paper)),
    ...(remedy === null ? [] : indented(remedy, `${body}> `, `${body}  `, paper))
  ]
}

/** What was skipped for one reason is told together, behind all that was looked at. */
const describeSkipped = (findings: DoctorReport["findings"], paper: Paper): ReadonlyArray<string> => {
  const reasons = new Map<
    string,
    { readonly titles: Array<string>; readonly evidence: string; readonly remedy: string | null }
  >()
  for (const { title, evidence, remedy } of findings.filter(({ status }) => status === "skipped")) {
    const because = evidence.join("; ")
    const known = reasons.get(`${because} ${remedy}`) ?? { titles: [], evidence: because, remedy }
    known.titles.push(title)
    reasons.set(`${because} ${remedy}`, known)
  }
  return [...reasons.values()].flatMap(({ titles, evidence, remedy }) => [
    ...indented(titles.join("; "), `  ${painted(mark.skipped.padEnd(8), colourOf.skipped, paper)}  `, body, paper),
    ...indented(`because ${evidence}`, body, `${body}  `, paper),
    ...(remedy === null ? [] : indented(remedy, `${body}> `, `${body}  `, paper))
  ])
}

const answerText: Readonly<Record<DoctorReport["answers"][number]["answer"], string>> = {
  done: "is done",
  acts: "would go on",
  waits: "would wait, and end with",
  refuses: "would be refused with"
}

/** `isTold`: a link above says the same words. */
const describeAnswer = (
  { about, answer, call, code, message }: DoctorReport["answers"][number],
  isTold: boolean,
  paper: Paper
) => {
  const head = `${call} of ${about} ${answerText[answer]}${code === "OK" ? "" : ` ${code}`}`
  if (answer === "done") return indented(head, "  ", "    ", paper)
  return isTold
    ? indented(`${head}, in the words above`, "  ", "    ", paper)
    : [...indented(`${head}:`, "  ", "    ", paper), ...indented(message, "    ", "    ", paper)]
}

const describeEvent = ({ about, at, count, message, reason }: DoctorReport["events"][number], paper: Paper) => [
  ...indented(`${at ?? ""} ${reason} of ${about}${count > 1 ? `, ${count} times` : ""}:`.trim(), "  ", "    ", paper),
  ...indented(message, "    ", "    ", paper)
]

const section = (title: string, lines: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", title, ...lines.flat()]

const endings: Readonly<Record<DoctorReport["exitCode"], string>> = {
  0: "Nothing that was seen stands in the way.",
  1: "What is marked FAILED has to be seen to.",
  2: "It could not be looked at."
}

const endingOf = ({ exitCode, findings }: DoctorReport): string => {
  const count = (status: FindingStatus) => findings.filter((finding) => finding.status === status).length
  const counts = (["ok", "warning", "failed", "skipped"] as const)
    .map((status) => `${count(status)} ${status}`)
    .join(", ")
  return `${counts}. ${endings[exitCode]}`
}

/** The report for people. */
export const describeReport = (report: DoctorReport, paper: Paper): string => {
  const told = new Set(report.findings.flatMap(({ evidence }) => evidence))
  return [
    `${report.about} (cinder-csi-plugin ${report.driver}, ${report.at})`,
    ...section("Seen:", [
      ...report.findings.filter(({ status }) => status !== "skipped").map((finding) => describeFinding(finding, paper)),
      describeSkipped(report.findings, paper)
    ]),
    ...section(
      "The driver's answers, if it were asked now:",
      report.answers.map((answer) => describeAnswer(answer, told.has(answer.message), paper))
    ),
    ...section(
      "Warnings of Kubernetes:",
      report.events.map((event) => describeEvent(event, paper))
    ),
    "",
    endingOf(report)
  ].join("\n")
}
