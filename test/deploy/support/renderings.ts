import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"
import { type KubernetesObject, kustomize, objectsOf, renderChart, upstreamChart } from "./tools.ts"

/** Credentials in a Secret and nothing of the machine's disk: what the manifests are. */
export const asManifests = {
  secret: { enabled: true, hostMount: false },
  pvcAnnotations: true,
  csi: { plugin: { volumes: [], volumeMounts: [] } }
}

/** The values that the Go driver's chart brings along, as an operator may have copied them whole. */
export const upstreamValues = (): Readonly<Record<string, unknown>> =>
  parse(readFileSync(join(upstreamChart, "values.yaml"), "utf8"))

/** The chart as people install it. */
export const valueSets: Readonly<Record<string, () => object>> = {
  "nothing set": () => ({}),
  "a Secret that exists": () => asManifests,
  "a Secret made by the chart": () => ({
    secret: {
      enabled: true,
      create: true,
      name: "cinder-csi-cloud-config",
      filename: "north.conf",
      data: { "north.conf": '[Global]\nauth-url = "https://keystone.example.com:5000/v3"\n' }
    }
  }),
  "credentials injected by others": () => ({
    secret: { enabled: false, hostMount: false },
    csi: { plugin: { controllerPlugin: { podAnnotations: { "vault.hashicorp.com/agent-inject": "true" } } } }
  }),
  "credentials in a volume of one's own": () => ({
    secret: { enabled: false, hostMount: false },
    csi: {
      plugin: {
        volumes: [{ name: "cloud-config", projected: { sources: [{ secret: { name: "mine" } }] } }],
        volumeMounts: [{ name: "cloud-config", mountPath: "/etc/config" }]
      }
    }
  }),
  "the Go driver's values as they are": upstreamValues,
  "nodes that see the controller's file": () => ({
    secret: { enabled: true },
    csi: { plugin: { nodePlugin: { cloudConfig: true } } }
  }),
  "one controller, on control planes": () => ({
    secret: { enabled: true },
    csi: {
      plugin: {
        controllerPlugin: {
          replicas: 1,
          strategy: { type: "Recreate" },
          nodeSelector: { "node-role.kubernetes.io/control-plane": "" },
          tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }]
        }
      }
    }
  }),
  "several clouds, arguments as text": () => ({
    secret: { enabled: true },
    csi: {
      resizer: { extraRbac: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }] },
      plugin: {
        controllerPlugin: { extraArgs: '- --cloud-name="region-one"\n- --cloud-name="region-two"' },
        nodePlugin: { extraArgs: "- --additional-topology\n- topology.kubernetes.io/region={{ .Release.Namespace }}" }
      }
    }
  }),
  "everything that is optional": () => ({
    ...asManifests,
    csi: {
      plugin: {
        ...asManifests.csi.plugin,
        httpEndpoint: { enabled: true, port: 9090 },
        podMonitor: { enabled: true, additionalLabels: { release: "prometheus" } },
        nodePlugin: {
          config: "[BlockStorage]\nrescan-on-resize = true\n",
          hooks: { enabled: true },
          httpEndpoint: { enabled: true, port: 9091 }
        }
      }
    },
    snapshotClass: { enabled: true, isDefault: true, parameters: { "force-create": "true" } },
    storageClass: {
      delete: { isDefault: true, volumeBindingMode: "WaitForFirstConsumer" },
      custom:
        "---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: { name: fast }\nprovisioner: cinder.csi.openstack.org\n"
    },
    failoverAssistant: { enabled: true }
  })
}

type Renderings = ReadonlyArray<readonly [string, ReadonlyArray<KubernetesObject>]>
let made: Renderings | undefined

const make = (): Renderings => [
  ...["plain", "metrics", "full", "two-clouds"].map(
    (overlay) => [`overlay ${overlay}`, objectsOf(kustomize("overlays", overlay))] as const
  ),
  ...Object.entries(valueSets).map(([name, values]) => [`chart, ${name}`, objectsOf(renderChart(values()))] as const)
]

/** Everything that is installed by someone: name and objects. */
export const renderings = (): Renderings => {
  made ??= make()
  return made
}
