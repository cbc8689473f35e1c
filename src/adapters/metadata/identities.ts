import { Effect } from "effect"
import { ServerId } from "../../domain/Server.ts"
import type { IdentitySeen } from "../../ports/NodeSurvey.ts"
import { makeCloudInit } from "./CloudInit.ts"
import { makeConfigDrive } from "./ConfigDrive.ts"
import { defaultMetadataOptions, type MetadataOptions } from "./InstanceMetadata.ts"
import { makeMetadataService } from "./MetadataService.ts"
import type { Source } from "./Source.ts"

/** What every source says of this machine, also those that the driver would not come to ask. Mounts nothing. */
export const identities = (given: Partial<MetadataOptions> = {}): Effect.Effect<ReadonlyArray<IdentitySeen>> => {
  const options = { ...defaultMetadataOptions, ...given }
  const { name, askMounted } = makeConfigDrive({ ...options, fileSystems: options.configDriveFileSystems })
  const service = makeMetadataService(options)
  const sources: ReadonlyArray<Source> = [
    { name, ask: askMounted },
    { name: service.source.name, ask: service.once },
    makeCloudInit(options)
  ]
  return Effect.forEach(
    sources,
    ({ ask, name: source }) =>
      Effect.match(ask, {
        onSuccess: ({ uuid, zone }): IdentitySeen => ({ source, serverId: ServerId(uuid), zone, problem: undefined }),
        onFailure: ({ problem }): IdentitySeen => ({ source, serverId: undefined, zone: undefined, problem })
      }),
    { concurrency: "unbounded" }
  )
}
