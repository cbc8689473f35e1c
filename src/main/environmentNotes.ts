/** Environment variables, for docs/options.md; a test holds the first group to what the sources read. Texts are Markdown, seen from docs/. */
export const environmentNotes = {
  CSI_ENDPOINT: "Where to serve CSI, without `--endpoint`; for `doctor`, the node plugin's socket",
  CLOUD_CONFIG: "The cloud.conf that `doctor` takes without `--cloud-config`",
  NODE_NAME:
    "Name of the Kubernetes node, for `remove-startup-taint`, `await-drain` and `doctor`: [nodes that come and go](configuration.md#nodes-that-come-and-go)",
  KUBECONFIG: "Wins over `--kubeconfig`; for `audit` and `doctor` it is what there is without it",
  NO_COLOR: "Set to anything: no colours on a terminal",
  TERM: "`dumb`: no colours in what `doctor` prints",
  KUBERNETES_SERVICE_HOST: "Set by Kubernetes in each pod: where its API is",
  KUBERNETES_SERVICE_PORT: "Set by Kubernetes in each pod: where its API is",
  OS_CLIENT_CONFIG_FILE: "The clouds.yaml, without `clouds-file`",
  OS_CLOUD: "Name of the cloud in clouds.yaml, without `cloud`",
  HOME: "clouds.yaml is looked for in `.config/openstack` below it, by `doctor` also `.kube/config`",
  OTEL_EXPORTER_OTLP_ENDPOINT:
    "Where [traces](configuration.md#traces) are sent, without `otlp-endpoint`; `/v1/traces` is added",
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "The same as it stands, with its path; wins over the one before",
  OTEL_EXPORTER_OTLP_HEADERS: "Sent along with traces, such as `authorization=Bearer%20token`",
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: "In place of the one before",
  OTEL_EXPORTER_OTLP_PROTOCOL: "`http/protobuf` (default) or `http/json`",
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "In place of the one before",
  OTEL_SERVICE_NAME: "Who the traces are from (default: `cinder-csi-plugin`)",
  OTEL_RESOURCE_ATTRIBUTES: "More about the process: `key=value`, with commas between",
  OTEL_SDK_DISABLED: "`true`: no traces, whatever else is said",
  HTTPS_PROXY: "[Proxy](configuration.md#reach-the-cloud-through-a-proxy) for `https` URLs of the cloud",
  HTTP_PROXY: "Proxy for `http` URLs of the cloud",
  NO_PROXY: "What is reached without a proxy",
  https_proxy: "The same, where there is no `HTTPS_PROXY`",
  http_proxy: "The same, where there is no `HTTP_PROXY`",
  no_proxy: "The same, where there is no `NO_PROXY`"
} as const

/** Read by Node and the C library, before the program begins. */
export const runtimeNotes = {
  NODE_EXTRA_CA_CERTS:
    "A PEM bundle of authorities that are trusted besides those that Node brings; `ca-file` replaces both",
  UV_THREADPOOL_SIZE:
    "Threads for calls into the kernel; the program's first line sets 8, since a disk that dies keeps one",
  MALLOC_ARENA_MAX: "The image sets 1, which [saves memory](figures.md#the-process)",
  MALLOC_TRIM_THRESHOLD_: "The image sets 65536, which saves memory"
} as const
