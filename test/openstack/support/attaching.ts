import { status } from "@grpc/grpc-js"
import { Effect, Schedule } from "effect"
import type { CsiClient } from "../../../src/adapters/csi/client.ts"
import { fieldOf } from "./labCloud.ts"
import type { MadeVolume } from "./Pod.ts"

/** How long external-attacher waits by default. */
const patience = "15 seconds"

type Timeout = `${number} ${"seconds" | "minutes"}`

export const publish = (csi: CsiClient, { id, capability }: MadeVolume, nodeId: string, timeout: Timeout = patience) =>
  csi.controllerPublishVolume({ volumeId: id, nodeId, volumeCapability: capability }, { timeout })

export const unpublish = (csi: CsiClient, { id }: MadeVolume, nodeId: string, timeout: Timeout = patience) =>
  csi.controllerUnpublishVolume({ volumeId: id, nodeId }, { timeout })

/** An answer that left in the middle of a request gives no reason; whoever asks again gets it. */
const givesNoReason = ({ says }: { readonly says: string }) => says.includes("has not ended in time")

/** The code's name and the message of a call that must fail. */
export const refusalOf = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.flip(call).pipe(
    Effect.map((error) => ({
      code: status[Number(fieldOf(error, "code"))] ?? "none",
      says: String(fieldOf(error, "details"))
    })),
    Effect.repeat({ while: givesNoReason, times: 3 })
  )

const pending: ReadonlyArray<string> = ["UNAVAILABLE", "ABORTED", "DEADLINE_EXCEEDED"]

/** As sidecars and kubelet do it: again after every answer that says that it is not done yet. */
export const untilDone = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.retry(call, {
    schedule: Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(60)),
    while: (error) => pending.includes(status[Number(fieldOf(error, "code"))] ?? "none")
  })
