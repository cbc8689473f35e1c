import { type Duration, Effect, Schedule } from "effect"
import type { ClusterNode } from "../../domain/ClusterNode.ts"
import { asking, RequestFailure } from "./clusterClient.ts"
import { follow } from "./following.ts"
import type { CoreV1Api, KubeConfig } from "./library.ts"

export interface CopyOptions {
  readonly config: KubeConfig
  readonly core: CoreV1Api
  readonly toNode: (object: unknown) => ClusterNode | undefined
  /** Between two tries when Kubernetes does not answer, and between two watches. */
  readonly pause: Duration.Duration
  readonly silence: Duration.Duration
}

/** A thousand nodes with all their images are about 20 MB. */
const pageSize = 250

const noList = new RequestFailure({ status: undefined, detail: "the answer of Kubernetes is no list of nodes" })

/** Whoever follows must not end unnoticed: the copy would stay as it is for good, and look like one of the hour. */
const asFailure = (defect: unknown) =>
  Effect.zipRight(
    Effect.logError("following the nodes failed", defect),
    new RequestFailure({ status: undefined, detail: "following the nodes failed; the log says why" })
  )

/**
 * A copy of all nodes that follows the cluster until the scope closes. `current` waits for the first answer, and
 * fails while Kubernetes gives none.
 */
export const makeNodeCopy = ({ config, core, toNode, pause, silence }: CopyOptions) =>
  Effect.gen(function* () {
    let nodes = new Map<string, ClusterNode>()
    let problem: string | undefined
    const tried = yield* Effect.makeLatch()

    const listAll = Effect.gen(function* () {
      const listed = new Map<string, ClusterNode>()
      let next: string | undefined
      let version = ""
      do {
        const from: string | undefined = next
        const page = yield* asking(() =>
          core.listNode({ limit: pageSize, ...(from === undefined ? {} : { _continue: from }) })
        )
        if (!Array.isArray(page?.items)) return yield* noList
        for (const item of page.items) {
          const node = toNode(item)
          if (node !== undefined) listed.set(node.name, node)
        }
        version = page.metadata?.resourceVersion ?? version
        next = page.metadata?._continue || undefined
      } while (next !== undefined)
      nodes = listed
      problem = undefined
      yield* tried.open
      return version
    })

    const take = (kind: "changed" | "deleted", object: unknown) => {
      const node = toNode(object)
      if (node === undefined) return
      if (kind === "deleted") nodes.delete(node.name)
      else nodes.set(node.name, node)
    }

    /** From one list to the moment when a new one is needed. */
    const once: Effect.Effect<void, RequestFailure> = Effect.gen(function* () {
      let version = yield* listAll
      while (true) {
        const followed = yield* Effect.either(follow({ config, path: "/api/v1/nodes", silence }, version, take))
        // Whatever stands in between may end each watch at once.
        yield* Effect.sleep(pause)
        if (followed._tag === "Left") {
          yield* Effect.logDebug(`watching the nodes: ${followed.left.detail}`)
          // A list shows whether it was the watch alone, and fails aloud where it was not.
          return
        }
        version = followed.right
      }
    })

    yield* once.pipe(
      Effect.catchAllDefect(asFailure),
      Effect.catchAll((error) =>
        Effect.zipRight(
          Effect.suspend(() => {
            problem = error.detail
            return tried.open
          }),
          Effect.sleep(pause)
        )
      ),
      Effect.repeat(Schedule.forever),
      Effect.forkScoped
    )

    return {
      current: Effect.zipRight(
        tried.await,
        Effect.suspend(() => (problem === undefined ? Effect.succeed([...nodes.values()]) : Effect.fail(problem)))
      )
    }
  })
