import { assert, it } from "@effect/vitest"
import { Either } from "effect"
import { parseOptions } from "../../src/main/options.ts"
import { type Container, containersOf, workloadsOf } from "./support/objects.ts"
import { renderings } from "./support/renderings.ts"
import { proofs } from "./support/tools.ts"

const common = [
  ...["v", "csi-address", "feature-gates", "kubeconfig", "kube-api-qps", "kube-api-burst", "timeout", "http-endpoint"],
  ...["leader-election", "leader-election-namespace", "retry-interval-start", "retry-interval-max"]
]

/** What the source of each sidecar, in the version that we ship, takes on its command line: its own and the common flags. */
const sidecars: Readonly<Record<string, { readonly image: string; readonly flags: ReadonlyArray<string> }>> = {
  "csi-attacher": {
    image: "csi-attacher:v4.12.0",
    flags: [...common, "default-fstype", "worker-threads", "max-entries", "reconcile-sync", "resync"]
  },
  "csi-provisioner": {
    image: "csi-provisioner:v6.3.0",
    flags: [
      ...common,
      "default-fstype",
      "worker-threads",
      "extra-create-metadata",
      "strict-topology",
      "immediate-topology"
    ]
  },
  "csi-snapshotter": {
    image: "csi-snapshotter:v8.6.0",
    flags: [...common, "worker-threads", "extra-create-metadata", "resync-period"]
  },
  "csi-resizer": {
    image: "csi-resizer:v2.2.0",
    flags: [...common, "workers", "handle-volume-inuse-error", "extra-modify-metadata", "resync-period"]
  },
  "liveness-probe": {
    image: "livenessprobe:v2.19.0",
    flags: ["v", "csi-address", "probe-timeout", "health-port", "http-endpoint"]
  },
  "node-driver-registrar": {
    image: "csi-node-driver-registrar:v2.17.0",
    flags: ["v", "csi-address", "kubelet-registration-path", "plugin-registration-path", "timeout", "http-endpoint"]
  }
}

/** The feature gates that these versions know. */
const gates: Readonly<Record<string, ReadonlyArray<string>>> = {
  "csi-attacher": ["MutableCSINodeAllocatableCount", "ReleaseLeaderElectionOnExit"],
  "csi-provisioner": [
    "Topology",
    "CrossNamespaceVolumeDataSource",
    "VolumeAttributesClass",
    "ReleaseLeaderElectionOnExit"
  ],
  "csi-snapshotter": ["CSIVolumeGroupSnapshot", "ReleaseLeaderElectionOnExit"],
  "csi-resizer": [
    "AnnotateFsResize",
    "RecoverVolumeExpansionFailure",
    "VolumeAttributesClass",
    "ReleaseLeaderElectionOnExit"
  ]
}

const flagOf = (arg: string) => /^--?([a-z-]+)(?:=|$)/.exec(arg)?.[1] ?? arg

const containers = (): ReadonlyArray<readonly [string, Container]> =>
  renderings().flatMap(([rendering, objects]) =>
    workloadsOf(objects)
      .flatMap(({ spec }) => containersOf(spec.template.spec))
      .map((container) => [rendering, container] as const)
  )

proofs("the arguments", () => {
  it("of the driver are accepted, and none is without effect", () => {
    const drivers = containers().filter(([, { name }]) => name === "cinder-csi-plugin")
    assert.isAbove(drivers.length, 20)
    for (const [rendering, { args }] of drivers) {
      assert.strictEqual(args[0], "/bin/cinder-csi-plugin")
      const options = Either.getOrThrow(parseOptions(args.slice(1), {}))
      assert.strictEqual(options._tag, "Options", rendering)
      if (options._tag !== "Options") continue
      assert.deepStrictEqual(options.warnings, [], rendering)
      assert.deepStrictEqual(options.endpoint, { _tag: "Unix", path: "/csi/csi.sock" })
      assert.notStrictEqual(options.provideControllerService, options.provideNodeService)
    }
  })

  it("of the sidecars are flags and feature gates of their versions", () => {
    const seen = new Set<string>()
    for (const [rendering, { name, image, args }] of containers()) {
      const sidecar = sidecars[name]
      if (sidecar === undefined) continue
      seen.add(name)
      if (!rendering.includes("as they are")) assert.isTrue(image.endsWith(`/${sidecar.image}`), image)
      for (const arg of args) {
        assert.include(sidecar.flags, flagOf(arg), `${rendering}: ${name} ${arg}`)
        const gate = /^--feature-gates=(.*)$/.exec(arg)?.[1]?.split(",") ?? []
        for (const one of gate) assert.include(gates[name] ?? [], one.split("=")[0], `${name} ${arg}`)
      }
    }
    assert.deepStrictEqual([...seen].sort(), Object.keys(sidecars).sort())
  })

  it("name each flag once", () => {
    for (const [rendering, { name, args }] of containers()) {
      const repeatable = ["cloud-config", "cloud-name"]
      const named = args
        .filter((arg) => arg.startsWith("-"))
        .map(flagOf)
        .filter((flag) => !repeatable.includes(flag))
      assert.deepStrictEqual(named, [...new Set(named)], `${rendering}: ${name}`)
    }
  })

  it("have each leader of a sidecar elected", () => {
    for (const [rendering, { name, args }] of containers()) {
      if (name.startsWith("csi-")) assert.include(args, "--leader-election=true", `${rendering}: ${name}`)
    }
  })
})
