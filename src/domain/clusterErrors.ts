import { Data } from "effect"

/** Kubernetes refused or did not answer. `detail` is one line without secrets. */
export class ClusterFailure extends Data.TaggedError("ClusterFailure")<{
  /** What was tried, to follow "could not", such as "taint node-1". */
  readonly operation: string
  readonly detail: string
}> {
  override get message() {
    return `could not ${this.operation}: ${this.detail}`
  }
}

/** Kubernetes does not let us see something. */
export class ClusterDenied extends Data.TaggedError("ClusterDenied")<{
  /** What a role has to allow. */
  readonly rule: ClusterRule
  readonly detail: string
}> {
  override get message() {
    const operation = `${this.rule.verb} ${this.rule.resource}`
    return `could not ${operation}: ${this.detail}; let the user or service account ${operation}`
  }
}

/** A rule of a role (https://kubernetes.io/docs/reference/access-authn-authz/rbac/). */
export interface ClusterRule {
  readonly verb: "get" | "list"
  readonly resource: string
  /** Empty for the core group. */
  readonly group: string
}

/** Somebody changed the node after it was looked at; nothing was done. */
export class NodeChanged extends Data.TaggedError("NodeChanged")<{ readonly name: string }> {
  override get message() {
    return `node ${this.name} was changed meanwhile`
  }
}

export class NodeNotFound extends Data.TaggedError("NodeNotFound")<{ readonly name: string }> {
  override get message() {
    return `Kubernetes has no node ${this.name}`
  }
}
