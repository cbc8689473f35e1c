import { Data } from "effect"

/** Where a setting stands: a file, a line of it when one line is meant, and a column where the text breaks the grammar. */
export interface Place {
  readonly file: string
  readonly line: number | undefined
  readonly column?: number
}

/** A setting that the driver cannot work with. Carries no secret: a value is in `problem` only if its key is not one. */
export interface ConfigProblem {
  readonly place: Place | undefined
  /** As written in a file, `[Global "name"]`; undefined when the problem is the file itself. */
  readonly section: string | undefined
  readonly key: string | undefined
  readonly problem: string
}

/** A setting that has no effect, or another one than its writer may expect. */
export type ConfigWarning = ConfigProblem

const placeText = ({ file, line, column }: Place): string =>
  [file, line, column].filter((part) => part !== undefined).join(":")

/** One line that names file, line, section and key. */
export const describeProblem = ({ place, section, key, problem }: ConfigProblem): string => {
  const at = place === undefined ? "" : `${placeText(place)}: `
  const setting = [section, key].filter((part) => part !== undefined).join(" ")
  return key === undefined ? `${at}${setting === "" ? "" : `${setting} `}${problem}` : `${at}${setting}: ${problem}`
}

/** The configuration cannot be used. Its message has one line for each problem. */
export class ConfigError extends Data.TaggedError("ConfigError")<{ readonly problems: ReadonlyArray<ConfigProblem> }> {
  override get message() {
    return this.problems.map(describeProblem).join("\n")
  }
}

/** `[Global]` or `[Global "name"]`, as it is written in a file. */
export const sectionTitle = (section: string, subsection: string): string =>
  subsection === "" ? `[${section}]` : `[${section} ${JSON.stringify(subsection)}]`
