import { status } from "@grpc/grpc-js"
import { Effect, Either } from "effect"
import type { CsiClient, RpcFailure } from "../../../src/adapters/csi/client.ts"
import type { OpenStackHttp } from "../../../src/adapters/memory/http/makeOpenStackHttp.ts"
import type { WorldService } from "../../../src/adapters/memory/World.ts"
import { createdEmptyKey } from "../../../src/domain/volumeContext.ts"
import { cloudConf } from "../../support/wiredDriver.ts"
import { startGoController } from "./goDriver.ts"
import { type CloudAndDriver, onCloud, startCloud } from "./onCloud.ts"

/** A controller and the cloud it works on. */
export interface Side {
  readonly csi: CsiClient
  readonly world: WorldService
  readonly cloud: OpenStackHttp
  readonly nodeIds: ReadonlyArray<string>
}

/** The Go driver as a controller on a cloud of its own. */
export const goOnCloud = (options: CloudAndDriver) =>
  Effect.gen(function* () {
    const { conf, ...cloud } = yield* startCloud(options)
    return { ...cloud, csi: yield* startGoController(conf, options.flags) }
  })

/** Our controller and the Go driver's, each on a cloud of its own that starts the same. */
export const bothSides = (options: CloudAndDriver = {}) =>
  Effect.all({ ours: onCloud(options), go: goOnCloud(options) })

/** Our controller and the Go driver's on one and the same cloud. */
export const bothOnOneCloud = (options: CloudAndDriver = {}) =>
  Effect.gen(function* () {
    const ours = yield* onCloud(options)
    const conf = (options.conf ?? cloudConf)(ours.cloud.authUrl)
    return { ours, go: { ...ours, csi: yield* startGoController(conf, options.flags) } }
  })

/** What a call came to: the answer, or the name of its code. */
export const outcomeOf = <A>(call: Effect.Effect<A, RpcFailure>) =>
  Effect.map(
    Effect.either(call),
    Either.match({ onLeft: ({ code }): unknown => status[code], onRight: (answer): unknown => answer })
  )

/** Everything in the project, without times. */
export const stateOf = ({ world }: Side) =>
  Effect.gen(function* () {
    const oldestFirst = { sort: { key: "created_at", direction: "asc" } } as const
    const volumes = (yield* world.cinder.listVolumes(oldestFirst)).rows
    const snapshots = (yield* world.cinder.listSnapshots(oldestFirst)).rows
    const backups = (yield* world.cinder.listBackups(oldestFirst)).rows
    return {
      volumes: volumes.map(({ createdAt, updatedAt, attachments, host, ...volume }) => ({
        ...volume,
        attachments: attachments.map(({ serverId, device }) => ({ serverId, device }))
      })),
      snapshots: snapshots.map(({ createdAt, updatedAt, ...snapshot }) => snapshot),
      backups: backups.map(({ createdAt, updatedAt, dataTimestamp, ...backup }) => backup)
    }
  })

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

const isOfThisMinute = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  "seconds" in value &&
  typeof value.seconds === "bigint" &&
  Math.abs(Date.now() / 1_000 - Number(value.seconds)) < 60

/** Without the key that ours adds. One side works after the other: a second may begin between what both make. */
const plainly = (key: string, value: unknown): unknown => {
  if (key === "creationTime" && isOfThisMinute(value)) return "this minute"
  if (typeof value === "bigint") return value.toString()
  if (value instanceof Map) return Object.fromEntries([...value].filter(([key]) => key !== createdEmptyKey).sort())
  return value
}

/** The same for two sides although each has ids of its own: an id becomes the number of its first appearance. */
export const withoutIds = (value: unknown): unknown => {
  const seen: Array<string> = []
  const text = JSON.stringify(value, plainly).replaceAll(uuid, (id) => {
    if (!seen.includes(id)) seen.push(id)
    return `id ${seen.indexOf(id) + 1}`
  })
  return JSON.parse(text)
}
