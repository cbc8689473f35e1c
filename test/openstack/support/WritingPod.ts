import { Effect } from "effect"
import type { CsiClient } from "../../../src/adapters/csi/client.ts"
import type { LabNode } from "./LabNode.ts"
import { type InUse, type MadeVolume, use } from "./Pod.ts"
import type { Ledger, Writer } from "./Writer.ts"

/** A pod with one volume, which it writes to all the time. */
export interface WritingPod {
  readonly place: InUse
  readonly writer: Writer
  /** As kubelet and the attacher take it away: its program ends before its volume goes. */
  readonly remove: Effect.Effect<void, unknown>
}

/** Ends when the pod has written something. */
export const startPod = (controller: CsiClient, node: LabNode, volume: MadeVolume, ledger: Ledger) =>
  Effect.gen(function* () {
    const place = yield* use(controller, node, volume)
    const writer = yield* ledger.start(node, place.target)
    yield* writer.progress()
    const remove = Effect.all([writer.stop, place.unmount, place.detach], { discard: true })
    return { place, writer, remove } satisfies WritingPod
  })
