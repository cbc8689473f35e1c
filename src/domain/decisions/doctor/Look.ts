import type { ClusterRule } from "../../clusterErrors.ts"
import { type Finding, type Subject, skipped } from "./Finding.ts"

/** What came of looking at one thing. */
export type Look<A> =
  | { readonly _tag: "Seen"; readonly value: A }
  /** Whoever was asked says that it is not there. */
  | { readonly _tag: "Absent" }
  /** Nobody said; `remedy` where somebody can change it. */
  | { readonly _tag: "Unseen"; readonly why: string; readonly remedy: string | undefined }

export const seen = <A>(value: A): Look<A> => ({ _tag: "Seen", value })
export const absent: Look<never> = { _tag: "Absent" }
export const unseen = (why: string, remedy?: string): Look<never> => ({ _tag: "Unseen", why, remedy })

export const valueIn = <A>(look: Look<A>): A | undefined => (look._tag === "Seen" ? look.value : undefined)

/** The rule that a role lacks, in the words of its manifest. */
export const ruleText = ({ group, resource, verb }: ClusterRule): string =>
  `let the user or service account do it: apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]`

/** What was not looked at is no link that is broken: the walk goes on without it. */
export const notSeen = (
  about: Subject,
  { why, remedy }: Extract<Look<never>, { readonly _tag: "Unseen" }>
): Finding => ({
  ...skipped(about, why),
  remedy
})
