import { type KeyNote, keyNotes } from "../../src/adapters/config/keyNotes.ts"
import type { SecretReference } from "../../src/adapters/csi/secrets.ts"
import {
  hintAnnotationNotes,
  type ParameterNote,
  snapshotParameterNotes,
  volumeParameterNotes
} from "../../src/domain/decisions/parameterNotes.ts"
import { environmentNotes, runtimeNotes } from "../../src/main/environmentNotes.ts"
import { flagNotes } from "../../src/main/flagNotes.ts"
import { type Flag, type FlagName, flagNames, flags } from "../../src/main/flags.ts"
import { chartSection } from "./chartSection.ts"
import { code, plain, sentences, table } from "./markdown.ts"

const rowsOf = <Note>(
  notes: Readonly<Record<string, Note>>,
  row: (name: string, note: Note) => ReadonlyArray<string>
) => Object.entries(notes).map(([name, note]) => row(name, note))

const presetOf = ({ default: preset, unset }: { readonly default?: string; readonly unset?: string }): string =>
  preset === undefined || preset === "" ? (unset ?? "") : code(preset)

const flagRow = (name: FlagName): ReadonlyArray<string> => {
  const flag: Flag = flags[name]
  const { readers, more, unset } = flagNotes[name]
  return [
    `${name.length === 1 ? `${code(`-${name}`)}, ` : ""}${code(`--${name}`)}`,
    presetOf({ ...flag, ...(unset === undefined ? {} : { unset }) }),
    readers.length === 0 ? "nobody" : readers.join(", "),
    sentences(plain(flag.help), flag.ignored && `Without effect: ${flag.ignored}`, more)
  ]
}

const flagTable = table(["Flag", "Default", "Who reads it", "Meaning"], flagNames.map(flagRow))

const keyRow = (key: string, note: KeyNote): ReadonlyArray<string> => [
  code(key),
  presetOf(note),
  note.readers.join(", "),
  note.since,
  note.means
]

type Section = keyof typeof keyNotes

/** What has to be said of a section before its keys. */
const openings: Readonly<Record<Section, string>> = {
  Global: `Also \`[Global "name"]\`, one for each of [several clouds](configuration.md#several-clouds-or-regions).

Needed: \`auth-url\` and one set of credentials. Where several are given, the order is \`trust-id\`, \`password\`, \`token\`,
\`application-credential-id\`, \`application-credential-name\`; the log says what is not used. An empty value counts as absent.

`,
  BlockStorage: "",
  Metadata: "",
  Telemetry: "",
  FailoverAssistant: `Read by the [failover assistant](failures.md#let-the-failover-assistant-give-nodes-up) alone, when it starts. Nothing else
changes with it.

`
}

const sections = Object.keys(keyNotes).filter((name): name is Section => Object.hasOwn(keyNotes, name))

const keySection = (section: Section): string =>
  `### [${section}]\n\n${openings[section]}${table(
    ["Key", "Default", "Who reads it", "Known to", "Meaning"],
    rowsOf(keyNotes[section], keyRow)
  )}`

const sectionLinks = sections.map((section) => `[${code(`[${section}]`)}](#${section.toLowerCase()})`).join(", ")

const parameterRow = (key: string, note: ParameterNote): ReadonlyArray<string> => [
  code(key),
  presetOf(note),
  note.means
]

const parameterTable = (head: string, notes: Readonly<Record<string, ParameterNote>>): string =>
  table([head, "Default", "Meaning"], rowsOf(notes, parameterRow))

/** Which call a secret goes with, and which class names it. */
const secretReferences: Readonly<Record<SecretReference, readonly [className: string, calls: string]>> = {
  provisioner: ["StorageClass", "making and deleting a volume"],
  "controller-publish": ["StorageClass", "attaching and detaching it"],
  "controller-expand": ["StorageClass", "growing it"],
  snapshotter: ["VolumeSnapshotClass", "making and deleting a snapshot"],
  "snapshotter-list": ["VolumeSnapshotClass", "looking at it"]
}

const sidecarTable = table(
  ["Parameter", "In a", "Meaning"],
  [
    [
      code("csi.storage.k8s.io/fstype"),
      "StorageClass",
      "`ext4` (default), `ext3`, `ext2`, `xfs` or `btrfs`. csi-provisioner hands it on in each request"
    ],
    ...Object.entries(secretReferences).map(([reference, [className, calls]]) => [
      `${code(`csi.storage.k8s.io/${reference}-secret-name`)}, ${code("…-namespace")}`,
      className,
      `The Secret that is sent when it comes to ${calls}`
    ])
  ]
)

const variableTable = (notes: Readonly<Record<string, string>>): string =>
  table(
    ["Variable", "Meaning"],
    rowsOf(notes, (name, means) => [code(name), means])
  )

export interface SubcommandHelp {
  readonly name: string
  readonly summary: string
  /** What its `--help` prints. */
  readonly help: string
}

const subcommandSection = ({ name, help }: SubcommandHelp): string =>
  `### ${name}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\``

/** The page docs/options.md; `values` is the text of the chart's values.yaml. */
export const optionsPage = (subcommands: ReadonlyArray<SubcommandHelp>, values: string): string =>
  `# Every option

<!-- Made by \`npm run docs:options\` from the program's own sources. Change those: src/main/flags.ts and the files *Notes.ts. -->

To look up. What to set for a task is in [configuration.md](configuration.md).

| Where | What |
|---|---|
| Command line | [flags](#flags), [sub-commands](#sub-commands), [environment](#environment-variables) |
| \`cloud.conf\` | ${sectionLinks} |
| Kubernetes objects | [StorageClass](#storageclass), [VolumeSnapshotClass](#volumesnapshotclass), [for the sidecars](#parameters-for-the-sidecars), [Secret](#secret-of-a-class), [claim](#annotations-of-a-claim) |
| Helm | [values](#values-of-the-helm-chart) |

"Known to" tells which driver reads a key: "Go driver" means both, a number is the release of this driver that the key came with.
The Go driver passes over keys that it does not know, so they may stay in the file when you go back to it.

## Flags

\`--help\` prints them with examples. \`--flag=value\` and \`--flag value\` are the same, a boolean needs the equals sign
(\`--with-topology=false\`), underscores count as dashes, and an item of a list that holds a comma stands in double quotes.
An unknown flag is an error. The Go driver knows all of them.

${flagTable}

## Keys of cloud.conf

[How the file is written](configuration.md#how-the-file-is-written). A bad value of a known key is an error; an unknown key is
a warning in the log, with the key that was probably meant. A pod that serves both controller and node reads the keys of both.
Credentials and certificates are [followed](configuration.md#replace-credentials-and-certificates) while the driver runs; all
else is read when it starts.

${sections.map(keySection).join("\n\n")}

### Without effect

\`[LoadBalancer]\`, \`[LoadBalancerClass]\`, \`[Networking]\` and \`[Route]\` belong to the cloud controller manager. \`bs-version\` and
\`trust-device-path\` are obsolete.

## StorageClass

${parameterTable("Parameter", volumeParameterNotes)}

## VolumeSnapshotClass

${parameterTable("Parameter", snapshotParameterNotes)}

Other parameters of either class are accepted and named once in the log. A bad value of a known one is INVALID_ARGUMENT, and
nothing is made.

## Parameters for the sidecars

${sidecarTable}

The references matter for [several clouds](configuration.md#several-clouds-or-regions) alone.

## Secret of a class

| Key | Default | Meaning |
|---|---|---|
| \`cloud\` | plain \`[Global]\` | Name of the cloud that the call is for, as in \`[Global "name"]\` |

## Annotations of a claim

Read with \`--pvc-annotations\` alone, when the volume is made: [how](configuration.md#scheduler-hints-of-a-claim). The value lists
names or ids of volumes, with commas or spaces between them.

${parameterTable("Annotation", hintAnnotationNotes)}

## Values of the Helm chart

[values.yaml](../deploy/charts/openstack-cinder-csi/values.yaml) of \`deploy/charts/openstack-cinder-csi\`; a value of the wrong type, or one
that is not there, is refused. SIDECAR stands for \`attacher\`, \`provisioner\`, \`snapshotter\`, \`resizer\`, \`livenessprobe\` and
\`nodeDriverRegistrar\`.

${chartSection(values)}

## Environment variables

${variableTable(environmentNotes)}

Read by Node and the C library:

${variableTable(runtimeNotes)}

## Sub-commands

${table(
  ["Command", "To"],
  subcommands.map(({ name, summary }) => [`[${code(name)}](#${name})`, summary])
)}

What each prints with \`--help\`:

${subcommands.map(subcommandSection).join("\n\n")}
`
