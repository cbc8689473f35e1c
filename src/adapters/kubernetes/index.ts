/**
 * Claims of Kubernetes, whose annotations give hints to Cinder's scheduler.
 *
 * @module effect-cinder-csi/kubernetes
 */
export { layerClaimsKubernetes } from "./ClaimsKubernetes.ts"
export { AccessProblem, type TlsMaterial } from "./ClusterAccess.ts"
export type { KubernetesOptions } from "./KubernetesHttp.ts"
export type { AccessOptions } from "./readAccess.ts"
