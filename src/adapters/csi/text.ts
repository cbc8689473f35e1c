const controlCharacters = /\p{Cc}+/gu

/** Text as one well-formed line of at most `longest` bytes of UTF-8. */
export const oneLine = (text: string, longest: number): string => {
  const bytes = Buffer.from(text.replace(controlCharacters, " ").trim(), "utf8")
  if (bytes.length <= longest) return bytes.toString("utf8")
  const kept = bytes.subarray(0, longest - 3).toString("utf8")
  return `${kept.replace(/\uFFFD+$/u, "")}...`
}
