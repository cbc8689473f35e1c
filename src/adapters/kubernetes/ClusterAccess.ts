import { Data, type Redacted } from "effect"

/** PEM texts; what is undefined is left to Node's defaults. */
export interface TlsMaterial {
  /** Takes the place of the well-known authorities. */
  readonly ca: string | undefined
  /** Certificate and key of the client come together. */
  readonly cert: string | undefined
  readonly key: Redacted.Redacted | undefined
  readonly insecure: boolean
}

export type Credentials =
  | { readonly _tag: "none" }
  | { readonly _tag: "token"; readonly token: Redacted.Redacted }
  | { readonly _tag: "password"; readonly username: string; readonly password: Redacted.Redacted }

/** Where the Kubernetes API is and as whom to ask it. */
export interface ClusterAccess {
  /** Without a slash at its end. */
  readonly server: string
  readonly tls: TlsMaterial
  readonly credentials: Credentials
}

/** The configuration does not say how to ask Kubernetes; `problem` names the file and holds no secret. */
export class AccessProblem extends Data.TaggedError("AccessProblem")<{ readonly problem: string }> {
  override get message() {
    return this.problem
  }
}
