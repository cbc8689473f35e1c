import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { parse } from "yaml"
import { alertsIn, expressionsOf, familiesIn } from "./monitoring/rules.ts"
import { documentedMetrics } from "./support/metricsPage.ts"

const project = join(import.meta.dirname, "..")
const read = (path: string) => readFileSync(join(project, path), "utf8")

const alerts = alertsIn(read("deploy/monitoring/alerts.yaml"))
const dashboard: unknown = JSON.parse(read("deploy/monitoring/grafana-dashboard.json"))
const expressions = [...alerts.map(({ expr }) => expr), ...expressionsOf(dashboard)]

/** docs/metrics.md is held to a running driver by test/main/metrics.test.ts. */
const exported = new Set([...documentedMetrics(read("docs/metrics.md")).map(({ name }) => name), "up"])

describe("alerts", () => {
  it("have one section of the runbook each, and no section is without an alert", () => {
    const sections = [...read("docs/runbook.md").matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    assert.deepStrictEqual(
      sections,
      alerts.map(({ alert }) => alert)
    )
  })

  it.each(alerts)(
    "$alert says how bad it is, what is the matter, and where to read on",
    ({ alert, annotations, labels }) => {
      assert.include(["warning", "critical"], labels["severity"])
      assert.match(annotations["summary"] ?? "", /\S/)
      assert.strictEqual(annotations["runbook_url"], `docs/runbook.md#${alert.toLowerCase()}`)
    }
  )

  it("are the same in the resource of the operator", () => {
    const resource: unknown = parse(read("deploy/monitoring/prometheus-rule.yaml"))
    const spec: unknown = Reflect.get(Object(resource), "spec")
    assert.deepStrictEqual(spec, parse(read("deploy/monitoring/alerts.yaml")))
  })

  it.each(alerts)("$alert is shown to fire and to be silent", ({ alert }) => {
    const cases = read("test/monitoring/alerts.promtool.yaml")
      .split("\n  - name: ")
      .filter((one) => one.includes(`alertname: ${alert}\n`))
    const silent = cases.filter((one) => one.includes("exp_alerts: []"))
    assert.deepStrictEqual([cases.length - silent.length, silent.length], [1, 1])
  })
})

describe("the dashboard", () => {
  it("has panels with something to draw, each under a number of its own", () => {
    const panels: ReadonlyArray<{ readonly id: number; readonly title: string }> = Reflect.get(
      Object(dashboard),
      "panels"
    )
    assert.strictEqual(new Set(panels.map(({ id }) => id)).size, panels.length)
    assert.isAbove(expressionsOf(dashboard).length, 30)
  })

  it("takes all jobs to be those of the driver, since some of its figures every program has", () => {
    const variables: ReadonlyArray<{ readonly name: string; readonly query: unknown; readonly allValue?: string }> =
      Reflect.get(Object(Reflect.get(Object(dashboard), "templating")), "list")
    const job = variables.find(({ name }) => name === "job")
    assert.strictEqual(job?.allValue, undefined)
    assert.deepStrictEqual(job?.query, { query: "label_values(cinder_csi_build_info, job)", refId: "job" })
    for (const expression of expressionsOf(dashboard)) assert.include(expression, '{job=~"$job"')
  })
})

describe("every metric", () => {
  it.each(expressions)("is one that the driver exports: %s", (expression) => {
    const families = familiesIn(expression)
    assert.isNotEmpty(families)
    assert.deepStrictEqual(
      families.filter((family) => !exported.has(family)),
      []
    )
  })
})
