import { Duration, Effect, Either } from "effect"
import { parseGoDuration } from "../../adapters/config/goDuration.ts"
import { type CloudsYamlSearch, cloudsYamlSearch } from "../../adapters/config/loadYamlCloud.ts"
import { nearest } from "../../adapters/config/nearest.ts"
import { type Proxies, readProxies } from "../../adapters/openstack/proxies.ts"
import { parseEndpoint } from "../endpoint.ts"
import { readBoolean } from "../flagValues.ts"
import { readWordsAndFlags, SubcommandRefusal } from "../subcommand.ts"

export const command = "doctor"

/** What is looked at. */
export type Patient =
  | { readonly kind: "requirements" }
  | { readonly kind: "pvc" | "pod"; readonly namespace: string; readonly name: string }
  | { readonly kind: "pv" | "node" | "volume"; readonly name: string }

export interface DoctorOptions {
  readonly patient: Patient
  readonly json: boolean
  /** For each question. */
  readonly limit: Duration.Duration
  /** Empty: the usual places are tried. */
  readonly cloudConfig: ReadonlyArray<string>
  readonly cloudsYaml: CloudsYamlSearch
  /** `""` is plain [Global]. */
  readonly cloudName: string
  readonly proxies: Proxies
  readonly cluster: string
  readonly withTopology: boolean
  readonly provideController: boolean
  /** Undefined: by whether this is a node. */
  readonly provideNode: boolean | undefined
  readonly kubeletFolder: string
  /** Path of the plugin's socket; undefined: below kubelet's folder. */
  readonly socket: string | undefined
  /** Empty for the usual places. */
  readonly kubeconfig: string
  readonly serviceHost: string
  readonly servicePort: string
  readonly home: string
  /** Name of the node that this runs on; empty where nothing tells it. */
  readonly nodeName: string
}

type Environment = Readonly<Record<string, string | undefined>>

const refusing = (problem: string) => new SubcommandRefusal({ command, problem })

const kinds = ["pvc", "pv", "pod", "node", "volume"] as const
type Kind = (typeof kinds)[number]

const otherNames: Readonly<Record<string, Kind>> = {
  persistentvolumeclaim: "pvc",
  persistentvolumeclaims: "pvc",
  claim: "pvc",
  pvcs: "pvc",
  persistentvolume: "pv",
  persistentvolumes: "pv",
  pvs: "pv",
  po: "pod",
  pods: "pod",
  nodes: "node",
  no: "node",
  volumes: "volume"
}

const kindOf = (word: string): Kind | undefined => {
  const known = kinds.find((kind) => kind === word.toLowerCase())
  return known ?? (Object.hasOwn(otherNames, word.toLowerCase()) ? otherNames[word.toLowerCase()] : undefined)
}

const teach = "pvc NAMESPACE/NAME, pv NAME, pod NAMESPACE/NAME, node NAME or volume ID"

const patientOf = (words: ReadonlyArray<string>): Either.Either<Patient, SubcommandRefusal> => {
  const [first, name, ...more] = words
  if (first === undefined) return Either.right({ kind: "requirements" })
  const kind = kindOf(first)
  if (kind === undefined) {
    const hint = nearest(first, [...kinds, ...Object.keys(otherNames)])
    const means = hint === undefined ? "" : ` (did you mean ${kindOf(hint)}?)`
    return Either.left(refusing(`${JSON.stringify(first)} is nothing that can be looked at${means}; write ${teach}`))
  }
  if (name === undefined || name === "") return Either.left(refusing(`${kind} needs a name; write ${teach}`))
  if (more.length > 0)
    return Either.left(refusing(`${JSON.stringify(more[0])} is too much; one ${kind} is looked at a time`))
  if (kind !== "pvc" && kind !== "pod") {
    return name.includes("/")
      ? Either.left(
          refusing(`${kind} ${name}: it is in no namespace; write ${kind} ${kind === "volume" ? "ID" : "NAME"}`)
        )
      : Either.right({ kind, name })
  }
  const [namespace, own, ...rest] = name.split("/")
  if (!namespace || !own || rest.length > 0) {
    return Either.left(refusing(`${kind} ${name}: the namespace is missing; write ${kind} NAMESPACE/NAME`))
  }
  return Either.right({ kind, namespace, name: own })
}

const booleanOf = (flag: string, text: string | undefined): Either.Either<boolean | undefined, SubcommandRefusal> =>
  text === undefined
    ? Either.right(undefined)
    : Either.mapLeft(readBoolean(text), (problem) => refusing(`--${flag}: ${problem}`))

const socketOf = (text: string): Either.Either<string | undefined, SubcommandRefusal> => {
  if (text === "") return Either.right(undefined)
  const endpoint = Either.mapLeft(parseEndpoint(text), (problem) => refusing(`--endpoint: ${problem}`))
  return Either.flatMap(endpoint, (found) =>
    found._tag === "Unix"
      ? Either.right(found.path)
      : Either.left(refusing("--endpoint: the socket of a node's plugin is asked, such as unix:///csi/csi.sock"))
  )
}

const longestLimitMillis = 10 * 60_000

/** Undefined when help is asked for. */
export const readDoctorOptions = (
  argv: ReadonlyArray<string>,
  env: Environment
): Effect.Effect<DoctorOptions | undefined, SubcommandRefusal> =>
  Effect.gen(function* () {
    const { words, flags } = yield* readWordsAndFlags(command, argv, {
      help: { type: "boolean", short: "h" },
      json: { type: "boolean" },
      timeout: { type: "string" },
      "cloud-config": { type: "string", multiple: true },
      "cloud-name": { type: "string" },
      cluster: { type: "string" },
      "with-topology": { type: "string" },
      "provide-controller-service": { type: "string" },
      "provide-node-service": { type: "string" },
      node: { type: "boolean" },
      "node-name": { type: "string" },
      "kubelet-dir": { type: "string" },
      endpoint: { type: "string" },
      kubeconfig: { type: "string" }
    })
    if (flags.help) return undefined
    const limit = parseGoDuration(flags.timeout ?? "10s")
    const millis = limit === undefined ? 0 : Duration.toMillis(limit)
    if (limit === undefined || millis < 100 || millis > longestLimitMillis) {
      return yield* refusing(
        `--timeout: ${JSON.stringify(flags.timeout)} is not accepted; write a time from 100ms to 10m`
      )
    }
    const provideNode = yield* booleanOf("provide-node-service", flags["provide-node-service"])
    return {
      patient: yield* patientOf(words),
      json: flags.json ?? false,
      limit,
      cloudConfig: (flags["cloud-config"] ?? []).flatMap((list) => list.split(",")).filter((path) => path !== ""),
      cloudsYaml: cloudsYamlSearch(env),
      cloudName: flags["cloud-name"] ?? "",
      proxies: yield* Either.mapLeft(readProxies(env), refusing),
      cluster: flags.cluster ?? "",
      withTopology: (yield* booleanOf("with-topology", flags["with-topology"])) ?? true,
      provideController: (yield* booleanOf("provide-controller-service", flags["provide-controller-service"])) ?? true,
      provideNode: flags.node === true ? true : provideNode,
      kubeletFolder: (flags["kubelet-dir"] ?? "/var/lib/kubelet").replace(/(?<=.)\/+$/, ""),
      socket: yield* socketOf(flags.endpoint ?? env["CSI_ENDPOINT"] ?? ""),
      kubeconfig: flags.kubeconfig ?? env["KUBECONFIG"] ?? "",
      serviceHost: env["KUBERNETES_SERVICE_HOST"] ?? "",
      servicePort: env["KUBERNETES_SERVICE_PORT"] ?? "",
      home: env["HOME"] ?? "",
      nodeName: flags["node-name"] ?? env["NODE_NAME"] ?? ""
    }
  })
