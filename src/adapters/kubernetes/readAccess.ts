import { X509Certificate } from "node:crypto"
import { dirname, resolve } from "node:path"
import { createSecureContext } from "node:tls"
import { FileSystem } from "@effect/platform"
import { Effect, Either, Encoding, Redacted } from "effect"
import { AccessProblem, type ClusterAccess, type Credentials, type TlsMaterial } from "./ClusterAccess.ts"
import { type CurrentContext, readKubeconfig } from "./kubeconfig.ts"

/** Where it is written where Kubernetes is and as whom to ask it. */
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

interface Pem {
  /** How messages name the place of the text. */
  readonly where: string
  readonly text: string
}

const readPem = (path: string) => Effect.map(read(path), (text): Pem => ({ where: path, text }))

/** Node passes over a bundle without certificates, and then trusts nobody. */
const authorityIn = ({ where, text }: Pem) =>
  Effect.try({
    try: () => {
      new X509Certificate(text)
      return text
    },
    catch: () => new AccessProblem({ problem: `${where} holds no certificate in PEM form` })
  })

/** The texts are not shown: one of them is a secret. */
const checkClient = (kubeconfig: string, cert: string, key: string) =>
  Effect.try({
    try: () => createSecureContext({ cert, key }),
    catch: () =>
      new AccessProblem({
        problem: `${kubeconfig}: client-certificate and client-key do not belong together, or are not in PEM form`
      })
  })

const readToken = (path: string) =>
  Effect.flatMap(read(path), (text) =>
    text.trim() === ""
      ? new AccessProblem({ problem: `${path} is empty and should hold a token` })
      : Effect.succeed<Credentials>({ _tag: "token", token: Redacted.make(text.trim()) })
  )

const noTls: TlsMaterial = { ca: undefined, cert: undefined, key: undefined, insecure: false }

/** As kubectl takes it: a bare host is spoken to over TLS where there is something to verify it with. */
const urlOf = (where: string, server: string, { ca, cert, insecure }: TlsMaterial) => {
  const scheme = ca !== undefined || cert !== undefined || insecure ? "https" : "http"
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(server) ? server : `${scheme}://${server}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url !== undefined && [url.username, url.password, url.search, url.hash].every((part) => part === "")
  return plain && /^https?:$/.test(url.protocol)
    ? Effect.succeed(text.replace(/\/+$/, ""))
    : new AccessProblem({
        problem: `${where} is no address of the Kubernetes API; write https://host:port, without user and password`
      })
}

const fromPod = ({ serviceHost, servicePort, serviceAccountFolder }: AccessOptions) =>
  Effect.gen(function* () {
    if (serviceHost === "" || servicePort === "") {
      return yield* new AccessProblem({
        problem:
          "this is no pod, as KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give --kubeconfig or --master"
      })
    }
    const ca = yield* Effect.flatMap(readPem(`${serviceAccountFolder}/ca.crt`), authorityIn)
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
      ? Effect.succeed<Pem>({ where: `${key}-data in ${kubeconfig}`, text: text.right })
      : new AccessProblem({ problem: `${key}-data in ${kubeconfig} is not base64` })
  }
  return path ? readPem(resolve(dirname(kubeconfig), path)) : Effect.succeed(undefined)
}

const tlsOf = (kubeconfig: string, { cluster, user }: CurrentContext) =>
  Effect.gen(function* () {
    const pem = (key: string, data: Written, path: Written) => pemOf(kubeconfig, key, data, path)
    const authority = "certificate-authority"
    const bundle = yield* pem(authority, cluster["certificate-authority-data"], cluster[authority])
    const ca = bundle === undefined ? undefined : yield* authorityIn(bundle)
    const cert = (yield* pem("client-certificate", user["client-certificate-data"], user["client-certificate"]))?.text
    const key = (yield* pem("client-key", user["client-key-data"], user["client-key"]))?.text
    const insecure = cluster["insecure-skip-tls-verify"] ?? false
    if (cert === undefined && key === undefined) return { ...noTls, ca, insecure }
    if (cert === undefined || key === undefined) {
      return yield* new AccessProblem({ problem: `${kubeconfig} needs client-certificate and client-key, or neither` })
    }
    yield* checkClient(kubeconfig, cert, key)
    return { ca, cert, key: Redacted.make(key), insecure }
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
    const where = master ? "--master" : `${kubeconfig}: the server`
    return {
      server: yield* urlOf(where, server, tls),
      tls,
      credentials: yield* credentialsOf(kubeconfig, context.user)
    }
  })

/** Reads all files anew, since tokens and authorities are exchanged while the driver runs. */
export const readAccess = (
  options: AccessOptions
): Effect.Effect<ClusterAccess, AccessProblem, FileSystem.FileSystem> => {
  if (options.kubeconfig !== "") return fromKubeconfig(options)
  if (options.master === "") return fromPod(options)
  return Effect.map(urlOf("--master", options.master, noTls), (server) => ({
    server,
    tls: noTls,
    credentials: { _tag: "none" }
  }))
}
