// Writes the alerts as a resource of the Prometheus operator.
import { readFileSync, writeFileSync } from "node:fs"

const folder = new URL("../deploy/monitoring/", import.meta.url)
const head = `# Made of alerts.yaml by scripts/prometheus-rule.mjs.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: csi-cinder
  namespace: kube-system
spec:
`
const rules = readFileSync(new URL("alerts.yaml", folder), "utf8")
  .split("\n")
  .filter((line) => !line.startsWith("#"))
writeFileSync(
  new URL("prometheus-rule.yaml", folder),
  head + rules.map((line) => (line === "" ? line : `  ${line}`)).join("\n")
)
