import { assert, describe, it } from "@effect/vitest"
import { Either, Redacted } from "effect"
import { proxyFor, readProxies } from "../../../src/adapters/openstack/proxies.ts"

type Environment = Readonly<Record<string, string>>

const described = (env: Environment, url: string): string => {
  const { protocol, hostname, port } = new URL(url)
  const secure = protocol === "https:"
  const target = { secure, host: hostname.replace(/[[\]]/g, ""), port: Number(port || (secure ? 443 : 80)) }
  const proxy = proxyFor(Either.getOrThrow(readProxies(env)), target)
  if (proxy === undefined) return "direct"
  const authorization = proxy.authorization === undefined ? "" : ` ${Redacted.value(proxy.authorization)}`
  return `${proxy.variable} ${proxy.secure ? "https" : "http"} ${proxy.host} ${proxy.port}${authorization}`
}

const refusalOf = (env: Environment) =>
  Either.match(readProxies(env), { onLeft: (problem) => problem, onRight: () => "accepted" })

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`

describe("proxies of the environment", () => {
  const chosen: ReadonlyArray<readonly [string, Environment, string, string]> = [
    ["none", {}, "https://a.example", "direct"],
    ["an empty variable", { HTTPS_PROXY: "" }, "https://a.example", "direct"],
    ["https", { HTTPS_PROXY: "http://p:3128" }, "https://a.example", "HTTPS_PROXY http p 3128"],
    ["https alone", { HTTPS_PROXY: "http://p:3128" }, "http://a.example", "direct"],
    ["http", { HTTP_PROXY: "http://p:3128/" }, "http://a.example", "HTTP_PROXY http p 3128"],
    ["http alone", { HTTP_PROXY: "http://p:3128" }, "https://a.example", "direct"],
    ["lower case", { https_proxy: "http://p:3128" }, "https://a.example", "https_proxy http p 3128"],
    ["both cases", { HTTPS_PROXY: "http://P:1", https_proxy: "q:2" }, "https://a.example", "HTTPS_PROXY http p 1"],
    ["an empty upper case", { HTTPS_PROXY: "", https_proxy: "q:2" }, "https://a.example", "https_proxy http q 2"],
    ["no scheme", { HTTPS_PROXY: "p.example:3128" }, "https://a.example", "HTTPS_PROXY http p.example 3128"],
    ["no scheme and no port", { HTTPS_PROXY: "p.example" }, "https://a.example", "HTTPS_PROXY http p.example 80"],
    ["a secure proxy", { HTTPS_PROXY: "https://p" }, "https://a.example", "HTTPS_PROXY https p 443"],
    ["an IPv6 proxy", { HTTPS_PROXY: "http://[fd00::1]:8" }, "https://a.example", "HTTPS_PROXY http fd00::1 8"],
    [
      "a user and a password",
      { HTTPS_PROXY: "http://u:p%40s%3As@p:1" },
      "https://a.example",
      `HTTPS_PROXY http p 1 ${basic("u:p@s:s")}`
    ],
    ["a user without scheme", { HTTPS_PROXY: "u:s@p:1" }, "https://a.example", `HTTPS_PROXY http p 1 ${basic("u:s")}`],
    ["a user alone", { HTTPS_PROXY: "http://u@p:1" }, "https://a.example", `HTTPS_PROXY http p 1 ${basic("u:")}`]
  ]
  it.each(chosen)("serve a request: %s", (_, env, url, expected) => assert.strictEqual(described(env, url), expected))

  it.each(["localhost", "127.0.0.1", "127.9.8.7", "[::1]"])("never serve %s", (host) =>
    assert.strictEqual(described({ HTTPS_PROXY: "http://p:1" }, `https://${host}:5000`), "direct")
  )

  const exempt: ReadonlyArray<readonly [string, string, boolean]> = [
    ["*", "https://a.example", true],
    ["x.example, *", "https://a.example", true],
    ["a.example", "https://a.example", true],
    ["A.Example", "https://a.example:5000", true],
    ["a.example", "https://b.a.example", true],
    ["a.example", "https://ba.example", false],
    [".example", "https://a.example", true],
    [".a.example", "https://a.example", false],
    ["*.a.example", "https://a.example", false],
    ["*.a.example", "https://b.a.example", true],
    ["a.example:5000", "https://a.example:5000", true],
    ["a.example:5000", "https://a.example:8776", false],
    ["a.example:443", "https://a.example", true],
    ["x.example, a.example ,y.example", "https://a.example", true],
    ["bücher.example", "https://bücher.example", true],
    ["10.0.0.1", "https://10.0.0.1:5000", true],
    ["10.0.0.1", "https://10.0.0.11", false],
    ["10.0.0.1:5000", "https://10.0.0.1:5000", true],
    ["10.0.0.1:5000", "https://10.0.0.1:8776", false],
    ["10.0.0.0/8", "https://10.200.3.4:5000", true],
    ["10.0.0.0/8", "https://11.0.0.1", false],
    ["10.0.0.0/8", "https://10.example", false],
    ["10.0.0.0/99", "https://10.0.0.1", false],
    ["fd00::/8", "https://[fd12::1]:5000", true],
    ["fd12::1", "https://[fd12:0::1]", true],
    ["[fd12::1]:5000", "https://[fd12::1]:5000", true],
    ["[fd12::1]:5000", "https://[fd12::1]:8776", false],
    [":5000", "https://a.example:5000", false],
    [",,", "https://a.example", false]
  ]
  it.each(exempt)("NO_PROXY=%s with %s: %s", (list, url, direct) => {
    assert.strictEqual(described({ HTTPS_PROXY: "p:1", NO_PROXY: list }, url) === "direct", direct)
    assert.strictEqual(described({ HTTPS_PROXY: "p:1", no_proxy: list }, url) === "direct", direct)
  })

  const refused: ReadonlyArray<readonly [Environment, string]> = [
    [{ HTTPS_PROXY: "http://user:sesame@:1" }, "HTTPS_PROXY: is not the URL of a proxy"],
    [{ https_proxy: "user:sesame@p:port" }, "https_proxy: is not the URL of a proxy"],
    [{ HTTP_PROXY: "http://user:ses/ame@p:1" }, "HTTP_PROXY: is not the URL of a proxy"],
    [{ HTTP_PROXY: "http://user:12#sesame@p:1" }, "HTTP_PROXY: has more than a host and a port"],
    [{ HTTP_PROXY: "http://p:1/sesame" }, "HTTP_PROXY: has more than a host and a port"],
    [{ HTTP_PROXY: "http://user:%sesame@p:1" }, "HTTP_PROXY: is not the URL of a proxy"],
    [{ HTTPS_PROXY: "socks5://user:sesame@p:1080" }, "HTTPS_PROXY: socks5 proxies are not supported"]
  ]
  it.each(refused)("refuses %j without its password", (env, problem) => {
    const refusal = refusalOf(env)
    assert.isTrue(refusal.startsWith(`${problem}; write http://host:port`), refusal)
    assert.notInclude(refusal, "sesame")
    assert.notInclude(refusal, "ame@")
  })
})
