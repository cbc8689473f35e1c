/** A PersistentVolumeClaim of Kubernetes (https://kubernetes.io/docs/concepts/storage/persistent-volumes/). */
export interface ClaimRef {
  readonly namespace: string
  readonly name: string
}
