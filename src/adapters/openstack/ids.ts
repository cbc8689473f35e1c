/** The longest id that a column of Cinder or Nova could hold (36 characters, with room for whatever may come). */
const longestId = 255

const cannotBeSegment = /[\p{Cc}\p{Surrogate}/\\]/u

/**
 * An id as one segment of a path; undefined for a text that can be none, so that nothing named by it exists. Handles come
 * from outside: they must not be able to lead a request to another path.
 */
export const pathSegment = (id: string): string | undefined => {
  if (id === "" || id === "." || id === ".." || id.length > longestId || cannotBeSegment.test(id)) return undefined
  return encodeURIComponent(id)
}
