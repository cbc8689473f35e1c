import type { sections } from "./keys.ts"

export type KeyReader = "controller" | "node" | "assistant"

/** What a person needs to know of a key; docs/options.md is made of these. Texts are Markdown, seen from docs/. */
export interface KeyNote {
  readonly readers: ReadonlyArray<KeyReader>
  /** As it would be written in the file: writing it there changes nothing. */
  readonly default?: string
  /** What happens without the key, where no value says it. */
  readonly unset?: string
  /** Who knows the key: the Go driver too, or this driver from that release on. */
  readonly since: "Go driver" | "0.1.0"
  readonly means: string
}

type KeyNotes = {
  readonly [Section in keyof typeof sections]: {
    readonly [Key in keyof (typeof sections)[Section]["fields"]]: KeyNote
  }
}

/** Of a key that says how to reach a cloud. */
const cloud = (means: string, unset?: string): KeyNote => ({
  readers: ["controller", "assistant"],
  since: "Go driver",
  means,
  ...(unset === undefined ? {} : { unset })
})

const controller = (since: KeyNote["since"], preset: string, means: string): KeyNote => ({
  readers: ["controller"],
  since,
  default: preset,
  means
})

const node = (since: KeyNote["since"], preset: string, means: string): KeyNote => ({
  readers: ["node"],
  since,
  default: preset,
  means
})

const assistant = (preset: string, means: string): KeyNote => ({
  readers: ["assistant"],
  since: "0.1.0",
  default: preset,
  means
})

/** A key that is missing here does not compile. */
export const keyNotes: KeyNotes = {
  Global: {
    "auth-url": cloud("Keystone, with or without `/v3` at its end. Needed"),
    "application-credential-id": cloud("Application credential. It carries its own project"),
    "application-credential-name": cloud(
      "In place of the id; needs `user-id`, or `username` with a domain",
      "the id is used"
    ),
    "application-credential-secret": cloud("Its secret"),
    username: cloud("User of a password; needs a domain", "`user-id` is used"),
    "user-id": cloud("User of a password; wins over `username`"),
    password: cloud("Password of the user"),
    "user-domain-id": cloud("Domain of the user; wins over the name", "`domain-id`, `domain-name`"),
    "user-domain-name": cloud("Domain of the user", "`domain-id`, `domain-name`"),
    "tenant-id": cloud("Project of a password or token; wins over the name", "the user's default project"),
    "tenant-name": cloud("Project of a password or token; needs a domain", "the user's default project"),
    "tenant-domain-id": cloud("Domain of the project; wins over the name", "`domain-id`, `domain-name`"),
    "tenant-domain-name": cloud("Domain of the project", "`domain-id`, `domain-name`"),
    "domain-id": cloud("Domain of user and project; wins over the name"),
    "domain-name": cloud("Domain of user and project"),
    "trust-id": cloud("Trust; with `password`, the user is the trustee"),
    "trustee-id": cloud("Trustee of `trust-id`", "`user-id`"),
    "trustee-password": cloud("Password of the trustee", "`password`"),
    token: cloud("Cannot be renewed: for trying out only"),
    region: cloud("Region in the catalogue", "the first that fits"),
    "os-endpoint-type": {
      ...cloud("Which of the catalogue's URLs: `public`, `internal` or `admin`"),
      default: "public"
    },
    "ca-file": cloud(
      "PEM bundle, used in place of them. The variable `NODE_EXTRA_CA_CERTS` names one that is added to them",
      "the roots that Node brings"
    ),
    "cert-file": cloud("Client certificate; needs `key-file`", "no client certificate"),
    "key-file": cloud("Its key, without a passphrase; needs `cert-file`", "no client certificate"),
    "tls-insecure": {
      ...cloud("Only the exact text `true` switches verification off"),
      default: "false"
    },
    "availability-zone-map": {
      readers: ["controller"],
      since: "0.1.0",
      unset: "the same names",
      means: "Cinder's zone for each of Nova's, where their names differ: [zones](configuration.md#zones)"
    },
    "use-clouds": cloud(
      "Take the rest from [clouds.yaml](configuration.md#credentials-from-cloudsyaml)",
      "`true` if `cloud` is set, else `false`"
    ),
    "clouds-file": cloud("The clouds.yaml to read", "`$OS_CLIENT_CONFIG_FILE`, else the usual places"),
    cloud: cloud("Name of the cloud in clouds.yaml", "`$OS_CLOUD`, else the only one")
  },
  BlockStorage: {
    "node-volume-attach-limit": {
      readers: ["node"],
      since: "Go driver",
      unset:
        "`256`, or fewer where [the machine shows that it takes fewer](configuration.md#how-many-volumes-a-node-takes)",
      means: "Most volumes per node, 1 to 256, reported as it is. 0 asks for no limit; anything else counts as 256"
    },
    "node-volume-attach-limit-from-guest": {
      readers: ["node"],
      since: "0.1.0",
      unset: "`true` if no limit is set, else `false`",
      means:
        "Report fewer than the limit where the machine shows that it takes fewer. With `false` the number is reported as it is"
    },
    "rescan-on-resize": node("Go driver", "false", "Rescan the disk and check its size before a file system grows"),
    "format-concurrency": node(
      "0.1.0",
      "1",
      "Disks of a node that are formatted, checked or grown unmounted at a time, 1 to 16; the others wait in order of " +
        "arrival. One that takes longer than a minute no longer keeps others waiting"
    ),
    "format-noise": node(
      "0.1.0",
      "false",
      "Format [disks of noise](configuration.md#encrypted-volume-types) also where nobody says that they are encrypted"
    ),
    "filesystem-uuid-guard": node(
      "0.1.0",
      "refuse",
      "What becomes of a volume made from nothing whose file system was made for " +
        "[another volume](configuration.md#the-uuid-of-a-file-system): `refuse`, `warn` (a line in the log) or `off`"
    ),
    "ignore-volume-az": controller("Go driver", "false", "Report the zone that was asked for in place of the volume's"),
    "ignore-volume-microversion": controller(
      "Go driver",
      "false",
      "Ask Cinder for no microversion, for clouds that answer none. Growing a volume in use, making a backup and " +
        "restoring one are then refused"
    ),
    "multi-writer-filesystem": controller(
      "0.1.0",
      "false",
      "Make volumes with a file system for several writing nodes too: " +
        "[what that risks](migration.md#readwritemany-with-a-file-system)"
    ),
    "remove-stale-attachments": controller(
      "0.1.0",
      "false",
      "Remove in Cinder what a server that Nova does not have any more left attached, a minute after Nova first said " +
        "so: [what to check first](failures.md#a-server-is-gone-from-nova-and-not-from-cinder)"
    ),
    "single-node-multi-writer": {
      readers: ["controller", "node"],
      since: "0.1.0",
      default: "true",
      means:
        "Announce SINGLE_NODE_MULTI_WRITER, on which [ReadWriteOncePod](migration.md#readwriteoncepod) rests. " +
        "Let it be the same for both"
    },
    "remove-startup-taint": node(
      "0.1.0",
      "false",
      "The node plugin takes the taint `cinder.csi.openstack.org/agent-not-ready` from its node: " +
        "[nodes that come and go](configuration.md#nodes-that-come-and-go)"
    )
  },
  Metadata: {
    "search-order": node(
      "Go driver",
      "configDrive,metadataService",
      "Where a node learns its server's id: one of them, or both in the order of your choice. Without `metadataService` " +
        "[disks without a serial](configuration.md#disks-without-a-serial) are not found"
    ),
    "request-timeout": node("Go driver", "30s", "Longest wait for the metadata service; `0s` means the default")
  },
  Telemetry: {
    "log-format": {
      readers: ["controller", "node", "assistant"],
      since: "0.1.0",
      default: "text",
      means:
        "How the log is written: `text` (logfmt) or `json`, in either case [a line for each event](configuration.md#the-log)"
    },
    "otlp-endpoint": {
      readers: ["controller", "node"],
      since: "0.1.0",
      unset: "`$OTEL_EXPORTER_OTLP_ENDPOINT`, else no traces",
      means:
        "Where [traces](configuration.md#traces) are sent, by OTLP over HTTP: `http://host:4318` or `https://…`, to which " +
        "`/v1/traces` is added. Wins over the environment"
    }
  },
  FailoverAssistant: {
    "lost-after": assistant(
      "60s",
      "After so long without word of a kubelet that Kubernetes misses, its node is looked at. At least 10s"
    ),
    "between-readings": assistant(
      "30s",
      "How far apart the two readings of Nova are that have to say the same. At least 10s"
    ),
    "stop-servers": assistant("false", "Have Nova stop the server of such a node where it still runs"),
    "dry-run": assistant("false", "Say in the log and in Events what would be done, and do nothing")
  }
}
