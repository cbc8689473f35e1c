import { readFile } from "node:fs/promises"
import { Data, Duration, Effect } from "effect"
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  KubeConfig,
  ServerConfiguration,
  StorageV1Api
} from "./library.ts"

export interface ClientOptions {
  /** Path of a kubeconfig; empty for the pod's service account. */
  readonly kubeconfig: string
  /** Where Kubernetes says in a pod that its API is; empty outside of pods. */
  readonly serviceHost: string
  readonly servicePort: string
  /** Where kubelet keeps the token and the authority of a pod's service account. */
  readonly serviceAccountFolder: string
  readonly userAgent: string
  /** Of each request, body and all. Default 15 seconds. */
  readonly requestLimit?: Duration.Duration
}

/** The configuration does not say how to ask Kubernetes; `problem` holds no secret. */
export class ClientProblem extends Data.TaggedError("ClientProblem")<{ readonly problem: string }> {
  override get message() {
    return `cannot ask Kubernetes: ${this.problem}`
  }
}

/** A request that Kubernetes did not fulfil; `status` is undefined when there was no answer. */
export class RequestFailure extends Data.TaggedError("RequestFailure")<{
  readonly status: number | undefined
  readonly detail: string
}> {}

const fromKubeconfig = (path: string) =>
  Effect.try({
    try: () => {
      const config = new KubeConfig()
      config.loadFromFile(path)
      return config
    },
    // The reader's own message may quote the file, which holds secrets.
    catch: () => new ClientProblem({ problem: `${path} cannot be read, or is no kubeconfig` })
  })

const podToken = "pod-token"

/** The library's own reader of token files passes a line break at the end on, which no header may have. */
const tokenFrom = (path: string) => ({
  isAuthProvider: (user: { readonly authProvider?: { readonly name?: string } }) =>
    user.authProvider?.name === podToken,
  applyAuthentication: (_: unknown, request: { headers?: unknown }) =>
    readFile(path, "utf8").then((text) => {
      request.headers = { ...Object(request.headers), Authorization: `Bearer ${text.trim()}` }
    })
})

const fromPod = ({ serviceHost, servicePort, serviceAccountFolder }: ClientOptions) =>
  Effect.gen(function* () {
    if (serviceHost === "" || servicePort === "") {
      return yield* new ClientProblem({
        problem: "this is no pod, as KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give --kubeconfig"
      })
    }
    const host = serviceHost.includes(":") ? `[${serviceHost}]` : serviceHost
    const config = new KubeConfig()
    config.addAuthenticator(tokenFrom(`${serviceAccountFolder}/token`))
    config.loadFromClusterAndUser(
      {
        name: "cluster",
        server: `https://${host}:${servicePort}`,
        caFile: `${serviceAccountFolder}/ca.crt`,
        skipTLSVerify: false
      },
      { name: "pod", authProvider: { name: podToken } }
    )
    return config
  })

const textOf = (value: unknown): string | undefined => {
  if (typeof value === "object" && value !== null && "message" in value) return textOf(value.message)
  if (typeof value !== "string") return undefined
  try {
    return textOf(Object(JSON.parse(value))) ?? value
  } catch {
    return value
  }
}

/** Of a message for a log. Node quotes a header that it refuses, with the token in it, which then may hold anything. */
export const oneLine = (text: string): string =>
  text
    .replace(/\b(Bearer|Basic)\s.*?(?= is not a legal HTTP header value|$)/gis, "$1 <redacted>")
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .slice(0, 500)

const failureOf = (error: unknown): RequestFailure =>
  error instanceof ApiException
    ? new RequestFailure({
        status: error.code,
        detail: oneLine(
          `Kubernetes answered ${error.code}: ${textOf(error.body) ?? /^Message: (.*)$/m.exec(error.message)?.[1] ?? ""}`
        )
      })
    : new RequestFailure({
        status: undefined,
        detail: oneLine(`Kubernetes did not answer: ${error instanceof Error ? error.message : "for no known reason"}`)
      })

/** Runs a request of the library. Its time limit is in the request itself, so that it holds in uninterruptible regions too. */
export const asking = <A>(request: () => Promise<A>): Effect.Effect<A, RequestFailure> =>
  Effect.tryPromise({ try: request, catch: failureOf })

/** The library's configuration and clients. Building it reads the kubeconfig and asks nothing. */
export const makeClients = (options: ClientOptions) =>
  Effect.gen(function* () {
    const config = yield* options.kubeconfig === "" ? fromPod(options) : fromKubeconfig(options.kubeconfig)
    const cluster = config.getCurrentCluster()
    if (cluster === null) {
      return yield* new ClientProblem({ problem: `${options.kubeconfig} names no cluster for its current context` })
    }
    const limitMillis = Duration.toMillis(options.requestLimit ?? Duration.seconds(15))
    const configuration = createConfiguration({
      baseServer: new ServerConfiguration(cluster.server, {}),
      authMethods: { default: config },
      promiseMiddleware: [
        {
          pre: (request) => {
            request.setSignal(AbortSignal.timeout(limitMillis))
            request.setHeaderParam("User-Agent", options.userAgent)
            // The library would send every patch as a list of steps; ours are all parts of objects.
            if (request.getHttpMethod().toString() === "PATCH") {
              request.setHeaderParam("Content-Type", "application/merge-patch+json")
            }
            return Promise.resolve(request)
          },
          post: (response) => Promise.resolve(response)
        }
      ]
    })
    return {
      config,
      core: new CoreV1Api(configuration),
      storage: new StorageV1Api(configuration),
      custom: new CustomObjectsApi(configuration)
    }
  })
