import { Clock, Effect, Either, Layer } from "effect"
import type { Backup, BackupId } from "../../domain/Backup.ts"
import { CallDeadline, CallStart } from "../../domain/CallDeadline.ts"
import { type CloudFailure, StillWorking } from "../../domain/errors.ts"
import type { Server, ServerId } from "../../domain/Server.ts"
import type { Snapshot, SnapshotId } from "../../domain/Snapshot.ts"
import type { Volume, VolumeId } from "../../domain/Volume.ts"
import { Cinder } from "../../ports/Cinder.ts"
import { type AwaitedOperation, CloudWatch, type Judge } from "../../ports/CloudWatch.ts"
import { Nova } from "../../ports/Nova.ts"
import { endOfWait, nextPause, roomToAnswer } from "./pace.ts"
import { makeShownWaits, type ShownWait } from "./shownWait.ts"

/** How long is waited. */
export interface PollingOptions {
  /** Longest wait for a caller without a deadline. */
  readonly budgetMillis?: number | undefined
}

const defaultBudgetMillis = 120_000

/** Whether asking again may go better. Credentials, policies and old clouds need somebody to act first. */
const worthRepeating = ({ reason }: CloudFailure): boolean => {
  switch (reason) {
    case "unauthenticated":
    case "forbidden":
    case "unsupported":
      return false
    case "unreachable":
    case "unanswered":
    case "throttled":
    case "malformed":
    case "notFound":
    case "invalid":
    case "conflict":
      return true
  }
}

const makePolling = ({ budgetMillis = defaultBudgetMillis }: PollingOptions) =>
  Effect.gen(function* () {
    const cinder = yield* Cinder
    const nova = yield* Nova
    const showWait = yield* makeShownWaits

    const poll = Effect.fnUntraced(function* <Seen, A, E>(
      shown: ShownWait,
      subject: string,
      operation: AwaitedOperation,
      look: Effect.Effect<Seen | undefined, CloudFailure>,
      judge: Judge<Seen, A, E>
    ) {
      const startedAt = yield* Clock.currentTimeMillis
      const deadline = yield* CallDeadline
      const began = (yield* CallStart) ?? startedAt
      const end = endOfWait(startedAt, began, deadline, budgetMillis)
      let state = "waited for"
      let pause = 0
      while (true) {
        const lookedAt = yield* Clock.currentTimeMillis
        const seen = yield* look.pipe(
          Effect.either,
          Effect.timeoutOption(Math.max(end - lookedAt, roomToAnswer(began, deadline) / 2))
        )
        const now = yield* Clock.currentTimeMillis
        if (seen._tag === "Some" && Either.isRight(seen.value)) {
          const verdict = judge(seen.value.right, now - startedAt)
          switch (verdict._tag) {
            case "Settled":
              return verdict.value
            case "Failed":
              return yield* Effect.fail(verdict.error)
            case "Pending":
              state = verdict.state
              shown.isFor(verdict.because)
          }
        } else if (seen._tag === "Some" && Either.isLeft(seen.value) && !worthRepeating(seen.value.left)) {
          return yield* new StillWorking({
            subject,
            state: `${state}, but cannot be watched: ${seen.value.left.message}`
          })
        }
        if (now >= end) return yield* new StillWorking({ subject, state })
        pause = nextPause(operation, pause)
        yield* Effect.sleep(Math.min(pause, end - now))
      }
    })

    const wait = <Seen, A, E>(
      subject: string,
      operation: AwaitedOperation,
      look: Effect.Effect<Seen | undefined, CloudFailure>,
      judge: Judge<Seen, A, E>
    ) =>
      Effect.suspend(() => {
        const shown = showWait(operation)
        return Effect.ensuring(poll(shown, subject, operation, look, judge), shown.ends)
      }).pipe(
        Effect.withSpan("CloudWatch.wait", {
          captureStackTrace: false,
          attributes: { "csi.waits_for": subject, "csi.operation": operation }
        })
      )

    const volume = <A, E>(id: VolumeId, operation: AwaitedOperation, judge: Judge<Volume, A, E>) =>
      wait(
        `volume ${id}`,
        operation,
        Effect.catchTag(cinder.getVolume(id), "VolumeNotFound", () => Effect.succeed(undefined)),
        judge
      )
    const snapshot = <A, E>(id: SnapshotId, operation: AwaitedOperation, judge: Judge<Snapshot, A, E>) =>
      wait(
        `snapshot ${id}`,
        operation,
        Effect.catchTag(cinder.getSnapshot(id), "SnapshotNotFound", () => Effect.succeed(undefined)),
        judge
      )
    const server = <A, E>(id: ServerId, operation: AwaitedOperation, judge: Judge<Server, A, E>) =>
      wait(
        `server ${id}`,
        operation,
        Effect.catchTag(nova.getServer(id), "ServerNotFound", () => Effect.succeed(undefined)),
        judge
      )
    const backup = <A, E>(id: BackupId, operation: AwaitedOperation, judge: Judge<Backup, A, E>) =>
      wait(
        `backup ${id}`,
        operation,
        Effect.catchTag(cinder.getBackup(id), "BackupNotFound", () => Effect.succeed(undefined)),
        judge
      )
    return CloudWatch.of({ volume, snapshot, server, backup })
  })

/** Each wait polls for itself: a plain GET at a growing pause, which is the cheapest while few things are awaited. */
export const layerPolling = (options: PollingOptions = {}): Layer.Layer<CloudWatch, never, Cinder | Nova> =>
  Layer.effect(CloudWatch, makePolling(options))
