import { Context, Layer } from "effect"
import { type Exclusively, makeOperationLocks } from "./OperationLocks.ts"

/**
 * One lock for each volume of this node, held by everything that changes it: kubelet repeats a call whose first run it
 * no longer waits for, so that two runs of one stage would meet at mkfs. Keyed by volume id.
 */
export class NodeOperations extends Context.Tag("cinder-csi/domain/NodeOperations")<NodeOperations, Exclusively>() {
  static readonly layer = Layer.effect(NodeOperations, makeOperationLocks)
}
