import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Context, Effect, Layer, type Scope } from "effect"
import type { Access } from "../../src/domain/Capability.ts"
import { NodePublishing } from "../../src/domain/NodePublishing.ts"
import { NodeSettings } from "../../src/domain/NodeSettings.ts"
import { NodeStaging } from "../../src/domain/NodeStaging.ts"
import { NodeVolumes } from "../../src/domain/NodeVolumes.ts"
import type { VolumeId } from "../../src/domain/Volume.ts"
import { HostMounter } from "../../src/ports/HostMounter.ts"
import { InstanceMetadata } from "../../src/ports/InstanceMetadata.ts"
import { defaults, publishRequest, stageRequest } from "../domain/nodeHarness.ts"
import { onHost, Scratch } from "./loopDisks.ts"

const metadata = InstanceMetadata.of({
  identity: Effect.dieMessage("no test here asks who the node is"),
  disks: Effect.succeed([])
})

const Services = Layer.mergeAll(NodeStaging.layer, NodePublishing.layer, NodeVolumes.layer).pipe(
  Layer.provide(Layer.merge(Layer.succeed(NodeSettings, defaults), Layer.succeed(InstanceMetadata, metadata)))
)

type Host = Context.Tag.Service<HostMounter>

/** The node's services as a program of its own; `disturb` stands for what happens to the host meanwhile. */
export const anotherDriver = (disturb: (host: Host) => Partial<Host> = () => ({})) =>
  Layer.fresh(Services).pipe(
    Layer.provide(
      Layer.effect(
        HostMounter,
        Effect.map(HostMounter, (host) => ({ ...host, ...disturb(host) }))
      )
    )
  )

/** Runs a test on the node's services over the real adapter, in a folder of its own. */
export const onNode = <A, E>(
  test: Effect.Effect<A, E, NodeStaging | NodePublishing | NodeVolumes | HostMounter | Scratch | Scope.Scope>,
  disturb: (host: Host) => Partial<Host> = () => ({})
) => onHost(Effect.provide(test, anotherDriver(disturb)))

/** A volume on its way to pods of this node, at paths like kubelet's. */
export const onItsWay = (volumeId: VolumeId, access: Partial<Extract<Access, { _tag: "mount" }>> | "block" = {}) =>
  Effect.gen(function* () {
    const { folder } = yield* Scratch
    const staging = yield* NodeStaging
    const publishing = yield* NodePublishing
    const volumes = yield* NodeVolumes
    const stagingPath = join(folder, "kubelet", "plugins", volumeId, "globalmount")
    const targetOf = (pod: string) => join(folder, "kubelet", "pods", pod, volumeId, "mount")
    mkdirSync(stagingPath, { recursive: true })
    for (const pod of ["one", "two"]) mkdirSync(dirname(targetOf(pod)), { recursive: true })
    const asked: Access = access === "block" ? { _tag: "block" } : { _tag: "mount", fsType: "", flags: [], ...access }
    const capability = { access: asked, mode: "SINGLE_NODE_MULTI_WRITER" } as const
    const stage = stageRequest({ volumeId, stagingPath, capability })
    const publish = publishRequest({ volumeId, stagingPath, targetPath: targetOf("one"), capability })
    return {
      stagingPath,
      target: targetOf("one"),
      secondTarget: targetOf("two"),
      stage: (changes: Partial<typeof stage> = {}) => staging.stage({ ...stage, ...changes }),
      publish: (changes: Partial<typeof publish> = {}) => publishing.publish({ ...publish, ...changes }),
      measure: (path = targetOf("one")) => volumes.usage(volumeId, path),
      health: (path = targetOf("one")) => volumes.health(volumeId, path),
      expand: (requiredBytes: bigint) =>
        volumes.expand({
          volumeId,
          volumePath: targetOf("one"),
          stagingPath,
          capacity: { requiredBytes, limitBytes: undefined },
          capability
        }),
      unpublish: (targetPath = targetOf("one")) => publishing.unpublish(volumeId, targetPath),
      unstage: (path = stagingPath) => staging.unstage(volumeId, path)
    }
  })
