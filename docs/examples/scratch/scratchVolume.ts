import { Effect } from "effect"
import { bytesOf, type ServerId, VolumeAttachment, VolumeProvisioning } from "effect-cinder-csi/domain"

const asDisk = { access: { _tag: "mount", fsType: "ext4", flags: [] }, mode: "SINGLE_NODE_WRITER" } as const

/**
 * A volume of 10 GiB at a server for as long as the scope is open. It is removed also when the attach fails, which the test
 * makes the cloud do. A create that takes longer than the caller waits fails with `StillWorking`: the volume has its name,
 * and the next call takes it up.
 */
export const scratchVolume = (server: ServerId) =>
  Effect.gen(function* () {
    const volumes = yield* VolumeProvisioning
    const attachments = yield* VolumeAttachment

    const { id } = yield* Effect.acquireRelease(
      volumes.provision({
        name: `scratch-of-${server}`,
        capacity: { requiredBytes: bytesOf(10), limitBytes: undefined },
        capabilities: [asDisk],
        parameters: {},
        source: undefined,
        topology: undefined
      }),
      ({ id }) =>
        Effect.zipRight(attachments.unpublish(id, server), volumes.remove(id)).pipe(
          Effect.catchAll((error) => Effect.logError(`volume ${id} is left behind: ${error.message}`))
        )
    )
    yield* attachments.publish({ volumeId: id, serverId: server, capability: asDisk, readOnly: false })
    return id
  })
