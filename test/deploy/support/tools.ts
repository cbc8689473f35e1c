import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { parseAllDocuments } from "yaml"

export const project = join(import.meta.dirname, "..", "..", "..")

/** Made by `../build.mjs` before the suite. */
const program = join(project, "build", "bin", "deploy-tools")

/** The Go driver's repository at the version that the parity suite runs; empty where its module is not fetched. */
const upstream = spawnSync("go", ["list", "-m", "-f", "{{.Dir}}", "k8s.io/cloud-provider-openstack"], {
  cwd: join(project, "test", "parity", "upstream"),
  encoding: "utf8"
}).stdout?.trim()

/** Why nothing can be proved here; undefined if it can. */
export const noDeployTools = !existsSync(program)
  ? "the program of test/deploy/tools is not built"
  : upstream
    ? undefined
    : "the module of the Go driver is not fetched"

export const upstreamChart = join(upstream ?? "", "charts", "cinder-csi-plugin")
const upstreamManifests = join(upstream ?? "", "manifests", "cinder-csi-plugin")

/** `describe`, or the reason why it cannot run: left out on a developer's machine, a failure in CI. */
export const proofs = (name: string, run: () => void): void => {
  if (noDeployTools === undefined) describe(name, run)
  else if (process.env["CI"] === undefined) describe(name, () => it.skip(`left out: ${noDeployTools}`, () => undefined))
  else describe(name, () => it("can run", () => assert.fail(noDeployTools)))
}

/** An object of Kubernetes, as far as the proofs look into it. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

export interface Answer {
  readonly objects: ReadonlyArray<KubernetesObject>
  readonly notes: string
  readonly problems: ReadonlyArray<string>
}

const ask = (command: string, request: object): Answer => {
  const { status, stdout, stderr } = spawnSync(program, [command], {
    input: JSON.stringify(request),
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024
  })
  if (status !== 0) throw new Error(`deploy-tools ${command}: ${stderr}`)
  return { objects: [], notes: "", problems: [], ...JSON.parse(stdout) }
}

export interface Release {
  readonly chart?: string
  readonly name?: string
  readonly kubernetesVersion?: string
}

const ofRelease = (values: object, { chart, name, kubernetesVersion }: Release) => ({
  chart: chart ?? join(project, "deploy", "charts", "openstack-cinder-csi"),
  values,
  release: name ?? "cinder",
  namespace: "kube-system",
  kubernetesVersion: kubernetesVersion ?? "1.37.0"
})

/** What `helm template` prints; our chart's unless another one is named. */
export const renderChart = (values: object, release: Release = {}) => ask("chart", ofRelease(values, release))
export const lintChart = (values: object) => ask("lint", ofRelease(values, {})).problems

/** What `kubectl kustomize` prints for a folder of deploy/kubernetes. */
export const kustomize = (...folder: ReadonlyArray<string>) =>
  ask("kustomize", { directory: join(project, "deploy", "kubernetes", ...folder) })

type Objects = ReadonlyArray<KubernetesObject>

/** What an API server would find wrong with new objects: unknown fields, types, and all that it checks beyond them. */
export const problemsOf = (objects: Objects) => ask("validate", { objects }).problems

/** What an API server would find wrong with putting `next` in the place of `old`. */
export const problemsOfUpdate = (old: KubernetesObject, next: KubernetesObject) =>
  ask("update", { old, new: next }).problems

/** What Kubernetes' Pod Security Standard "restricted" finds in the pods of workloads. */
export const unrestricted = (objects: Objects) => ask("harden", { objects }).problems

/** What Kubernetes makes of volumes and classes of its former in-tree plug-in before a driver sees them. */
export const migrated = (objects: Objects) => ask("migrate", { objects })

/** The objects, once nothing was found wrong with what made them. */
export const objectsOf = ({ objects, problems }: Answer): Objects => {
  assert.deepStrictEqual(problems, [])
  return objects
}

const isObject = (document: unknown): document is KubernetesObject =>
  typeof document === "object" && document !== null && "kind" in document

/** All objects of a file. */
export const objectsIn = (file: string): Objects =>
  parseAllDocuments(readFileSync(file, "utf8"))
    .map((document): unknown => document.toJS())
    .filter(isObject)

/** What the Go driver's manifests install, less their Secret, whose contents are the operator's. */
export const manifestsOfUpstream = (): Objects =>
  readdirSync(upstreamManifests)
    .filter((file) => file !== "csi-secret-cinderplugin.yaml")
    .flatMap((file) => objectsIn(join(upstreamManifests, file)))
