/**
 * Waiting for the cloud by asking it.
 *
 * @module effect-cinder-csi/waiting
 */
export { layerPolling, type PollingOptions } from "./PollingCloudWatch.ts"
