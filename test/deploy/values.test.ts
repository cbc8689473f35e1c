import { assert, it } from "@effect/vitest"
import { workloadsOf } from "./support/objects.ts"
import { upstreamValues } from "./support/renderings.ts"
import { type KubernetesObject, objectsOf, problemsOf, proofs, renderChart } from "./support/tools.ts"

type Values = Readonly<Record<string, unknown>>

const isMap = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value)

/** `csi.attacher.image.tag` and so on: maps are walked through, empty ones and everything else are a value. */
const pathsOf = (values: Values, above: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  Object.entries(values).flatMap(([key, value]) =>
    isMap(value) && Object.keys(value).length > 0 ? pathsOf(value, [...above, key]) : [[...above, key].join(".")]
  )

const at = (path: string, value: unknown): Values => {
  const [key = "", ...rest] = path.split(".")
  return { [key]: rest.length === 0 ? value : at(rest.join("."), value) }
}

const merged = (a: Values, b: Values): Values =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => {
      const [left, right] = [a[key], b[key]]
      return [key, isMap(left) && isMap(right) ? merged(left, right) : (right ?? left)]
    })
  )

/** Values that the Go driver's chart reads and does not list among its defaults. */
const unlisted = ["secret.name", "secret.data", "storageClass.custom"]
const hostAliases = ["csi.plugin.nodePlugin.hostAliases", "csi.plugin.controllerPlugin.hostAliases"]

/** A value that shows where it goes, by the last name of its path. */
const samples: Readonly<Record<string, unknown>> = {
  additionalLabels: { marker: "x" },
  affinity: { podAntiAffinity: {} },
  allowVolumeExpansion: false,
  clusterID: "marker: # x",
  commonAnnotations: { marker: "x" },
  create: true,
  custom: "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: { name: marker }\nprovisioner: marker\n",
  data: { "cloud.conf": "marker" },
  dnsPolicy: "Default",
  enabled: true,
  extraArgs: "- --user-agent={{ .Release.Name }}",
  extraEnv: [{ name: "MARKER", value: "x" }],
  extraLabels: { marker: "x" },
  extraRbac: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }],
  failureThreshold: 77,
  filename: "marker: #.conf",
  hostAliases: [{ ip: "10.0.0.1", hostnames: ["keystone"] }],
  hostMount: false,
  imagePullSecrets: [{ name: "marker" }],
  initialDelaySeconds: 77,
  isDefault: true,
  kubeletDir: "/marker",
  logVerbosityLevel: 5,
  maxSurge: 7,
  maxUnavailable: 7,
  name: "marker",
  nameOverride: "marker",
  nodeSelector: { marker: "x" },
  periodSeconds: 77,
  podAnnotations: { marker: "x" },
  podLabels: { marker: "x" },
  podSecurityContext: { supplementalGroups: [77] },
  port: 7777,
  priorityClassName: "marker",
  pullPolicy: "Always",
  pvcAnnotations: true,
  replicas: 7,
  repository: "registry.example.com/marker",
  resources: { limits: { memory: "777Mi" } },
  securityContext: { runAsGroup: 77 },
  tag: "marker",
  timeout: "77s",
  timeoutSeconds: 7,
  tolerations: [{ key: "marker", operator: "Exists" }],
  topology: false,
  type: "Recreate",
  volumeMounts: [{ name: "cacert", mountPath: "/marker" }],
  volumes: [
    { name: "cacert", hostPath: { path: "/marker" } },
    { name: "more", emptyDir: {} }
  ]
}

const inControllerSidecars = ["csi-attacher", "csi-provisioner", "csi-snapshotter", "csi-resizer"].map(
  (name) => `controllerplugin/${name}`
)
const drivers = ["controllerplugin/cinder-csi-plugin", "nodeplugin/cinder-csi-plugin"]
const probes = ["controllerplugin/liveness-probe", "nodeplugin/liveness-probe"]
const registrar = "nodeplugin/node-driver-registrar"
const pods = ["controllerplugin", "nodeplugin"]
const everyContainer = [...drivers, ...probes, ...inControllerSidecars, registrar]
const sidecarOf: Readonly<Record<string, ReadonlyArray<string>>> = {
  attacher: ["controllerplugin/csi-attacher"],
  provisioner: ["controllerplugin/csi-provisioner"],
  snapshotter: ["controllerplugin/csi-snapshotter"],
  resizer: ["controllerplugin/csi-resizer"],
  livenessprobe: probes,
  nodeDriverRegistrar: [registrar]
}

/** Where a value shows, the first that matches; and, where it needs one, another value beside it. */
const effects: ReadonlyArray<readonly [RegExp, ReadonlyArray<string>, Values?]> = [
  [/^fullnameOverride$/, []],
  [/^nameOverride$/, ["everything by its name"]],
  [/^(extraLabels|commonAnnotations)$/, [...pods, "PodDisruptionBudget openstack-cinder-csi-controllerplugin"]],
  [/^timeout$/, inControllerSidecars],
  [/^logVerbosityLevel$/, everyContainer],
  [/^csi\.(snapshotter)\.extraRbac$/, ["ClusterRole csi-snapshotter-role"]],
  [/^csi\.(resizer)\.extraRbac$/, ["ClusterRole csi-resizer-role"]],
  [/^csi\.livenessprobe\.timeoutSeconds$/, [...drivers, ...probes]],
  [/^csi\.livenessprobe\.\w+(Seconds|Threshold)$/, drivers],
  [/^csi\.plugin\.(image\.\w+|resources|extraArgs|extraEnv|volumeMounts)$/, drivers],
  [/^csi\.plugin\.volumes$/, pods],
  [/^csi\.plugin\.httpEndpoint\.enabled$/, ["controllerplugin/cinder-csi-plugin"]],
  [
    /^csi\.plugin\.httpEndpoint\.port$/,
    ["controllerplugin/cinder-csi-plugin"],
    at("csi.plugin.httpEndpoint.enabled", true)
  ],
  [/^csi\.plugin\.podMonitor\.enabled$/, ["PodMonitor openstack-cinder-csi-controllerplugin"]],
  [
    /^csi\.plugin\.podMonitor\.additionalLabels$/,
    ["PodMonitor openstack-cinder-csi-controllerplugin"],
    at("csi.plugin.podMonitor.enabled", true)
  ],
  [/^csi\.plugin\.nodePlugin\.kubeletDir$/, ["nodeplugin", "nodeplugin/cinder-csi-plugin", registrar]],
  [/^csi\.plugin\.nodePlugin\.securityContext$/, ["nodeplugin/liveness-probe", registrar]],
  [/^csi\.plugin\.controllerPlugin\.securityContext$/, everyContainer.filter((name) => name.startsWith("controller"))],
  [/^csi\.plugin\.nodePlugin\.extraArgs$/, ["nodeplugin/cinder-csi-plugin"]],
  [/^csi\.plugin\.controllerPlugin\.extraArgs$/, ["controllerplugin/cinder-csi-plugin"]],
  [/^csi\.plugin\.nodePlugin\./, ["nodeplugin"]],
  [/^csi\.plugin\.controllerPlugin\./, ["controllerplugin"]],
  [/^secret\.enabled$/, ["controllerplugin"]],
  [/^secret\.hostMount$/, ["controllerplugin", "controllerplugin/cinder-csi-plugin"]],
  [/^secret\.create$/, ["Secret cloud-config"], { secret: { enabled: true, data: { "cloud.conf": "x" } } }],
  [/^secret\.filename$/, ["controllerplugin/cinder-csi-plugin"]],
  [/^secret\.name$/, ["controllerplugin"], at("secret.enabled", true)],
  [/^secret\.data$/, ["Secret cloud-config"], { secret: { enabled: true, create: true } }],
  [/^storageClass\.enabled$/, ["StorageClass csi-cinder-sc-delete", "StorageClass csi-cinder-sc-retain"]],
  [/^storageClass\.delete\./, ["StorageClass csi-cinder-sc-delete"]],
  [/^storageClass\.retain\./, ["StorageClass csi-cinder-sc-retain"]],
  [/^storageClass\.custom$/, ["StorageClass marker"]],
  [/^(clusterID|pvcAnnotations)$/, ["controllerplugin/cinder-csi-plugin"]],
  [/^(priorityClassName|imagePullSecrets)$/, pods]
]

const effectOf = (path: string): readonly [ReadonlyArray<string>, Values] => {
  const found = effects.find(([pattern]) => pattern.test(path))
  if (found !== undefined) return [found[1], found[2] ?? {}]
  return [sidecarOf[path.split(".")[1] ?? ""] ?? [`nobody says where ${path} shows`], {}]
}

const sampleOf = (path: string): unknown =>
  path === "storageClass.enabled" ? false : samples[path.split(".").at(-1) ?? ""]

/** What there is, in pieces: containers, pods and workloads without them, all other objects. */
const piecesOf = (objects: ReadonlyArray<KubernetesObject>): ReadonlyMap<string, string> => {
  const workloads = workloadsOf(objects)
  const pieces = new Map<string, string>()
  for (const { kind, metadata, spec } of workloads) {
    const part = kind === "DaemonSet" ? "nodeplugin" : "controllerplugin"
    const { containers, ...pod } = spec.template.spec
    for (const container of containers) pieces.set(`${part}/${container.name}`, JSON.stringify(container))
    pieces.set(part, JSON.stringify([metadata, { ...spec, template: { ...spec.template, spec: pod } }]))
  }
  for (const object of objects) {
    const { kind, metadata } = object
    if (!workloads.some((workload) => workload === object))
      pieces.set(`${kind} ${metadata.name}`, JSON.stringify(object))
  }
  return pieces
}

const unchanged = new Map<string, ReadonlyMap<string, string>>()

/** The pieces with these values alone, made once. */
const piecesWith = (values: Values): ReadonlyMap<string, string> => {
  const key = JSON.stringify(values)
  const pieces = unchanged.get(key) ?? piecesOf(objectsOf(renderChart(values)))
  unchanged.set(key, pieces)
  return pieces
}

const changedBetween = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) =>
  [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name)).sort()

proofs("each value of the Go driver's chart", () => {
  const paths = [...pathsOf(upstreamValues()), ...unlisted, ...hostAliases]

  const rendered: Array<KubernetesObject> = []

  for (const path of paths) {
    it(`${path} shows where it should, and nowhere else`, () => {
      const [expected, beside] = effectOf(path)
      const after = objectsOf(renderChart(merged(beside, at(path, sampleOf(path) ?? "x"))))
      rendered.push(...after)
      const changed = changedBetween(piecesWith(beside), piecesOf(after))
      if (path === "nameOverride") {
        assert.include(JSON.stringify(after), '"name":"marker-nodeplugin"')
        assert.notInclude(JSON.stringify(after), '"name":"openstack-cinder-csi')
        return
      }
      assert.deepStrictEqual(changed, [...expected].sort())
    })
  }

  it("leaves what an API server takes", () => {
    assert.isAbove(paths.length, 90)
    assert.isAbove(rendered.length, 15 * paths.length)
    assert.deepStrictEqual(problemsOf(rendered), [])
  })
})
