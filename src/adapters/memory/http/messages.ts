import type { Json } from "./json.ts"

export const serviceNames = ["identity", "volume", "compute", "metadata"] as const
export type ServiceName = (typeof serviceNames)[number]

export interface HttpRequest {
  readonly method: string
  /** As sent, without the query and without the prefix of the service. */
  readonly path: string
  /** In the order sent, decoded. */
  readonly query: ReadonlyArray<readonly [name: string, value: string]>
  /** Path and query as sent. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Undefined: no body. */
  readonly body: string | undefined
}

export type Headers = Readonly<Record<string, string>>

export const jsonReply = (status: number, body: Json, headers: Headers = {}): Reply => ({
  status,
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(body)
})

export const emptyReply = (status: number, headers: Headers = {}): Reply => ({ status, headers, body: undefined })

export const textReply = (status: number, body: string, contentType = "text/plain; charset=UTF-8"): Reply => ({
  status,
  headers: { "Content-Type": contentType },
  body
})

/** Headers that every answer of a service carries; those the handler chose win. */
export const withHeaders = (reply: Reply, headers: Headers): Reply => ({
  ...reply,
  headers: { ...headers, ...reply.headers }
})

/** The page of a path nobody serves: https://docs.openstack.org/oslo.middleware/ and WebOb wrap it like this. */
export const unroutedReply: Reply = jsonReply(404, {
  message: "The resource could not be found.<br /><br />\n\n\n",
  code: "404 Not Found",
  title: "Not Found"
})

/** Segments of the decoded path: an encoded slash separates like any other, as in front of the real services. */
export const segmentsOf = (path: string): ReadonlyArray<string> => {
  const decoded = path.replace(/(?:%[0-9a-f]{2})+/gi, (escaped) =>
    Buffer.from(escaped.replaceAll("%", ""), "hex").toString("utf8")
  )
  return decoded.split("/").slice(1)
}
