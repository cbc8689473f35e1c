import { Effect, Layer } from "effect"
import { ServerNotFound, UnknownPageToken } from "../../domain/errors.ts"
import type { ServerId } from "../../domain/Server.ts"
import type { PageRequest } from "../../ports/Cinder.ts"
import { CloudInventory } from "../../ports/CloudInventory.ts"
import { toSnapshot, toVolume } from "./CinderMemory.ts"
import { toBackup } from "./cinderMemoryBackups.ts"
import { isMissing, repeated, toPage, worldPage } from "./memoryRequests.ts"
import { toServer } from "./NovaMemory.ts"
import { World } from "./World.ts"
import type { WorldFault } from "./worldErrors.ts"
import { toCloudFailure } from "./worldFailures.ts"
import type { Page } from "./worldRequests.ts"

interface DescribedRecord {
  readonly description: string | undefined
}

const described =
  <Row extends DescribedRecord, A extends object>(read: (row: Row) => A) =>
  (row: Row) => ({ ...read(row), description: row.description ?? "" })

/** What a project in a World has. */
export const layerInventoryMemory: Layer.Layer<CloudInventory, never, World> = Layer.effect(
  CloudInventory,
  Effect.map(World, ({ cinder, nova }) => {
    const listing =
      <Row extends { readonly id: string }, A>(
        service: "Cinder" | "Nova",
        things: string,
        list: (page: PageRequest) => Effect.Effect<Page<Row>, WorldFault>,
        read: (row: Row) => A
      ) =>
      (page: PageRequest) =>
        repeated(list(page)).pipe(
          Effect.map((answer) => toPage(answer, read)),
          Effect.mapError((fault) =>
            isMissing(fault) || (page.marker !== undefined && fault.status === 400)
              ? new UnknownPageToken({ token: page.marker ?? "" })
              : toCloudFailure(service, `list ${things}`)(fault)
          )
        )
    return CloudInventory.of({
      volumes: listing("Cinder", "volumes", (page) => cinder.listVolumes(worldPage(page)), described(toVolume)),
      snapshots: listing("Cinder", "snapshots", (page) => cinder.listSnapshots(worldPage(page)), described(toSnapshot)),
      backups: listing("Cinder", "backups", (page) => cinder.listBackups(worldPage(page)), described(toBackup)),
      servers: listing("Nova", "servers", (page) => nova.listServers(worldPage(page)), toServer),
      server: (id: ServerId) =>
        repeated(nova.showServer(id)).pipe(
          Effect.map(toServer),
          Effect.mapError((fault) =>
            fault.status === 404 ? new ServerNotFound({ id }) : toCloudFailure("Nova", "show server")(fault)
          )
        )
    })
  })
)
