import { execFile, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { expressionsOf } from "./rules.ts"

const project = join(import.meta.dirname, "..", "..")
const rules = join(project, "deploy", "monitoring", "alerts.yaml")

const missing =
  spawnSync("promtool", ["--version"]).status === 0 ? undefined : "promtool of the Debian package prometheus is missing"

/** On a developer's machine a test that cannot run is left out, in CI it fails. */
const withPromtool = (name: string, test: () => Promise<void>) => {
  if (missing !== undefined && process.env["CI"] === undefined) it.skip(`${name} (left out: ${missing})`, test)
  else it(name, test)
}

const promtool = (...args: ReadonlyArray<string>) =>
  new Promise<string>((resolve, reject) =>
    execFile("promtool", [...args], { timeout: 60_000 }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${stdout}${stderr}` || error.message))
    )
  )

describe("promtool", () => {
  withPromtool("finds nothing wrong with the alerts", async () => {
    assert.match(await promtool("check", "rules", rules), /SUCCESS: \d+ rules found/)
  })

  withPromtool("sees each alert fire when it should, and only then", async () => {
    assert.include(await promtool("test", "rules", join(import.meta.dirname, "alerts.promtool.yaml")), "SUCCESS")
  })

  withPromtool("can read what the dashboard asks", async () => {
    const dashboard: unknown = JSON.parse(
      readFileSync(join(project, "deploy", "monitoring", "grafana-dashboard.json"), "utf8")
    )
    const asked = expressionsOf(dashboard).map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll("$__rate_interval", "5m")
    }))
    const folder = mkdtempSync(join(tmpdir(), "cinder-csi-"))
    const file = join(folder, "dashboard.json")
    writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules: asked }] }))
    try {
      assert.include(await promtool("check", "rules", file), `SUCCESS: ${asked.length} rules found`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
