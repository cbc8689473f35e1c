import { Encoding } from "effect"

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const names = {
  name: { pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, kind: "of lower-case letters, digits, dots and dashes" },
  namespace: { pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, kind: "of lower-case letters, digits and dashes" }
} as const

export const nameProblem = (what: keyof typeof names, text: string): string | undefined =>
  names[what].pattern.test(text) ? undefined : `--${what} takes a name ${names[what].kind}, not ${JSON.stringify(text)}`

/** https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data */
export const keyProblem = (key: string): string | undefined =>
  /^[-._a-zA-Z0-9]{1,253}$/.test(key) && !/^\.\.?$|^\.\./.test(key)
    ? undefined
    : `${JSON.stringify(key)} cannot be a key of a Secret; give another one with --file=NAME=PATH`

/** https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size */
export const mostBytes = 1_048_576

export interface SecretContent {
  readonly name: string
  readonly namespace: string
  /** By key, byte for byte. */
  readonly data: ReadonlyMap<string, Uint8Array>
}

/** Everything that might be read as something else than text stands in quotes. */
export const manifestOf = ({ name, namespace, data }: SecretContent): string =>
  [
    "apiVersion: v1",
    "kind: Secret",
    "metadata:",
    `  name: ${JSON.stringify(name)}`,
    `  namespace: ${JSON.stringify(namespace)}`,
    "type: Opaque",
    "data:",
    ...[...data].map(([key, bytes]) => `  ${JSON.stringify(key)}: ${JSON.stringify(Encoding.encodeBase64(bytes))}`)
  ].join("\n")
