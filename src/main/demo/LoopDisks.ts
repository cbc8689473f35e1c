import { FileSystem } from "@effect/platform"
import type { PlatformError } from "@effect/platform/Error"
import { Effect, type Scope } from "effect"
import { DiskBackendFault, type DiskBackendService } from "../../adapters/memory/DiskBackend.ts"
import { type Command, expectSuccess, mutate } from "../../adapters/process/Command.ts"
import { type HostProgram, hostProgram } from "../../adapters/process/programs.ts"
import { bytesOf } from "../../domain/Capacity.ts"
import type { HostFailure } from "../../domain/errors.ts"

const command = (operation: string, program: HostProgram, args: ReadonlyArray<string>): Command => ({
  operation,
  ...hostProgram(program),
  args,
  timeLimit: "60 seconds"
})

const succeed = (wanted: Command) => Effect.flatMap(mutate(wanted), expectSuccess(wanted))

const fault = (operation: string) => (error: HostFailure | PlatformError) =>
  new DiskBackendFault({ operation, problem: error.message })

/**
 * The bytes of the embedded cloud on this machine: a volume is a sparse file in `folder`, and a volume attached to
 * `serverId` is a loop device over it, linked below `folder`/dev/disk/by-id. The file's name, `volume-<id>`, is what proves the device's identity. Devices that
 * are still there when the Scope closes are given back.
 */
export const makeLoopDisks = (
  folder: string,
  serverId: string
): Effect.Effect<DiskBackendService, never, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const loops = new Map<string, string>()
    const fileOf = (kind: "volume" | "snapshot" | "backup", id: string) => `${folder}/${kind}-${id}`
    /** Where udev would link a virtio disk by its serial, of which the kernel keeps 20 bytes. */
    const linkOf = (volumeId: string) => `${folder}/dev/disk/by-id/virtio-${volumeId.slice(0, 20)}`
    const copy = (from: string, to: string) =>
      succeed(command(`copy ${from}`, "cp", ["--sparse=always", "--reflink=auto", from, to]))
    const detach = (device: string) => succeed(command(`release ${device}`, "losetup", ["--detach", device]))

    yield* Effect.addFinalizer(() =>
      Effect.forEach([...loops.values()], (device) => Effect.ignoreLogged(detach(device)), { discard: true })
    )

    const removeFile = (path: string) =>
      files.remove(path, { force: true }).pipe(Effect.mapError(fault(`remove ${path}`)))

    return {
      create: (volumeId, sizeGiB, source) =>
        Effect.gen(function* () {
          const path = fileOf("volume", volumeId)
          if (source !== undefined) yield* copy(fileOf(source.kind, source.id), path)
          else yield* files.writeFile(path, new Uint8Array())
          yield* files.truncate(path, FileSystem.Size(bytesOf(sizeGiB)))
        }).pipe(Effect.mapError(fault("create a volume"))),
      remove: (volumeId) => removeFile(fileOf("volume", volumeId)),
      resize: (volumeId, sizeGiB) =>
        Effect.gen(function* () {
          yield* files.truncate(fileOf("volume", volumeId), FileSystem.Size(bytesOf(sizeGiB)))
          const device = loops.get(volumeId)
          if (device !== undefined) yield* succeed(command(`resize ${device}`, "losetup", ["--set-capacity", device]))
        }).pipe(Effect.mapError(fault("resize a volume"))),
      createSnapshot: (snapshotId, volumeId) =>
        copy(fileOf("volume", volumeId), fileOf("snapshot", snapshotId)).pipe(Effect.mapError(fault("cut a snapshot"))),
      removeSnapshot: (snapshotId) => removeFile(fileOf("snapshot", snapshotId)),
      createBackup: (backupId, source) =>
        copy(fileOf(source.kind, source.id), fileOf("backup", backupId)).pipe(Effect.mapError(fault("write a backup"))),
      removeBackup: (backupId) => removeFile(fileOf("backup", backupId)),
      plug: (server, volumeId) =>
        server !== serverId
          ? Effect.void
          : Effect.gen(function* () {
              const found = yield* succeed(
                command("attach a volume", "losetup", ["--find", "--show", fileOf("volume", volumeId)])
              )
              const device = found.stdout.trim()
              loops.set(volumeId, device)
              yield* files.symlink(device, linkOf(volumeId))
            }).pipe(Effect.mapError(fault("plug a volume"))),
      unplug: (server, volumeId) => {
        const device = loops.get(volumeId)
        if (server !== serverId || device === undefined) return Effect.void
        return Effect.gen(function* () {
          yield* files.remove(linkOf(volumeId), { force: true })
          yield* detach(device)
          loops.delete(volumeId)
        }).pipe(Effect.mapError(fault("unplug a volume")))
      }
    }
  })
