/**
 * Scheduling priorities of Effect, the lowest number first.
 * - `atOnce`: steps that must not be parted by a turn of the event loop
 * - `usual`: whatever says nothing, such as a Probe
 * - `patient`: a change, of which there may be hundreds at a time
 */
export const urgency = { atOnce: -1, usual: 0, patient: 1 } as const
