/**
 * Scheduling priorities of Effect, the lowest number first.
 * - `usual`: whatever says nothing, such as a Probe
 * - `patient`: a change, of which there may be hundreds at a time
 */
export const urgency = { usual: 0, patient: 1 } as const
