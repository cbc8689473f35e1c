import { type Flag, type FlagName, flagNames, flags } from "./flags.ts"
import { subcommands } from "./subcommands.ts"

const placeholders: Readonly<Record<Flag["kind"], string>> = {
  boolean: "",
  text: " TEXT",
  list: " ITEM,…",
  texts: " TEXT",
  map: " KEY=VALUE,…",
  integer: " N",
  level: " N",
  number: " N",
  duration: " TIME"
}

const groups = ["Serving", "Cloud", "Topology", "Kubernetes", "Logging", "Deprecated"] as const

const titles: Readonly<Record<(typeof groups)[number], string>> = {
  Serving: "Serving",
  Cloud: "Cloud",
  Topology: "Topology",
  Kubernetes: "Kubernetes (only with --pvc-annotations)",
  Logging: "Logging",
  Deprecated: "Accepted without effect, so that existing deployments start"
}

const describeFlag = (name: FlagName): string => {
  const flag: Flag = flags[name]
  const title = `  ${name.length === 1 ? `-${name}, ` : ""}--${name}${placeholders[flag.kind]}`
  const preset = flag.default === undefined || flag.default === "" ? "" : ` (default ${flag.default})`
  return `${title}\n      ${flag.help}${preset}`
}

const describeGroup = (group: (typeof groups)[number]): string =>
  [`${titles[group]}:`, ...flagNames.filter((name) => flags[name].group === group).map(describeFlag)].join("\n")

const describeSubcommands = [...subcommands].map(([name, { summary }]) => `  ${name.padEnd(20)}${summary}`).join("\n")

/** What `--help` prints. */
export const helpText = `cinder-csi-plugin: Kubernetes volumes on OpenStack Cinder, served over CSI.

On the controller's pod:
  cinder-csi-plugin --endpoint=unix:///csi/csi.sock --cloud-config=/etc/config/cloud.conf \\
    --cluster=my-cluster --provide-node-service=false

On every node:
  cinder-csi-plugin --endpoint=unix:///csi/csi.sock --provide-controller-service=false

The smallest /etc/config/cloud.conf:
  [Global]
  auth-url = https://keystone.example.com:5000/v3
  application-credential-id = 0123456789abcdef
  application-credential-secret = "…"

Beside serving (each has a --help of its own):
${describeSubcommands}

A flag and its value: --cluster=a or --cluster a. A boolean needs the equals sign: --with-topology=false.
Underscores count as dashes. A flag for a list may be repeated; an item with a comma stands in double quotes.

${groups.map(describeGroup).join("\n\n")}

About:
  -h, --help
      Print this text
      --version
      Print the version
`
