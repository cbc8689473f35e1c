import { Either } from "effect"

/** Where a server listens. */
export type Endpoint =
  | { readonly _tag: "Unix"; readonly path: string }
  | { readonly _tag: "Tcp"; readonly address: Address }

/** An undefined host means every address of the machine. */
export interface Address {
  readonly host: string | undefined
  readonly port: number
}

/** The kernel keeps 108 bytes for the path and its closing NUL: https://man7.org/linux/man-pages/man7/unix.7.html */
const longestSocketPath = 107

/** Reads `host:port`, `[::1]:port` or `:port`; the failure says what is wrong. */
export const parseAddress = (text: string): Either.Either<Address, string> => {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65535) {
    return Either.left(`${JSON.stringify(text)} is not accepted; write host:port or :port, with a port up to 65535`)
  }
  return Either.right({ host: bracketed || plain || undefined, port })
}

const unix = (path: string): Either.Either<Endpoint, string> => {
  const bytes = new TextEncoder().encode(path).length
  return bytes > longestSocketPath
    ? Either.left(`the socket's path is ${bytes} bytes long, and Linux allows ${longestSocketPath}`)
    : Either.right({ _tag: "Unix", path })
}

/**
 * Reads `unix://csi/csi.sock`, which means `/csi/csi.sock` as it does for the Go driver, `unix:///csi/csi.sock`,
 * `unix:/csi/csi.sock`, a bare absolute path, or `tcp://host:port`. The failure says what is wrong.
 */
export const parseEndpoint = (text: string): Either.Either<Endpoint, string> => {
  const [, scheme, rest] = /^(unix|tcp):\/\/(.+)$/i.exec(text) ?? []
  if (scheme?.toLowerCase() === "unix" && rest !== undefined) return unix(rest.replace(/^\/*/, "/"))
  if (scheme !== undefined && rest !== undefined) {
    return Either.map(parseAddress(rest), (address) => ({ _tag: "Tcp", address }))
  }
  const [, path] = /^(?:unix:)?(\/[^/].*)$/i.exec(text) ?? []
  return path === undefined
    ? Either.left(`${JSON.stringify(text)} is not accepted; write unix:///path/to.sock or tcp://host:port`)
    : unix(path)
}
