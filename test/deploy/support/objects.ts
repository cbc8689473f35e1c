import { assert } from "@effect/vitest"
import type { KubernetesObject } from "./tools.ts"

export interface Container {
  readonly name: string
  readonly image: string
  readonly args: ReadonlyArray<string>
  readonly env?: ReadonlyArray<{ readonly name: string; readonly value?: string }>
  readonly volumeMounts?: ReadonlyArray<{
    readonly name: string
    readonly mountPath: string
    readonly mountPropagation?: string
  }>
  readonly ports?: ReadonlyArray<{ readonly name: string; readonly containerPort: number }>
  readonly livenessProbe?: { readonly httpGet: { readonly path: string; readonly port: string | number } }
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> }
  readonly securityContext?: Readonly<Record<string, unknown>>
}

export interface Volume {
  readonly name: string
  readonly [source: string]: unknown
}

export interface PodSpec {
  readonly serviceAccountName?: string
  readonly serviceAccount?: string
  readonly automountServiceAccountToken?: boolean
  readonly priorityClassName?: string
  readonly terminationGracePeriodSeconds?: number
  readonly containers: ReadonlyArray<Container>
  readonly initContainers?: ReadonlyArray<Container>
  readonly volumes: ReadonlyArray<Volume>
}

export interface Selector {
  readonly matchLabels: Readonly<Record<string, string>>
}

export interface Workload extends KubernetesObject {
  readonly spec: {
    readonly replicas?: number
    readonly selector: Selector
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> }
      readonly spec: PodSpec
    }
  }
}

export interface Rule {
  readonly apiGroups: ReadonlyArray<string>
  readonly resources: ReadonlyArray<string>
  readonly resourceNames?: ReadonlyArray<string>
  readonly verbs: ReadonlyArray<string>
}

export interface Role extends KubernetesObject {
  readonly rules: ReadonlyArray<Rule>
}

type Objects = ReadonlyArray<KubernetesObject>

const isWorkload = (object: KubernetesObject): object is Workload =>
  ["Deployment", "DaemonSet", "StatefulSet"].includes(object.kind)
const isRole = (object: KubernetesObject): object is Role => /^(Cluster)?Role$/.test(object.kind)

export const workloadsOf = (objects: Objects) => objects.filter(isWorkload)
export const rolesOf = (objects: Objects) => objects.filter(isRole)
export const titleOf = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`
export const titlesOf = (objects: Objects) => objects.map(titleOf).sort()

const only = <A>(found: ReadonlyArray<A>, what: string): A => {
  const [first] = found
  if (first === undefined || found.length !== 1) return assert.fail(`${found.length} of ${what}`)
  return first
}

export const objectOf = (objects: Objects, kind: string, name: string) =>
  only(
    objects.filter((object) => object.kind === kind && object.metadata.name === name),
    `${kind} ${name}`
  )

/** The only workload whose name ends so. */
export const workloadOf = (objects: Objects, ending: "controllerplugin" | "nodeplugin" | "failover-assistant") =>
  only(
    workloadsOf(objects).filter(({ metadata }) => metadata.name.endsWith(ending)),
    ending
  )
export const podOf = (objects: Objects, ending: "controllerplugin" | "nodeplugin" | "failover-assistant") =>
  workloadOf(objects, ending).spec.template.spec

/** Those that stay: a sidecar that starts first is an init container. */
export const containersOf = ({ containers, initContainers }: PodSpec) => [...containers, ...(initContainers ?? [])]

export const containerOf = (pod: PodSpec, name: string) =>
  only(
    containersOf(pod).filter((container) => container.name === name),
    name
  )
export const driverOf = (pod: PodSpec) => containerOf(pod, "cinder-csi-plugin")

/** `verb group/resource` of every right, with names where it is bound to them. */
export const rightsOf = (rules: ReadonlyArray<Rule>): ReadonlyArray<string> =>
  rules.flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          resourceNames === undefined
            ? [`${verb} ${group}/${resource}`]
            : resourceNames.map((name) => `${verb} ${group}/${resource} ${name}`)
        )
      )
    )
  )
