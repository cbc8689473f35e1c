/**
 * CSI over gRPC: the driver's server over any services, and a client for any driver.
 *
 * @module effect-cinder-csi/grpc
 */
export {
  type CallOptions,
  type CsiClient,
  makeCsiClient,
  RpcFailure,
  VolumeCapability_AccessMode_Mode,
  VolumeUsage_Unit
} from "./client.ts"
export { type DriverOptions, serveDriver } from "./driver.ts"
export { type Served, type ServeEndpoint, ServeFailure } from "./server.ts"
