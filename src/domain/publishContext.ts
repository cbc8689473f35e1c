/**
 * Publish-context key with the size in bytes that Cinder shows when the volume is attached, in decimal. A lower bound
 * for the node, which makes no cloud call: a volume may grow while it stays attached and never shrinks.
 */
export const sizeBytesKey = "cinder.csi.openstack.org/sizeBytes"

/** Publish-context key, `true` for volumes that Cinder encrypts: their disk shows noise where nothing was written. */
export const encryptedKey = "cinder.csi.openstack.org/encrypted"

/** How much smaller than its volume a disk may look to the guest, and a file system smaller than its disk. */
export const sizeToleranceBytes = 33_554_432n

/** The lower bound, if the context holds one that can be read. */
export const leastBytesIn = (context: Readonly<Record<string, string>>): bigint | undefined => {
  const text = context[sizeBytesKey]
  return text !== undefined && /^[0-9]{1,19}$/.test(text) ? BigInt(text) : undefined
}
