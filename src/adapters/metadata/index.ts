/**
 * Who this machine is in OpenStack, told by its config drive, its metadata service or cloud-init.
 *
 * @module effect-cinder-csi/metadata
 */
export { layerInstanceMetadata, type MetadataOptions, type MetadataSource } from "./InstanceMetadata.ts"
