import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { parse } from "yaml"
import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as PluginService
} from "../../src/adapters/csi/gen/csi.ts"
import { onCloud } from "../parity/support/onCloud.ts"
import { onNode } from "../parity/support/onNode.ts"
import { live } from "../support/wiredDriver.ts"
import { objectsIn, problemsOf, project, proofs } from "./support/tools.ts"

const folder = join(project, "deploy", "e2e")

const Flags = Schema.Record({ key: Schema.String, value: Schema.Boolean })
const TestDriver = Schema.Struct({
  StorageClass: Schema.Struct({ FromFile: Schema.String }),
  SnapshotClass: Schema.Struct({ FromFile: Schema.String }),
  VolumeAttributesClass: Schema.optional(Schema.Unknown),
  Timeouts: Schema.Record({ key: Schema.String, value: Schema.String.pipe(Schema.pattern(/^\d+[smh]$/)) }),
  DriverInfo: Schema.Struct({
    Name: Schema.String,
    TopologyKeys: Schema.Array(Schema.String),
    SupportedFsType: Schema.Record({ key: Schema.String, value: Schema.Struct({}) }),
    Capabilities: Flags
  })
})

const written: Readonly<Record<string, unknown>> = parse(readFileSync(join(folder, "test-driver.yaml"), "utf8"))
const testDriver = Schema.decodeUnknownSync(TestDriver)(written)
const { Capabilities: capabilities, ...driverInfo } = testDriver.DriverInfo

/** A source file of Kubernetes' own suites, as our checks have their module. */
const suiteSource = (...path: ReadonlyArray<string>) => {
  const { stdout } = spawnSync("go", ["list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"], {
    cwd: join(project, "test", "deploy", "tools"),
    encoding: "utf8"
  })
  return readFileSync(join(stdout.trim(), "test", "e2e", ...path), "utf8")
}

/** Names of a Go struct's own fields. */
const fieldsOf = (source: string, struct: string): ReadonlyArray<string> => {
  const body = new RegExp(`^type ${struct} struct \\{\\n([\\s\\S]*?)^\\}`, "m").exec(source)?.[1] ?? ""
  return [...body.matchAll(/^\t(\w+)[ \t]/gm)].flatMap(([, name]) => name ?? [])
}

interface Announced {
  readonly type?: { readonly $case: string; readonly value: { readonly type: number } } | undefined
}
const has = (announced: ReadonlyArray<Announced>, wanted: number, $case: string) =>
  announced.some(({ type }) => type?.$case === $case && type.value.type === wanted)

proofs("what Kubernetes' own suites are told", () => {
  it("has no key that they do not know, as they pass over it without a word", () => {
    const external = suiteSource("storage", "external", "external.go")
    const framework = suiteSource("storage", "framework", "testdriver.go")
    const known = [...framework.matchAll(/^\tCap\w+\s+Capability = "(\w+)"/gm)].map(([, name]) => name)
    assert.isAbove(known.length, 20)
    for (const [names, allowed] of [
      [Object.keys(written), fieldsOf(external, "driverDefinition")],
      [Object.keys(Object(written["DriverInfo"])), fieldsOf(framework, "DriverInfo")],
      [Object.keys(testDriver.Timeouts), fieldsOf(suiteSource("framework", "timeouts.go"), "TimeoutContext")],
      [
        Object.keys(Object(Object(written["DriverInfo"])["StressTestOptions"])),
        fieldsOf(framework, "StressTestOptions")
      ],
      [
        Object.keys(Object(Object(written["DriverInfo"])["VolumeSnapshotStressTestOptions"])),
        fieldsOf(framework, "VolumeSnapshotStressTestOptions")
      ],
      [Object.keys(capabilities), known]
    ] as const) {
      assert.isNotEmpty(names)
      assert.deepStrictEqual(
        names.filter((name) => !allowed.includes(name)),
        []
      )
    }
  })

  it("leads to classes that an API server takes", () => {
    for (const { FromFile } of [testDriver.StorageClass, testDriver.SnapshotClass]) {
      const objects = objectsIn(join(project, FromFile))
      assert.lengthOf(objects, 1)
      assert.deepStrictEqual(problemsOf(objects), [])
    }
  })

  live(
    "is what the driver announces",
    Effect.gen(function* () {
      const { csi } = yield* onCloud()
      const node = yield* onNode("")
      const controllerSide = (yield* csi.controllerGetCapabilities()).capabilities
      const nodeSide = (yield* node.nodeGetCapabilities()).capabilities
      const plugin = (yield* csi.getPluginCapabilities()).capabilities
      const controller = (rpc: ControllerRpc) => has(controllerSide, rpc, "rpc")
      const onNodes = (rpc: NodeRpc) => has(nodeSide, rpc, "rpc")
      const { maxVolumesPerNode, accessibleTopology } = yield* node.nodeGetInfo()
      assert.strictEqual(driverInfo.Name, (yield* csi.getPluginInfo()).name)
      assert.deepStrictEqual(driverInfo.TopologyKeys, [...(accessibleTopology?.segments.keys() ?? [])])
      const announced = {
        pvcDataSource: controller(ControllerRpc.CLONE_VOLUME),
        snapshotDataSource: controller(ControllerRpc.CREATE_DELETE_SNAPSHOT),
        controllerExpansion: controller(ControllerRpc.EXPAND_VOLUME),
        nodeExpansion: onNodes(NodeRpc.EXPAND_VOLUME),
        onlineExpansion: has(plugin, 1, "volumeExpansion"),
        offlineExpansion: has(plugin, 2, "volumeExpansion"),
        topology: has(plugin, PluginService.VOLUME_ACCESSIBILITY_CONSTRAINTS, "service"),
        volumeLimits: maxVolumesPerNode > 0n,
        readWriteOncePod:
          controller(ControllerRpc.SINGLE_NODE_MULTI_WRITER) && onNodes(NodeRpc.SINGLE_NODE_MULTI_WRITER),
        capacity: controller(ControllerRpc.GET_CAPACITY),
        volumeMountGroup: onNodes(NodeRpc.VOLUME_MOUNT_GROUP)
      }
      for (const [name, is] of Object.entries(announced)) assert.strictEqual(capabilities[name], is, name)
      assert.strictEqual(testDriver.VolumeAttributesClass !== undefined, controller(ControllerRpc.MODIFY_VOLUME))
    })
  )
})
