/** Where a walk over several clouds goes on. */
export interface PlaceInClouds {
  /** Of the cloud's name. */
  readonly digest: string
  /** That cloud's own page token; empty at its start. */
  readonly token: string
}

/**
 * Stands for a cloud's name in a token, which may have 128 bytes where a name may have any number. FNV-1a of 128 bits
 * (https://datatracker.ietf.org/doc/draft-eastlake-fnv/): who names clouds gains nothing by two of one digest.
 */
export const digestOf = (name: string): string => {
  let hash = 0x6c62272e07bb014262b821756295c58dn
  for (let index = 0; index < name.length; index += 1) {
    hash = BigInt.asUintN(128, (hash ^ BigInt(name.charCodeAt(index))) * 0x1000000000000000000013bn)
  }
  return hash.toString(36)
}

const shape = /^c2\.([0-9a-z]{1,25})\.(.*)$/s

export const tokenOfPlace = ({ digest, token }: PlaceInClouds): string => `c2.${digest}.${token}`

/** The place that a token leads to; undefined if the token is none of ours. */
export const placeOfToken = (text: string): PlaceInClouds | undefined => {
  const [, digest, token] = shape.exec(text) ?? []
  return digest === undefined || token === undefined ? undefined : { digest, token }
}
