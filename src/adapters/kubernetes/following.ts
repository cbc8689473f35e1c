import { Data, Duration, Effect, Queue } from "effect"
import { oneLine } from "./clusterClient.ts"
import { type KubeConfig, Watch } from "./library.ts"

/** What a watch tells (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes). */
type Told = { readonly kind: string; readonly object: unknown } | { readonly ended: string | undefined }

/** The connection failed or fell silent, or the version that was to be followed is too old: all has to be read anew. */
export class WatchBroken extends Data.TaggedError("WatchBroken")<{ readonly detail: string }> {}

export interface FollowOptions {
  readonly config: KubeConfig
  readonly path: string
  /** After so long without a word the connection counts as dead; Kubernetes sends a bookmark about once a minute. */
  readonly silence: Duration.Duration
}

/** Kubernetes ends a watch after so long by itself. */
const watchSeconds = 240

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

export const versionOf = (object: unknown): string | undefined => {
  const version = property(property(object, "metadata"), "resourceVersion")
  return typeof version === "string" && version !== "" ? version : undefined
}

/**
 * Follows all objects of a path from a version on, until the connection ends or says nothing for too long. Answers with the
 * version that it came to, from which the next one goes on.
 */
export const follow = (
  { config, path, silence }: FollowOptions,
  from: string,
  take: (kind: "changed" | "deleted", object: unknown) => void
): Effect.Effect<string, WatchBroken> =>
  Effect.scoped(
    Effect.gen(function* () {
      const told = yield* Queue.unbounded<Told>()
      let stopped = false
      let controller: AbortController | undefined
      const stop = () => {
        stopped = true
        controller?.abort()
      }
      yield* Effect.addFinalizer(() => Effect.sync(stop))
      new Watch(config)
        .watch(
          path,
          { resourceVersion: from, allowWatchBookmarks: true, timeoutSeconds: watchSeconds },
          (kind, object: unknown) => void Queue.unsafeOffer(told, { kind, object }),
          (error: unknown) => {
            Queue.unsafeOffer(told, { ended: error instanceof Error ? oneLine(error.message) : undefined })
          }
        )
        .then(
          (opened) => {
            controller = opened
            if (stopped) opened.abort()
          },
          (error: unknown) => void Queue.unsafeOffer(told, { ended: oneLine(String(error)) })
        )
      let version = from
      while (true) {
        const next = yield* Effect.timeoutOption(Queue.take(told), silence)
        if (next._tag === "None") {
          return yield* new WatchBroken({ detail: `nothing was heard for ${Duration.format(silence)}` })
        }
        if ("ended" in next.value) {
          if (next.value.ended === undefined) return version
          return yield* new WatchBroken({ detail: next.value.ended })
        }
        const { kind, object } = next.value
        if (kind === "ERROR") return yield* new WatchBroken({ detail: oneLine(String(property(object, "message"))) })
        if (kind === "ADDED" || kind === "MODIFIED") take("changed", object)
        if (kind === "DELETED") take("deleted", object)
        version = versionOf(object) ?? version
      }
    })
  )
