import { createHash } from "node:crypto"
import { Effect } from "effect"
import type { ClusterNode } from "../../domain/ClusterNode.ts"
import type { NodeEvent } from "../../ports/ClusterNodes.ts"
import { asking, type RequestFailure } from "./clusterClient.ts"
import type { CoreV1Api } from "./library.ts"

/** Where events of objects without a namespace belong. */
const namespace = "default"
const component = "cinder-csi-failover-assistant"

/** The same words about the same node are the same event. */
const nameOf = ({ name, uid }: ClusterNode, { reason, note }: NodeEvent): string =>
  `${name}.${createHash("sha256").update(`${uid} ${reason} ${note}`).digest("hex").slice(0, 16)}`

/** https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
export const makeReport = (core: CoreV1Api) => {
  const create = (node: ClusterNode, event: NodeEvent, now: Date) =>
    asking(() =>
      core.createNamespacedEvent({
        namespace,
        body: {
          metadata: { name: nameOf(node, event), namespace },
          involvedObject: { apiVersion: "v1", kind: "Node", name: node.name, uid: node.uid },
          type: event.type,
          reason: event.reason,
          message: event.note,
          source: { component },
          reportingComponent: component,
          reportingInstance: component,
          firstTimestamp: now,
          lastTimestamp: now,
          count: 1
        }
      })
    )

  const countOnce = (node: ClusterNode, event: NodeEvent, now: Date) => {
    const which = { namespace, name: nameOf(node, event) }
    return Effect.flatMap(
      asking(() => core.readNamespacedEvent(which)),
      ({ count = 1 }) =>
        asking(() =>
          core.patchNamespacedEvent({ ...which, body: { count: count + 1, lastTimestamp: now.toISOString() } })
        )
    )
  }

  /** Kubernetes forgets events after an hour, so that one which was there may be gone a moment later: the next one is new. */
  return (node: ClusterNode, event: NodeEvent): Effect.Effect<void, RequestFailure> =>
    Effect.clockWith((clock) => {
      const now = new Date(clock.unsafeCurrentTimeMillis())
      return create(node, event, now).pipe(
        Effect.catchIf(
          ({ status }) => status === 409,
          () => countOnce(node, event, now)
        ),
        Effect.asVoid
      )
    })
}
