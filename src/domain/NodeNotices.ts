import { Context, type Effect, Layer } from "effect"
import { makeNoticeOnce } from "./noticeOnce.ts"

/**
 * Logs each text once, whichever call of the node comes upon it first: a driver that was restarted publishes for new pods
 * what the one before it has staged.
 */
export class NodeNotices extends Context.Tag("cinder-csi/domain/NodeNotices")<
  NodeNotices,
  (text: string) => Effect.Effect<void>
>() {
  static readonly layer = Layer.effect(NodeNotices, makeNoticeOnce)
}
