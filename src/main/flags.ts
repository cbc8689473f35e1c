/** How the text behind a flag is read. */
export type FlagKind = "boolean" | "text" | "list" | "texts" | "map" | "integer" | "level" | "number" | "duration"

export interface Flag {
  readonly kind: FlagKind
  /** As it would be written behind the flag; undefined where there is none. */
  readonly default?: string
  readonly group: "Serving" | "Cloud" | "Topology" | "Kubernetes" | "Logging" | "Deprecated"
  readonly help: string
  /** What a person reads who still gives a flag that does nothing. */
  readonly ignored?: string
}

/**
 * The Go driver's command line, whole and nothing more: deployments pass these flags, and a flag that it does not know would
 * keep them from going back. https://github.com/kubernetes/cloud-provider-openstack/blob/master/docs/cinder-csi-plugin/using-cinder-csi-plugin.md
 */
export const flags = {
  endpoint: {
    kind: "text",
    group: "Serving",
    help: "Socket to serve CSI on: unix:///path/to.sock or tcp://host:port. Without it, the variable CSI_ENDPOINT"
  },
  "provide-controller-service": {
    kind: "boolean",
    default: "true",
    group: "Serving",
    help: "Serve the controller: create, attach, snapshot. Needs --cloud-config"
  },
  "provide-node-service": {
    kind: "boolean",
    default: "true",
    group: "Serving",
    help: "Serve the node: format, mount. Needs no credentials"
  },
  "http-endpoint": {
    kind: "text",
    default: "",
    group: "Serving",
    help: "Address of the metrics server, such as :8080. Off when empty"
  },
  "cloud-config": {
    kind: "list",
    group: "Cloud",
    help: "Files with credentials and settings, merged in order: the last value of a key wins"
  },
  "cloud-name": {
    kind: "list",
    default: "",
    group: "Cloud",
    help: 'Clouds to serve, each a [Global "name"] section; empty is plain [Global]'
  },
  cluster: {
    kind: "text",
    default: "",
    group: "Cloud",
    help: "Name of the cluster, written on each volume as metadata cinder.csi.openstack.org/cluster"
  },
  "user-agent": {
    kind: "texts",
    group: "Cloud",
    help: "Put in front of the User-Agent of requests to OpenStack; of several, the last comes first"
  },
  "with-topology": {
    kind: "boolean",
    default: "true",
    group: "Topology",
    help: "Report and honour availability zones"
  },
  "additional-topology": {
    kind: "map",
    group: "Topology",
    help: "More topology of this node, such as topology.kubernetes.io/region=one"
  },
  "pvc-annotations": {
    kind: "boolean",
    default: "false",
    group: "Kubernetes",
    help: "Read scheduler hints from the claim of each new volume. Needs --extra-create-metadata of csi-provisioner"
  },
  kubeconfig: {
    kind: "text",
    default: "",
    group: "Kubernetes",
    help: "Kubernetes client configuration for --pvc-annotations. The variable KUBECONFIG wins. In-cluster when empty"
  },
  master: {
    kind: "text",
    default: "",
    group: "Kubernetes",
    help: "URL of the Kubernetes API, in place of the one in --kubeconfig. Without that: asked without credentials"
  },
  "kube-api-qps": {
    kind: "number",
    default: "5",
    group: "Kubernetes",
    help: "Requests per second to the Kubernetes API; negative for no limit"
  },
  "kube-api-burst": {
    kind: "integer",
    default: "10",
    group: "Kubernetes",
    help: "Requests to the Kubernetes API in a burst"
  },
  "min-resync-period": {
    kind: "duration",
    default: "12h",
    group: "Kubernetes",
    help: "Accepted without effect: claims are read one by one, when a volume is made"
  },
  v: { kind: "level", default: "0", group: "Logging", help: "How much to log, from 0 to 6; also -v 2 and -v=2" },
  vmodule: {
    kind: "text",
    group: "Deprecated",
    help: "Log level per Go source file",
    ignored: "this driver has no Go source files"
  },
  "log-flush-frequency": {
    kind: "duration",
    group: "Deprecated",
    help: "Pause between flushes of the log",
    ignored: "each log line is written at once"
  },
  nodeid: {
    kind: "text",
    group: "Deprecated",
    help: "Id of this node",
    ignored: "the id is read from the instance's metadata"
  },
  "node-service-no-os-client": {
    kind: "boolean",
    group: "Deprecated",
    help: "Keep the node service from calling OpenStack",
    ignored: "the node service never calls OpenStack"
  }
} as const satisfies Record<string, Flag>

export type FlagName = keyof typeof flags

export const flagNames = Object.keys(flags).filter((name): name is FlagName => Object.hasOwn(flags, name))
