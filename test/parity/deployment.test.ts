import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Either, Schema } from "effect"
import { parseAllDocuments } from "yaml"
import { debianPackages } from "../../src/adapters/process/programs.ts"
import { parseOptions } from "../../src/main/options.ts"
import { live, temporaryFolder } from "../support/wiredDriver.ts"

const project = join(import.meta.dirname, "..", "..")
const read = (...path: ReadonlyArray<string>) => readFileSync(join(project, ...path), "utf8")

/** As kubelet fills in a pod's environment: `$(NAME)`. */
const expand = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  args.map((arg) => arg.replace(/\$\((\w+)\)/g, (whole, name) => env[name] ?? whole))

const controllerEnv = {
  CSI_ENDPOINT: "unix://csi/csi.sock",
  CLOUD_CONFIG: "/etc/config/cloud.conf",
  CLUSTER_NAME: "kubernetes"
}

/** What upstream's manifests and chart give the driver as arguments; the program's path comes before them. */
const upstreamArgs = {
  "manifest, controller": [
    "--endpoint=$(CSI_ENDPOINT)",
    "--cloud-config=$(CLOUD_CONFIG)",
    "--cluster=$(CLUSTER_NAME)",
    "--pvc-annotations",
    "--v=1"
  ],
  "manifest, node": [
    "--endpoint=$(CSI_ENDPOINT)",
    "--provide-controller-service=false",
    "--cloud-config=$(CLOUD_CONFIG)",
    "--v=1"
  ],
  "chart, controller": [
    "-v=2",
    "--endpoint=$(CSI_ENDPOINT)",
    "--cloud-config=$(CLOUD_CONFIG)",
    "--cluster=$(CLUSTER_NAME)",
    "--provide-node-service=false"
  ],
  "chart, controller with every switch": [
    "-v=2",
    "--endpoint=$(CSI_ENDPOINT)",
    "--cloud-config=$(CLOUD_CONFIG)",
    "--cluster=$(CLUSTER_NAME)",
    "--provide-node-service=false",
    "--http-endpoint=:8080",
    "--pvc-annotations",
    '--cloud-name="region-one"',
    '--cloud-name="region-two"'
  ],
  "chart, node": [
    "-v=2",
    "--endpoint=$(CSI_ENDPOINT)",
    "--provide-controller-service=false",
    "--cloud-config=$(CLOUD_CONFIG)"
  ],
  "chart, node of a region": [
    "-v=2",
    "--endpoint=$(CSI_ENDPOINT)",
    "--provide-controller-service=false",
    "--cloud-config=$(CLOUD_CONFIG)",
    "--additional-topology",
    "topology.kubernetes.io/region=region-one"
  ]
}

const Args = Schema.Array(Schema.String)
const Container = Schema.Struct({
  name: Schema.String,
  args: Schema.optionalWith(Args, { default: () => [] }),
  livenessProbe: Schema.optional(
    Schema.Struct({ httpGet: Schema.Struct({ path: Schema.String, port: Schema.Number }) })
  ),
  volumeMounts: Schema.optionalWith(
    Schema.Array(Schema.Struct({ mountPath: Schema.String, mountPropagation: Schema.optional(Schema.String) })),
    { default: () => [] }
  )
})
const Workload = Schema.Struct({
  spec: Schema.Struct({
    template: Schema.Struct({
      spec: Schema.Struct({ serviceAccountName: Schema.String, containers: Schema.Array(Container) })
    })
  })
})
const Role = Schema.Struct({
  kind: Schema.Literal("ClusterRole"),
  rules: Schema.Array(
    Schema.Struct({
      apiGroups: Schema.Array(Schema.String),
      resources: Schema.Array(Schema.String),
      verbs: Schema.Array(Schema.String)
    })
  )
})

const documentsOf = (file: string): ReadonlyArray<unknown> =>
  parseAllDocuments(read("deploy", "kubernetes", file), { merge: true }).map((document) => document.toJS())
const workloadOf = (file: string) => Schema.decodeUnknownSync(Workload)(documentsOf(file)[0]).spec.template.spec
const driverOf = (file: string) => {
  const driver = workloadOf(file).containers.find(({ name }) => name === "cinder-csi-plugin")
  if (driver === undefined) throw new Error(`${file} has no driver`)
  return driver
}

/** `group/resource` with what the roles of upstream's controller may do, its sidecars being the same. */
const upstreamRights: Readonly<Record<string, ReadonlyArray<string>>> = {
  "/persistentvolumes": ["get", "list", "watch", "create", "delete", "patch"],
  "/persistentvolumeclaims": ["get", "list", "watch", "update"],
  "/persistentvolumeclaims/status": ["patch"],
  "/nodes": ["get", "list", "watch"],
  "/pods": ["get", "list", "watch"],
  "/events": ["list", "watch", "create", "update", "patch"],
  "storage.k8s.io/storageclasses": ["get", "list", "watch"],
  "storage.k8s.io/csinodes": ["get", "list", "watch"],
  "storage.k8s.io/volumeattachments": ["get", "list", "watch", "patch"],
  "storage.k8s.io/volumeattachments/status": ["patch"],
  "snapshot.storage.k8s.io/volumesnapshots": ["get", "list"],
  "snapshot.storage.k8s.io/volumesnapshotclasses": ["get", "list", "watch"],
  "snapshot.storage.k8s.io/volumesnapshotcontents": ["create", "get", "list", "watch", "update", "delete", "patch"],
  "snapshot.storage.k8s.io/volumesnapshotcontents/status": ["update", "patch"],
  "coordination.k8s.io/leases": ["get", "watch", "list", "delete", "update", "create"]
}

const rightsAskedFor = (): ReadonlyArray<string> =>
  documentsOf("rbac.yaml")
    .filter(Schema.is(Role))
    .flatMap(({ rules }) =>
      rules.flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`))
        )
      )
    )

const finalStage = () =>
  read("deploy", "Dockerfile")
    .split(/^FROM .*$/m)
    .at(-1) ?? ""

describe("the image", () => {
  beforeAll(() => {
    execFileSync(process.execPath, [join("scripts", "bundle.mjs")], { cwd: project })
  })

  live(
    "P-1 has the program at /bin/cinder-csi-plugin, which runs as the first argument",
    Effect.gen(function* () {
      assert.match(finalStage(), /^COPY --from=build \S+\/build\/cinder-csi-plugin\.cjs \/bin\/cinder-csi-plugin$/m)
      assert.match(finalStage(), /^ENTRYPOINT \[\]$/m)
      const bin = join(yield* temporaryFolder, "bin")
      mkdirSync(bin)
      const program = join(bin, "cinder-csi-plugin")
      copyFileSync(join(project, "build", "cinder-csi-plugin.cjs"), program)
      const version = execFileSync(program, ["--version"], { encoding: "utf8" })
      assert.strictEqual(version.trim(), JSON.parse(read("package.json")).version)
    })
  )

  live(
    "P-1 ends with status 1 and a line on standard error where it cannot serve",
    Effect.gen(function* () {
      const config = join(yield* temporaryFolder, "cloud.conf")
      writeFileSync(config, "[Global]\nauth-url = nonsense\n")
      const program = join(project, "build", "cinder-csi-plugin.cjs")
      const { status, stderr } = spawnSync(program, [`--endpoint=unix://${config}.sock`, `--cloud-config=${config}`], {
        encoding: "utf8"
      })
      assert.strictEqual(status, 1)
      assert.include(stderr, config)
    })
  )

  it("P-39 installs the package of every program that the driver runs", () => {
    const installed = /apt-get install (?:-\S+ )*([^\\\n&]+)/.exec(finalStage())?.[1]?.trim().split(/\s+/) ?? []
    const needed = [...new Set<string>(Object.values(debianPackages))].sort()
    assert.includeMembers(needed, ["btrfs-progs", "e2fsprogs", "mount", "util-linux", "xfsprogs"])
    assert.deepStrictEqual(
      needed.filter((name) => !installed.includes(name)),
      []
    )
  })
})

describe("upstream's manifests and chart", () => {
  for (const [words, args] of Object.entries(upstreamArgs)) {
    it(`P-41 give arguments that are accepted: ${words}`, () => {
      const options = Either.getOrThrow(parseOptions(expand(args, controllerEnv), {}))
      assert.strictEqual(options._tag, "Options")
      if (options._tag !== "Options") return
      assert.deepStrictEqual(options.endpoint, { _tag: "Unix", path: "/csi/csi.sock" })
      assert.strictEqual(options.provideControllerService, words.includes("controller"))
      assert.deepStrictEqual(options.cloudConfig, ["/etc/config/cloud.conf"])
      assert.deepStrictEqual(options.warnings, [])
    })
  }

  it("P-41 find the same paths, probes and accounts in ours", () => {
    for (const [file, account] of [
      ["controller.yaml", "csi-cinder-controller-sa"],
      ["node.yaml", "csi-cinder-node-sa"]
    ] as const) {
      const { livenessProbe, args } = driverOf(file)
      assert.strictEqual(workloadOf(file).serviceAccountName, account)
      assert.deepStrictEqual(livenessProbe?.httpGet, { path: "/healthz", port: 9808 })
      assert.strictEqual(args[0], "/bin/cinder-csi-plugin")
      assert.strictEqual(Either.getOrThrow(parseOptions(args.slice(1), {}))._tag, "Options")
    }
  })

  it("P-8 grant every right that our controller's sidecars ask for; the node asks for none", () => {
    const granted = Object.entries(upstreamRights).flatMap(([where, verbs]) => verbs.map((verb) => `${verb} ${where}`))
    const asked = rightsAskedFor()
    assert.isAbove(asked.length, 30)
    assert.deepStrictEqual(
      asked.filter((right) => !granted.includes(right)),
      []
    )
  })

  it("P-8 have every mount that our pods have", () => {
    const upstreamMounts = {
      "controller.yaml": { "/csi": undefined, "/etc/config": undefined },
      "node.yaml": { "/csi": undefined, "/var/lib/kubelet": "Bidirectional", "/dev": "HostToContainer" }
    }
    for (const [file, mounts] of Object.entries(upstreamMounts)) {
      const ours = driverOf(file).volumeMounts.map(({ mountPath, mountPropagation }) => [mountPath, mountPropagation])
      assert.deepStrictEqual(Object.fromEntries(ours), mounts)
    }
  })
})
