import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { ca } from "../certificates.ts"

/** A kubeconfig with one context; JSON is YAML. */
export const kubeconfigText = (server: string, user: object, cluster: object = { "certificate-authority": "ca.pem" }) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "home", user: "me" } }],
    clusters: [{ name: "home", cluster: { server, ...cluster } }],
    users: [{ name: "me", user }]
  })

/** Writes the texts under their names and answers with the folder. */
export const filesIn = (root: string, texts: Readonly<Record<string, string>>) =>
  Effect.promise(async () => {
    await mkdir(root, { recursive: true })
    for (const [name, text] of Object.entries(texts)) await writeFile(join(root, name), text)
    return root
  })

/** What kubelet and the container runtime give a pod, for an API at this port of 127.0.0.1. */
export const podAt = (root: string, port: number, token: string) =>
  Effect.map(filesIn(join(root, "serviceaccount"), { token: `${token}\n`, "ca.crt": ca }), (serviceAccountFolder) => ({
    serviceHost: "127.0.0.1",
    servicePort: `${port}`,
    serviceAccountFolder
  }))
