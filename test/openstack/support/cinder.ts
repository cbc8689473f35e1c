import { readFileSync } from "node:fs"
import { Effect } from "effect"
import { labFile } from "./Lab.ts"

/** What the lab knows of the user `csi`, whose project the driver works in. */
export interface LabAccount {
  readonly auth_url: string
  readonly project_id: string
  readonly user_id: string
  readonly domain_id: string
  readonly application_credential_id: string
  readonly application_credential_secret: string
}

export const labAccount = (): LabAccount => JSON.parse(readFileSync(labFile("lab.json"), "utf8"))

/** The passwords of the lab's users, by name. */
export const labPassword = (file = "cloud.conf"): string =>
  /^password\s*=\s*"(.+)"$/m.exec(readFileSync(labFile(file), "utf8"))?.[1] ?? ""

/** A member of a JSON document, as deep as the path leads; undefined where it leads nowhere. */
export const fieldOf = (body: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((value, name) => Reflect.get(Object(value), name), body)

const listIn = (body: unknown, ...path: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const found = fieldOf(body, ...path)
  return Array.isArray(found) ? found : []
}

/** Cinder's own words about an object of the project, asked past the driver. */
export const askCinder = (path: string) =>
  Effect.tryPromise(async (): Promise<unknown> => {
    const { application_credential_id, application_credential_secret, auth_url, project_id } = labAccount()
    const login = await fetch(`${auth_url}/auth/tokens`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ["application_credential"],
            application_credential: { id: application_credential_id, secret: application_credential_secret }
          }
        }
      })
    })
    const endpoint = listIn(await login.json(), "token", "catalog")
      .filter((entry) => ["block-storage", "volumev3"].includes(String(fieldOf(entry, "type"))))
      .flatMap((entry) => listIn(entry, "endpoints"))
      .find((one) => fieldOf(one, "interface") === "public")
    const root = String(fieldOf(endpoint, "url")).replace(/\/$/, "")
    const url = root.includes(project_id) ? root : `${root}/${project_id}`
    const answer = await fetch(`${url}${path}`, {
      headers: { "x-auth-token": login.headers.get("x-subject-token") ?? "" }
    })
    return await answer.json()
  })
