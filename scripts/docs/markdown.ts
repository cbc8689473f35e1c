/** A cell must not end its table; what stands in code is shown as it is. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ")

export const table = (heads: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [heads, heads.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n")

export const code = (text: string): string => `\`${text}\``

/** Sentences that may lack their full stop, in a row. */
export const sentences = (...texts: ReadonlyArray<string | undefined>): string =>
  texts.flatMap((text) => (text === undefined || text === "" ? [] : [text.replace(/\.$/, "")])).join(". ")

/** A text for a terminal, with its options set as code. */
export const plain = (text: string): string =>
  text.replace(
    /(?<![`\w])(-v[ =]\d|--?[a-z][\w-]*|\[Global[^\]]*\]|\S+\/\S+|CSI_ENDPOINT|KUBECONFIG)(?![`\w])/g,
    (option) => {
      const [, body = option, end = ""] = /^(.*?)([.,;]?)$/.exec(option) ?? []
      return `${code(body)}${end}`
    }
  )
