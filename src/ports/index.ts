/**
 * What the domain needs from outside. Provide your own layer of any of them.
 *
 * @module effect-cinder-csi/ports
 */
export * from "./Cinder.ts"
export * from "./Claims.ts"
export * from "./CloudInventory.ts"
export * from "./CloudWatch.ts"
export * from "./HostMounter.ts"
export * from "./InstanceMetadata.ts"
export * from "./Nova.ts"
export * from "./ServerPower.ts"
export * from "./Telemetry.ts"
