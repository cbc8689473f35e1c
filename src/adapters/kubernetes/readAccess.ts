import { dirname, resolve } from "node:path"
import { FileSystem } from "@effect/platform"
import { Effect, Either, Encoding, Redacted } from "effect"
import { AccessProblem, type ClusterAccess, type Credentials, type TlsMaterial } from "./ClusterAccess.ts"
import { type CurrentContext, readKubeconfig } from "./kubeconfig.ts"

export interface AccessOptions {
  /** Path of a kubeconfig; empty for none. */
  readonly kubeconfig: string
  /** URL of the API, in place of the kubeconfig's; empty for none. Without a kubeconfig it is asked without credentials. */
  readonly master: string
  /** Where Kubernetes says in a pod that its API is; empty outside of pods. */
  readonly serviceHost: string
  readonly servicePort: string
  /** Where kubelet keeps the token and the authority of a pod's service account. */
  readonly serviceAccountFolder: string
}

const readLimit = "5 seconds"

const read = (path: string) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    return yield* files.readFileString(path)
  }).pipe(
    Effect.mapError((error) => new AccessProblem({ problem: `${path} cannot be read: ${error.message}` })),
    Effect.timeoutFail({
      duration: readLimit,
      onTimeout: () => new AccessProblem({ problem: `${path} could not be read within ${readLimit}` })
    })
  )

const checkPem = (where: string, text: string) =>
  text.includes("-----BEGIN ")
    ? Effect.succeed(text)
    : new AccessProblem({ problem: `${where} holds no PEM text: it begins with -----BEGIN` })

const readPem = (path: string) => Effect.flatMap(read(path), (text) => checkPem(path, text))

const readToken = (path: string) =>
  Effect.flatMap(read(path), (text) =>
    text.trim() === ""
      ? new AccessProblem({ problem: `${path} is empty and should hold a token` })
      : Effect.succeed<Credentials>({ _tag: "token", token: Redacted.make(text.trim()) })
  )

const noTls: TlsMaterial = { ca: undefined, cert: undefined, key: undefined, insecure: false }

/** As kubectl takes it: a bare host is spoken to over TLS where there is something to verify it with. */
const urlOf = (server: string, { ca, cert, insecure }: TlsMaterial): string => {
  const scheme = ca !== undefined || cert !== undefined || insecure ? "https" : "http"
  return (/^https?:\/\//.test(server) ? server : `${scheme}://${server}`).replace(/\/+$/, "")
}

const fromPod = ({ serviceHost, servicePort, serviceAccountFolder }: AccessOptions) =>
  Effect.gen(function* () {
    if (serviceHost === "" || servicePort === "") {
      return yield* new AccessProblem({
        problem:
          "this is no pod, as KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give --kubeconfig or --master"
      })
    }
    const ca = yield* readPem(`${serviceAccountFolder}/ca.crt`)
    const credentials = yield* readToken(`${serviceAccountFolder}/token`)
    const host = serviceHost.includes(":") ? `[${serviceHost}]` : serviceHost
    return { server: `https://${host}:${servicePort}`, tls: { ...noTls, ca }, credentials }
  })

type Written = string | null | undefined

/** PEM that stands in the kubeconfig itself wins over the file that it names. */
const pemOf = (kubeconfig: string, key: string, data: Written, path: Written) => {
  if (data) {
    const text = Encoding.decodeBase64String(data)
    return Either.isRight(text)
      ? checkPem(`${key}-data in ${kubeconfig}`, text.right)
      : new AccessProblem({ problem: `${key}-data in ${kubeconfig} is not base64` })
  }
  return path ? readPem(resolve(dirname(kubeconfig), path)) : Effect.succeed(undefined)
}

const tlsOf = (kubeconfig: string, { cluster, user }: CurrentContext) =>
  Effect.gen(function* () {
    const pem = (key: string, data: Written, path: Written) => pemOf(kubeconfig, key, data, path)
    const authority = "certificate-authority"
    const ca = yield* pem(authority, cluster["certificate-authority-data"], cluster[authority])
    const cert = yield* pem("client-certificate", user["client-certificate-data"], user["client-certificate"])
    const key = yield* pem("client-key", user["client-key-data"], user["client-key"])
    if ((cert === undefined) !== (key === undefined)) {
      return yield* new AccessProblem({ problem: `${kubeconfig} needs client-certificate and client-key, or neither` })
    }
    const insecure = cluster["insecure-skip-tls-verify"] ?? false
    return { ca, cert, key: key === undefined ? undefined : Redacted.make(key), insecure }
  })

const credentialsOf = (
  kubeconfig: string,
  { tokenFile, token, username, password }: CurrentContext["user"]
): Effect.Effect<Credentials, AccessProblem, FileSystem.FileSystem> => {
  if (tokenFile) return readToken(resolve(dirname(kubeconfig), tokenFile))
  if (token) return Effect.succeed({ _tag: "token", token: Redacted.make(token) })
  if (username) return Effect.succeed({ _tag: "password", username, password: Redacted.make(password ?? "") })
  return Effect.succeed({ _tag: "none" })
}

const fromKubeconfig = ({ kubeconfig, master }: AccessOptions) =>
  Effect.gen(function* () {
    const context = yield* Either.mapLeft(
      readKubeconfig(yield* read(kubeconfig)),
      (problem) => new AccessProblem({ problem: `${kubeconfig} ${problem}` })
    )
    const tls = yield* tlsOf(kubeconfig, context)
    const server = master || context.cluster.server
    if (!server) return yield* new AccessProblem({ problem: `${kubeconfig} names no server` })
    return { server: urlOf(server, tls), tls, credentials: yield* credentialsOf(kubeconfig, context.user) }
  })

/** Reads all files anew, since tokens and authorities are exchanged while the driver runs. */
export const readAccess = (
  options: AccessOptions
): Effect.Effect<ClusterAccess, AccessProblem, FileSystem.FileSystem> => {
  if (options.kubeconfig !== "") return fromKubeconfig(options)
  if (options.master === "") return fromPod(options)
  return Effect.succeed({ server: urlOf(options.master, noTls), tls: noTls, credentials: { _tag: "none" } })
}
