import { DateTime } from "effect"
import type { Volume } from "../Volume.ts"
import { phaseOf } from "./phases.ts"

/** OpenStack notes the time of every change, so that a state has lasted since then at least. */
export const unchangedSince = ({ updatedAt }: { readonly updatedAt: number | undefined }): string =>
  updatedAt === undefined ? "" : `, unchanged since ${DateTime.formatIso(DateTime.unsafeMake(updatedAt))}`

/**
 * What a volume is waited for in, since when, under which id Nova logged the request for it, where that is known, and who
 * must act where it should have ended long ago.
 */
export const standingOf = (volume: Volume, requestId?: string): string => {
  const phase = phaseOf(volume.status)
  const isNovas = phase === "joining" || phase === "parting"
  const lost = "; if that is minutes ago, Nova has lost it and an administrator of the cloud has to look at it"
  const asked = requestId === undefined ? "" : ` (${requestId})`
  return `${volume.status}${unchangedSince(volume)}${asked}${isNovas ? lost : ""}`
}
