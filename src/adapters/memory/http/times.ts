const wholeSeconds = (millis: number): string => new Date(Math.floor(millis / 1000) * 1000).toISOString().slice(0, 19)

/** Cinder and Nova's actions: UTC without a zone letter, in whole seconds as MariaDB keeps them. */
export const storedTime = (millis: number): string => `${wholeSeconds(millis)}.000000`

/** The same before the database has rounded it, as the answer of a create shows it. */
export const freshTime = (millis: number): string => `${new Date(millis).toISOString().slice(0, 23)}000`

/** Keystone's tokens. */
export const tokenTime = (millis: number): string => `${wholeSeconds(millis)}.000000Z`

/** Nova's servers. */
export const serverTime = (millis: number): string => `${wholeSeconds(millis)}Z`
