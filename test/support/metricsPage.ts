/** One family of metrics, by its name, type and labels in the order of the alphabet. */
export interface Family {
  readonly name: string
  readonly type: string
  /** Undefined: no series shows them. */
  readonly labels: ReadonlyArray<string> | undefined
}

const names = (cell: string) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? "").sort()

/** The rows of the tables of docs/metrics.md: `name`, type, `labels`. */
export const documentedMetrics = (page: string): ReadonlyArray<Family> =>
  [...page.matchAll(/^\| `(\w+)` \| (gauge|counter|histogram|summary) \|([^|]*)\|/gm)].map(
    ([, name = "", type = "", labels = ""]) => ({ name, type, labels: names(labels) })
  )

/** What Prometheus would read. */
export const exportedMetrics = (text: string): ReadonlyArray<Family> =>
  [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = "", type = ""]) => {
    const sample = new RegExp(`^${name}(?:_sum)?(?:\\{(.*)\\})? `, "m").exec(text)
    const labels =
      sample === null ? undefined : [...(sample[1] ?? "").matchAll(/(\w+)="/g)].map(([, label]) => label ?? "")
    return { name, type, labels: labels?.sort() }
  })
