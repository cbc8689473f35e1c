import type { FlagName } from "./flags.ts"

/** What docs/options.md says of a flag beside the text of `--help`, in Markdown, seen from docs/. */
export interface FlagNote {
  readonly readers: ReadonlyArray<"controller" | "node">
  /** What happens without the flag, where it has no default. */
  readonly unset?: string
  readonly more?: string
}

const both = ["controller", "node"] as const
const controller = ["controller"] as const
const ignored: FlagNote = { readers: [] }
const kubernetes: FlagNote = { readers: both, more: "0 is the default" }

/** A flag that is missing here does not compile. */
export const flagNotes: Readonly<Record<FlagName, FlagNote>> = {
  endpoint: { readers: both, unset: "`$CSI_ENDPOINT`", more: "Needed. `unix://csi/csi.sock` means `/csi/csi.sock`" },
  "provide-controller-service": { readers: both },
  "provide-node-service": { readers: both },
  "http-endpoint": { readers: both, unset: "off", more: "[What it serves](configuration.md#metrics-and-logs)" },
  "cloud-config": {
    readers: both,
    unset: "none",
    more: "Needed for the controller; a node [needs none](configuration.md#what-the-node-reads)"
  },
  "cloud-name": {
    readers: controller,
    unset: "plain `[Global]`",
    more: "[Several clouds](configuration.md#several-clouds-or-regions)"
  },
  cluster: { readers: controller, unset: "empty" },
  "user-agent": { readers: controller, unset: "nothing" },
  "with-topology": { readers: both },
  "additional-topology": { readers: ["node"], unset: "none", more: "`key=value,key=value`" },
  "pvc-annotations": { readers: controller, more: "[How](configuration.md#scheduler-hints-of-a-claim)" },
  kubeconfig: { readers: both, unset: "the pod's service account", more: "Also for `remove-startup-taint`" },
  master: { readers: both, unset: "the URL of `--kubeconfig`" },
  "kube-api-qps": kubernetes,
  "kube-api-burst": kubernetes,
  "min-resync-period": ignored,
  v: { readers: both, more: "From 4 on also calls that change nothing" },
  vmodule: ignored,
  "log-flush-frequency": ignored,
  nodeid: ignored,
  "node-service-no-os-client": ignored
}
