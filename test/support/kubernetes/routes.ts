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
