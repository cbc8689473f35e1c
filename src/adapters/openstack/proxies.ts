import { BlockList, isIP } from "node:net"
import { domainToASCII } from "node:url"
import { Either, Redacted } from "effect"

/** An HTTP proxy, as a variable of the environment names it. */
export interface HttpProxy {
  readonly variable: string
  /** Spoken to over TLS itself. */
  readonly secure: boolean
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** Value of `Proxy-Authorization`. */
  readonly authorization: Redacted.Redacted | undefined
}

/** Where a request goes. */
export interface Target {
  readonly secure: boolean
  /** In lower case, without brackets. */
  readonly host: string
  readonly port: number
}

/** The proxies that the environment names. */
export interface Proxies {
  readonly http: HttpProxy | undefined
  readonly https: HttpProxy | undefined
  /** Whether NO_PROXY lets the target be reached directly. */
  readonly exempts: (target: Target) => boolean
}

export const noProxies: Proxies = { http: undefined, https: undefined, exempts: () => false }

type Environment = Readonly<Record<string, string | undefined>>

const firstSet = (env: Environment, ...variables: ReadonlyArray<string>) => {
  for (const variable of variables) {
    const value = env[variable]
    if (value !== undefined && value !== "") return { variable, value }
  }
  return undefined
}

const accepted =
  "write http://host:port, or http://user:password@host:port with special characters of both percent-encoded"

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** As URLs write an IPv6 address and sockets do not. */
export const withoutBrackets = (host: string) => host.replace(/^\[(.*)\]$/, "$1")

const readProxy = (set: ReturnType<typeof firstSet>): Either.Either<HttpProxy | undefined, string> => {
  if (set === undefined) return Either.right(undefined)
  const { variable, value } = set
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const username = decoded(url?.username ?? "")
  const password = decoded(url?.password ?? "")
  if (url === undefined || username === undefined || password === undefined) {
    return Either.left(`${variable}: is not the URL of a proxy; ${accepted}`)
  }
  const secure = url.protocol === "https:"
  if (url.protocol !== "http:" && !secure) {
    return Either.left(`${variable}: ${url.protocol.slice(0, -1)} proxies are not supported; ${accepted}`)
  }
  // More behind the host is most likely the rest of a password with a slash, question mark or number sign in it.
  if (!/^\/?$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    return Either.left(`${variable}: has more than a host and a port; ${accepted}`)
  }
  const credentials = Buffer.from(`${username}:${password}`).toString("base64")
  return Either.right({
    variable,
    secure,
    host: withoutBrackets(url.hostname),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    authorization: url.username === "" && url.password === "" ? undefined : Redacted.make(`Basic ${credentials}`)
  })
}

type Exemption = (target: Target) => boolean

const familyOf = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4")

/** With a prefix a range, without one a single address. */
const addressExemption = (address: string, prefix: number | undefined, port: string): Exemption => {
  const list = new BlockList()
  if (prefix === undefined) list.addAddress(address, familyOf(address))
  else list.addSubnet(address, prefix, familyOf(address))
  return (target) =>
    isIP(target.host) !== 0 &&
    list.check(target.host, familyOf(target.host)) &&
    (port === "" || Number(port) === target.port)
}

const nameExemption = (name: string, port: string): Exemption => {
  const pattern = name.startsWith("*.") ? name.slice(1) : name
  const ascii = domainToASCII(pattern.replace(/^\./, "")) || pattern.replace(/^\./, "")
  const itself = !pattern.startsWith(".")
  return ({ host, port: targetPort }) =>
    ((itself && host === ascii) || host.endsWith(`.${ascii}`)) && (port === "" || Number(port) === targetPort)
}

/** One entry of NO_PROXY; undefined if it can match nothing. */
const readExemption = (entry: string): Exemption | undefined => {
  if (entry === "*") return () => true
  const range = /^(.+)\/(\d{1,3})$/.exec(entry)
  const network = range?.[1] ?? ""
  const prefix = Number(range?.[2])
  if (isIP(network) !== 0) {
    return prefix <= (isIP(network) === 6 ? 128 : 32) ? addressExemption(network, prefix, "") : undefined
  }
  const [, bracketed, plain, port = ""] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? []
  const host = bracketed ?? plain ?? entry
  if (isIP(host) !== 0) return addressExemption(host, undefined, port)
  return host === "" || host.includes(":") ? undefined : nameExemption(host, port)
}

const readExemptions = (text: string): Exemption => {
  const entries = text.split(",").map((entry) => entry.trim().toLowerCase())
  const exemptions = entries.flatMap((entry) => readExemption(entry) ?? [])
  return (target) => exemptions.some((exempts) => exempts(target))
}

/**
 * The proxies that the environment asks for, read as Go programs do (https://pkg.go.dev/golang.org/x/net/http/httpproxy):
 * upper case wins over lower case, and an entry of NO_PROXY that can match nothing is passed over. Fails with a sentence
 * that names the variable and never repeats its value, which may hold a password.
 */
export const readProxies = (env: Environment): Either.Either<Proxies, string> =>
  Either.gen(function* () {
    const http = yield* readProxy(firstSet(env, "HTTP_PROXY", "http_proxy"))
    const https = yield* readProxy(firstSet(env, "HTTPS_PROXY", "https_proxy"))
    if (http === undefined && https === undefined) return noProxies
    return { http, https, exempts: readExemptions(firstSet(env, "NO_PROXY", "no_proxy")?.value ?? "") }
  })

const loopback = new BlockList()
loopback.addSubnet("127.0.0.0", 8)
loopback.addAddress("::1", "ipv6")

const isLocal = (host: string) => host === "localhost" || (isIP(host) !== 0 && loopback.check(host, familyOf(host)))

/** The proxy for a request, or undefined where it goes straight. This machine itself is never behind a proxy. */
export const proxyFor = (proxies: Proxies, target: Target): HttpProxy | undefined => {
  const proxy = target.secure ? proxies.https : proxies.http
  return proxy === undefined || isLocal(target.host) || proxies.exempts(target) ? undefined : proxy
}

/** Host and port as URLs and the Host header write them. */
export const authorityOf = ({ host, port }: { readonly host: string; readonly port: number }) =>
  `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
