/** Where a walk over several clouds goes on. */
export interface PlaceInClouds {
  readonly cloud: string
  /** That cloud's own page token; empty at its start. */
  readonly token: string
}

const shape = /^c1\.(\d{1,4})\.(.*)$/s

/** The name's length stands in front, since neither a name nor a cloud's token shuns any character. */
export const tokenOfPlace = ({ cloud, token }: PlaceInClouds): string => `c1.${cloud.length}.${cloud}${token}`

/** The place that a token leads to; undefined if the token is none of ours. */
export const placeOfToken = (text: string): PlaceInClouds | undefined => {
  const [, length, rest] = shape.exec(text) ?? []
  if (length === undefined || rest === undefined || rest.length < Number(length)) return undefined
  return { cloud: rest.slice(0, Number(length)), token: rest.slice(Number(length)) }
}
