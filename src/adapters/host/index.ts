/**
 * The port of the host on Linux.
 *
 * @module effect-cinder-csi/host
 */
export { layerHostLinux } from "./HostMounterLinux.ts"
export type { HostLimits, HostOptions, IdentitySource } from "./HostOptions.ts"
