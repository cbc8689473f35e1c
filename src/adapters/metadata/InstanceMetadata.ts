import { Clock, Duration, Effect, Fiber, Layer } from "effect"
import type { DescribedDisk } from "../../domain/DescribedDisk.ts"
import { IdentityUnknown } from "../../domain/errors.ts"
import { ServerId } from "../../domain/Server.ts"
import { type InstanceIdentity, InstanceMetadata } from "../../ports/InstanceMetadata.ts"
import { makeCloudInit } from "./CloudInit.ts"
import { makeConfigDrive } from "./ConfigDrive.ts"
import { makeMetadataService } from "./MetadataService.ts"
import { type Source, SourceFailure, type Told } from "./Source.ts"

/** As `search-order` in the section Metadata of cloud.conf names them. */
export type MetadataSource = "configDrive" | "metadataService"

/** Where it is looked for who this machine is; what is left out has a default that suits a node. */
export interface MetadataOptions {
  readonly searchOrder: ReadonlyArray<MetadataSource>
  /** The most time that the metadata service gets, all tries together. */
  readonly requestTimeout: Duration.Duration
  /** Undefined stands for the well-known addresses. */
  readonly baseUrls: ReadonlyArray<string> | undefined
  readonly devRoot: string
  readonly sysRoot: string
  readonly cloudRoot: string
  readonly configDriveFileSystems: ReadonlyArray<string>
}

export const defaultMetadataOptions: MetadataOptions = {
  searchOrder: ["configDrive", "metadataService"],
  requestTimeout: Duration.seconds(30),
  baseUrls: undefined,
  devRoot: "/dev",
  sysRoot: "/sys",
  cloudRoot: "/var/lib/cloud",
  configDriveFileSystems: ["iso9660", "vfat"]
}

interface Answer {
  readonly from: MetadataSource | "cloudInit"
  readonly source: Source
  readonly told: Told
}

type Service = ReturnType<typeof makeMetadataService>

const makeResolve = (options: MetadataOptions, service: Service) => {
  const configDrive = makeConfigDrive({ ...options, fileSystems: options.configDriveFileSystems })
  const cloudInit = makeCloudInit(options)

  const sources: ReadonlyArray<Pick<Answer, "from" | "source">> = [
    ...options.searchOrder.map((from) => ({ from, source: from === "configDrive" ? configDrive : service.source })),
    { from: "cloudInit", source: cloudInit }
  ]

  const firstAnswer: Effect.Effect<Answer, IdentityUnknown> = Effect.gen(function* () {
    const tried: Array<string> = []
    for (const { from, source } of sources) {
      const answer = yield* Effect.either(source.ask)
      if (answer._tag === "Right") return { from, source, told: answer.right }
      tried.push(`${source.name}: ${answer.left.problem}`)
    }
    return yield* new IdentityUnknown({ tried })
  })

  /** A config drive keeps the zone of the day it was written; the service knows today's. Its silence changes nothing. */
  const freshZone = ({ from, told }: Answer) =>
    from !== "configDrive" || !options.searchOrder.includes("metadataService")
      ? Effect.succeed(told.zone)
      : service.once.pipe(
          Effect.flatMap(({ uuid, zone }) =>
            uuid === told.uuid
              ? Effect.succeed(zone ?? told.zone)
              : Effect.as(
                  Effect.logWarning(`the config drive says this is server ${told.uuid}, the metadata service ${uuid}`),
                  told.zone
                )
          ),
          Effect.orElseSucceed(() => told.zone)
        )

  /** A contradiction is worth knowing, but an id that OpenStack itself gave out outweighs a note on the disk. */
  const warnOfContradiction = ({ from, source, told }: Answer) =>
    from === "cloudInit"
      ? Effect.logWarning(`only cloud-init's note tells that this is server ${told.uuid}`)
      : cloudInit.ask.pipe(
          Effect.flatMap(({ uuid }) =>
            uuid === told.uuid
              ? Effect.void
              : Effect.logWarning(`the ${source.name} says this is server ${told.uuid}, cloud-init's note says ${uuid}`)
          ),
          Effect.ignore
        )

  return Effect.gen(function* () {
    const answer = yield* firstAnswer
    yield* warnOfContradiction(answer)
    const zone = yield* freshZone(answer)
    const identity: InstanceIdentity = { serverId: ServerId(answer.told.uuid), zone, source: answer.source.name }
    return identity
  })
}

const disksLimit = Duration.seconds(5)
const disksAgeMillis = 5_000

/**
 * A config drive lists the disks of the day it was written, and another volume may be at their addresses by now: so the
 * service alone is believed.
 */
const makeDisks = ({ searchOrder }: MetadataOptions, service: Service): Effect.Effect<ReadonlyArray<DescribedDisk>> => {
  if (!searchOrder.includes("metadataService")) return Effect.succeed([])
  let last: { readonly at: number; readonly disks: ReadonlyArray<DescribedDisk> } | undefined

  const ask = service.once.pipe(
    Effect.map(({ disks }) => disks),
    Effect.timeoutFail({ duration: disksLimit, onTimeout: () => new SourceFailure({ problem: "no answer in time" }) }),
    Effect.catchAll(({ problem }) =>
      Effect.as(Effect.logWarning(`the metadata service does not tell where disks are: ${problem}`), [])
    )
  )
  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (last !== undefined && now - last.at < disksAgeMillis) return last.disks
    const disks = yield* ask
    last = { at: now, disks }
    return disks
  })
}

/** Who this machine is, as the first source that answers has it. A success is kept for good, a failure never. */
export const layerInstanceMetadata = (given: Partial<MetadataOptions> = {}): Layer.Layer<InstanceMetadata> =>
  Layer.scoped(
    InstanceMetadata,
    Effect.gen(function* () {
      const options = { ...defaultMetadataOptions, ...given }
      const service = makeMetadataService(options)
      const resolve = makeResolve(options, service)
      const scope = yield* Effect.scope
      const turn = Effect.unsafeMakeSemaphore(1)
      let known: InstanceIdentity | undefined
      let running: Fiber.RuntimeFiber<InstanceIdentity, IdentityUnknown> | undefined

      const keep = (identity: InstanceIdentity) =>
        Effect.sync(() => {
          known = identity
        })
      const settle = Effect.sync(() => {
        running = undefined
      })
      const kept = resolve.pipe(Effect.tap(keep), Effect.ensuring(settle))
      /** Callers share one search, and one that goes away does not end it for the others. */
      const search = Effect.gen(function* () {
        if (running === undefined) running = yield* Effect.forkIn(kept, scope)
        return running
      }).pipe(turn.withPermits(1))

      const identity = Effect.suspend(() =>
        known === undefined ? Effect.flatMap(search, Fiber.join) : Effect.succeed(known)
      )
      return {
        identity: Effect.withSpan(identity, "InstanceMetadata.identity"),
        disks: makeDisks(options, service)
      }
    })
  )
