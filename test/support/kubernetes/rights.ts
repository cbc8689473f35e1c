import type { Seen } from "../ScriptedServer.ts"

const verbs: Readonly<Record<string, string>> = { POST: "create", PATCH: "patch", PUT: "update", DELETE: "delete" }

/** The right of Kubernetes that a request needs, such as "get nodes". */
const rightFor = ({ method, path, query }: Seen): string => {
  const [, resource = "", name] = /\/(nodes|csinodes|events|volumeattachments)(?:\/(.+))?$/.exec(path) ?? []
  const reading = query.get("watch") === "true" ? "watch" : name === undefined ? "list" : "get"
  return `${verbs[method] ?? reading} ${resource}`
}

/** Without repetitions, in the order of the alphabet. */
export const rightsUsed = (seen: ReadonlyArray<Seen>): ReadonlyArray<string> => [...new Set(seen.map(rightFor))].sort()

interface Rule {
  readonly apiGroups: ReadonlyArray<string>
  readonly resources: ReadonlyArray<string>
  readonly verbs: ReadonlyArray<string>
}

/** What roles of a manifest give, in the same words. */
export const rightsGiven = (roles: ReadonlyArray<{ readonly rules: ReadonlyArray<Rule> }>): ReadonlyArray<string> =>
  roles
    .flatMap(({ rules }) => rules)
    .flatMap(({ verbs, resources }) => verbs.flatMap((verb) => resources.map((resource) => `${verb} ${resource}`)))
    .sort()
