import type { Reply, Seen } from "../ScriptedServer.ts"

export interface Route {
  readonly method: string
  readonly path: RegExp
  readonly answer: (groups: ReadonlyArray<string>, request: Seen) => Reply
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export const statusBody = (code: number, reason: string, message: string) => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message,
  reason,
  code
})

export const refusal = (code: number, reason: string, message: string): Reply => ({
  status: code,
  body: statusBody(code, reason, message)
})

export const forbidden = (verb: string, resource: string): Reply =>
  refusal(403, "Forbidden", `${resource} is forbidden: User "jane" cannot ${verb} resource "${resource}"`)

/** What one object is answered with. */
export const objectOr404 = (body: unknown, resource: string, name: string): Reply =>
  body === undefined ? refusal(404, "NotFound", `${resource} "${name}" not found`) : { status: 200, body }

interface ListKind {
  readonly kind: string
  readonly apiVersion: string
  readonly version: string
}

/** Two objects a page at most, so that no test passes that reads the first one alone. */
export const listPage = (
  { kind, apiVersion, version }: ListKind,
  all: ReadonlyArray<unknown>,
  { query }: Seen
): Reply => {
  const start = Number(query.get("continue") ?? 0)
  const end = start + Math.min(Number(query.get("limit") ?? all.length), 2)
  const metadata = { resourceVersion: version, ...(end < all.length ? { continue: `${end}` } : {}) }
  return { status: 200, body: { kind, apiVersion, metadata, items: all.slice(start, end) } }
}
