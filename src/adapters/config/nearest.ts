/** Number of single-character edits between two words. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, right] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (left === right ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** The known word that a misspelt one most likely means, or undefined when none is close enough to be worth a hint. */
export const nearest = (word: string, known: ReadonlyArray<string>): string | undefined => {
  if (word.length < 3 || word.length > 60) return undefined
  const given = word.toLowerCase()
  const byDistance = known
    .map((candidate) => ({ candidate, edits: distance(given, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0]
  if (byDistance !== undefined && byDistance.edits <= Math.max(1, Math.floor(given.length / 3)))
    return byDistance.candidate
  return known.find((candidate) => candidate.toLowerCase().endsWith(`-${given}`))
}
