import { readFileSync } from "node:fs"
import { Effect } from "effect"
import { labFile } from "./labFiles.ts"

/** What the lab knows of the user `csi`, whose project the driver works in. */
export interface LabAccount {
  readonly auth_url: string
  readonly project_id: string
  readonly user_id: string
  readonly domain_id: string
  readonly image_id: string
  readonly flavor_id: string
  readonly larger_flavor_id: string
  readonly application_credential_id: string
  readonly application_credential_secret: string
}

export const labAccount = (): LabAccount => JSON.parse(readFileSync(labFile("lab.json"), "utf8"))

type LabUser = "csi" | "other" | "admin"

/** Of the lab's user by that name, as its entry in the lab's clouds.yaml has it. */
export const passwordOf = (user: LabUser): string => {
  const yaml = readFileSync(labFile("clouds.yaml"), "utf8")
  return new RegExp(`username: ${user}\\n(?: {6}.*\\n)*? {6}password: (.+)\\n`).exec(yaml)?.[1] ?? ""
}

/** A member of a JSON document, as deep as the path leads; undefined where it leads nowhere. */
export const fieldOf = (body: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((value, name) => Reflect.get(Object(value), name), body)

const listIn = (body: unknown, ...path: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const found = fieldOf(body, ...path)
  return Array.isArray(found) ? found : []
}

interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  readonly url: string
  readonly token?: string
  /** Such as `compute 2.53`. */
  readonly version?: string
  readonly body?: unknown
}

/** Asks the lab past the driver; an answer other than 2xx is an error. */
const ask = ({ method, url, token, version, body }: Request) =>
  Effect.tryPromise(async () => {
    const answer = await fetch(url, {
      method,
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { "x-auth-token": token }),
        ...(version === undefined ? {} : { "openstack-api-version": version })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`)
    const json: unknown = text === "" ? {} : JSON.parse(text)
    return { json, token: answer.headers.get("x-subject-token") ?? "" }
  })

const keystone = (path: string) => `${labAccount().auth_url}${path}`

/** The administrator acts in the project of `csi`. */
const logIn = (user: LabUser) =>
  ask({
    method: "POST",
    url: keystone("/auth/tokens"),
    body: {
      auth: {
        identity: {
          methods: ["password"],
          password: {
            user: { name: user, domain: { name: user === "admin" ? "Default" : "lab" }, password: passwordOf(user) }
          }
        },
        scope: { project: { name: user === "admin" ? "csi" : user, domain: { name: "lab" } } }
      }
    }
  })

const endpointIn = (catalog: unknown, types: ReadonlyArray<string>): string => {
  const endpoint = listIn(catalog, "token", "catalog")
    .filter((entry) => types.includes(String(fieldOf(entry, "type"))))
    .flatMap((entry) => listIn(entry, "endpoints"))
    .find((one) => fieldOf(one, "interface") === "public")
  return String(fieldOf(endpoint, "url")).replace(/\/$/, "")
}

const cinder = (request: Omit<Request, "url" | "token"> & { readonly path: string }) =>
  Effect.gen(function* () {
    const { project_id } = labAccount()
    const { json, token } = yield* logIn("csi")
    const root = endpointIn(json, ["block-storage", "volumev3"])
    const url = root.includes(project_id) ? root : `${root}/${project_id}`
    return (yield* ask({ ...request, url: `${url}${request.path}`, token })).json
  })

/** Cinder's own words about an object of the project. */
export const askCinder = (path: string) => cinder({ method: "GET", path })

/** What a member of the project may do about an attachment that Nova does not know any more. */
export const removeAttachment = (id: string) =>
  cinder({ method: "DELETE", path: `/attachments/${id}`, version: "volume 3.27" })

/** Nova's answer to a member of the project or to the administrator. */
export const askNova = (
  request: Pick<Request, "method" | "body"> & { readonly path: string; readonly by?: "csi" | "admin" }
) =>
  Effect.gen(function* () {
    const { json, token } = yield* logIn(request.by ?? "csi")
    const url = `${endpointIn(json, ["compute"])}${request.path}`
    return (yield* ask({ ...request, url, token, version: "compute 2.53" })).json
  })

/** Another application credential of `csi`. Removing it ends every token that was got with it. */
export const makeApplicationCredential = (name: string) =>
  Effect.gen(function* () {
    const { token } = yield* logIn("csi")
    const collection = keystone(`/users/${labAccount().user_id}/application_credentials`)
    const body = { application_credential: { name, roles: [{ name: "member" }] } }
    const made = yield* ask({ method: "POST", url: collection, token, body })
    const id = String(fieldOf(made.json, "application_credential", "id"))
    const secret = String(fieldOf(made.json, "application_credential", "secret"))
    return { id, secret, remove: ask({ method: "DELETE", url: `${collection}/${id}`, token }) }
  })

/** Lets the user `other` act as `csi`; gone with the Scope. */
export const trustOther = Effect.gen(function* () {
  const { project_id, user_id } = labAccount()
  const trustee = String(fieldOf((yield* logIn("other")).json, "token", "user", "id"))
  const { token } = yield* logIn("csi")
  const trust = {
    trustor_user_id: user_id,
    trustee_user_id: trustee,
    project_id,
    impersonation: true,
    roles: [{ name: "member" }]
  }
  const made = yield* Effect.acquireRelease(
    ask({ method: "POST", url: keystone("/OS-TRUST/trusts"), token, body: { trust } }),
    ({ json }) =>
      Effect.ignore(ask({ method: "DELETE", url: keystone(`/OS-TRUST/trusts/${fieldOf(json, "trust", "id")}`), token }))
  )
  return { id: String(fieldOf(made.json, "trust", "id")), trustee }
})
