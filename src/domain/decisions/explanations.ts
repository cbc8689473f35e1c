/**
 * Whether a message that Cinder leaves for users says that no backend had room. The sentences are Cinder's own
 * (https://docs.openstack.org/cinder/latest/contributor/user_messages.html) and have changed a little over the years.
 */
export const saysNoRoom = (message: string): boolean =>
  /(?:no|any)\s+(?:available\s+|valid\s+)?(?:weighed\s+|weighted\s+)?(?:backend|host)|no valid (?:backend|host)|not enough space|insufficient (?:free )?(?:space|capacity)/i.test(
    message
  )

export const silence = "Cinder left no message about it"
