/** Volume-context key, `true` for volumes made from a snapshot, volume or backup: their file system may be too small. */
export const resizeRequiredKey = "cinder.csi.openstack.org/resizeRequired"

/**
 * Volume-context key, `true` for volumes that this driver made from nothing: what their file system is called is known.
 * Absent from volumes that the Go driver made.
 */
export const createdEmptyKey = "cinder.csi.openstack.org/createdEmpty"

/** Set by kubelet for volumes that live with their pod (https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/). */
export const ephemeralKey = "csi.storage.k8s.io/ephemeral"

export const isSet = (context: Readonly<Record<string, string>>, key: string): boolean =>
  context[key]?.toLowerCase() === "true"
