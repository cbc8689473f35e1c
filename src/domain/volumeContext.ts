/** Volume-context key, `true` for volumes made from a snapshot, volume or backup: their file system may be too small. */
export const resizeRequiredKey = "cinder.csi.openstack.org/resizeRequired"

/** Set by kubelet for volumes that live with their pod (https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/). */
export const ephemeralKey = "csi.storage.k8s.io/ephemeral"

export const isSet = (context: Readonly<Record<string, string>>, key: string): boolean =>
  context[key]?.toLowerCase() === "true"
