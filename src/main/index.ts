/**
 * The library: the driver's core for other Effect programs, as a whole. Each part has an entry of its own as well; the cloud
 * and host in memory (`effect-cinder-csi/memory`) and Kubernetes (`effect-cinder-csi/kubernetes`) are there alone.
 *
 * @module effect-cinder-csi
 */
export * from "../adapters/csi/index.ts"
export * from "../adapters/host/index.ts"
export * from "../adapters/metadata/index.ts"
export * from "../adapters/openstack/index.ts"
export * from "../adapters/waiting/index.ts"
export * from "../domain/index.ts"
export * from "../ports/index.ts"
