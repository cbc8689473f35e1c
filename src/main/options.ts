import { Data, type Duration, Either } from "effect"
import { type CloudsYamlSearch, cloudsYamlSearch } from "../adapters/config/loadYamlCloud.ts"
import { noProxies, type Proxies, readProxies } from "../adapters/openstack/proxies.ts"
import { readArguments } from "./arguments.ts"
import { type Address, type Endpoint, parseAddress, parseEndpoint } from "./endpoint.ts"
import { type Flag, type FlagKind, type FlagName, flags } from "./flags.ts"
import { readBoolean, readDuration, readInteger, readLevel, readList, readMap, readNumber } from "./flagValues.ts"
import { type OtlpEnvironment, readOtlp } from "./otlp.ts"

/** What the command line asks for. */
export interface Options {
  readonly _tag: "Options"
  readonly endpoint: Endpoint
  readonly provideControllerService: boolean
  readonly provideNodeService: boolean
  /** Where metrics are served; undefined: nowhere. */
  readonly httpEndpoint: Address | undefined
  readonly cloudConfig: ReadonlyArray<string>
  /** For sections of cloud.conf that leave their credentials to clouds.yaml. */
  readonly cloudsYaml: CloudsYamlSearch
  /** Never empty; `""` is plain [Global]. */
  readonly cloudNames: ReadonlyArray<string>
  readonly cluster: string
  /** In the order given; the last one goes to the front. */
  readonly userAgent: ReadonlyArray<string>
  /** Towards the cloud; a node makes no such requests. */
  readonly proxies: Proxies
  readonly withTopology: boolean
  readonly additionalTopology: Readonly<Record<string, string>>
  readonly pvcAnnotations: boolean
  /** Of the node that this pod runs on, where its manifest tells; empty otherwise. */
  readonly nodeName: string
  readonly kubernetes: KubernetesOptions
  /** What the environment says of traces. */
  readonly otlp: OtlpEnvironment
  readonly verbosity: number
  /** For people: what was given and has no effect. */
  readonly warnings: ReadonlyArray<string>
}

export interface KubernetesOptions {
  /** Path; empty for the pod's service account. */
  readonly kubeconfig: string
  readonly master: string
  readonly queriesPerSecond: number
  readonly burst: number
  readonly minResyncPeriod: Duration.Duration
  /** What Kubernetes tells a pod of its API in the environment; empty outside of pods. */
  readonly serviceHost: string
  readonly servicePort: string
}

export interface HelpRequested {
  readonly _tag: "HelpRequested"
}
export interface VersionRequested {
  readonly _tag: "VersionRequested"
}

/** The command line cannot be used; the message is one line for people. */
export class OptionsError extends Data.TaggedError("OptionsError")<{ readonly problem: string }> {
  override get message() {
    return this.problem
  }
}

type Environment = Readonly<Record<string, string | undefined>>
type Given = ReadonlyMap<FlagName, ReadonlyArray<string>>
type FlagOf<Kind extends FlagKind> = {
  [Name in FlagName]: (typeof flags)[Name]["kind"] extends Kind ? Name : never
}[FlagName]

/** A flag given several times counts with its last value, or its default. */
const lastOf = (given: Given, name: FlagName): string => {
  const flag: Flag = flags[name]
  return given.get(name)?.at(-1) ?? flag.default ?? ""
}

const named = (name: FlagName) => (problem: string) => `--${name}: ${problem}`

/** The last value counts, but a bad one in front of it is a mistake too. */
const readOne =
  <Kind extends FlagKind, A>(read: (text: string) => Either.Either<A, string>) =>
  (given: Given, name: FlagOf<Kind>): Either.Either<A, string> =>
    Either.mapLeft(
      Either.andThen(Either.all((given.get(name) ?? []).map(read)), read(lastOf(given, name))),
      named(name)
    )

const booleanOf = readOne<"boolean", boolean>(readBoolean)
const integerOf = readOne<"integer", number>(readInteger)
const levelOf = readOne<"level", number>(readLevel)
const numberOf = readOne<"number", number>(readNumber)
const durationOf = readOne<"duration", Duration.Duration>(readDuration)

/** Items of every time that the flag was given, in order. */
const listOf = (given: Given, name: FlagOf<"list">): Either.Either<ReadonlyArray<string>, string> =>
  Either.mapBoth(Either.all((given.get(name) ?? []).map(readList)), {
    onLeft: named(name),
    onRight: (lists) => lists.flat()
  })

const mapOf = (given: Given, name: FlagOf<"map">): Either.Either<Readonly<Record<string, string>>, string> =>
  Either.mapBoth(Either.all((given.get(name) ?? []).map(readMap)), {
    onLeft: named(name),
    onRight: (maps) => Object.fromEntries(maps.flat())
  })

const endpointOf = (given: Given, env: Environment): Either.Either<Endpoint, string> => {
  const flag = lastOf(given, "endpoint")
  const fromEnvironment = env["CSI_ENDPOINT"] ?? ""
  if (flag !== "") return Either.mapLeft(parseEndpoint(flag), named("endpoint"))
  return fromEnvironment === ""
    ? Either.left("--endpoint is needed: where to serve CSI, such as --endpoint=unix:///csi/csi.sock")
    : Either.mapLeft(parseEndpoint(fromEnvironment), (problem) => `CSI_ENDPOINT: ${problem}`)
}

const httpEndpointOf = (given: Given): Either.Either<Address | undefined, string> => {
  const text = lastOf(given, "http-endpoint")
  return text === "" ? Either.right(undefined) : Either.mapLeft(parseAddress(text), named("http-endpoint"))
}

const burstOf = (given: Given): Either.Either<number, string> =>
  Either.filterOrLeft(
    integerOf(given, "kube-api-burst"),
    (burst) => burst >= 0,
    (burst) => `--kube-api-burst: "${burst}" is not accepted; write a whole number from 0`
  )

const warningsOf = (given: Given, words: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...[...given.keys()].flatMap((name) => {
    const flag: Flag = flags[name]
    return flag.ignored === undefined ? [] : [`--${name} has no effect: ${flag.ignored}`]
  }),
  ...words.map(
    (word) => `${JSON.stringify(word)} has no effect; a boolean is written --flag=${word === "false" ? word : "true"}`
  )
]

/** Whoever mistypes a sub-command does not want to serve. */
const perhapsCommand = (words: ReadonlyArray<string>): string => {
  const word = words.find((one) => one !== "true" && one !== "false")
  return word === undefined
    ? ""
    : `; ${JSON.stringify(word)} was not taken for a sub-command: --help lists them, and they stand first`
}

const optionsOf = (given: Given, words: ReadonlyArray<string>, env: Environment): Either.Either<Options, string> =>
  Either.gen(function* () {
    const provideControllerService = yield* booleanOf(given, "provide-controller-service")
    const provideNodeService = yield* booleanOf(given, "provide-node-service")
    const cloudConfig = (yield* listOf(given, "cloud-config")).filter((path) => path !== "")
    const cloudNames = yield* listOf(given, "cloud-name")
    if (!provideControllerService && !provideNodeService) {
      return yield* Either.left(
        "nothing to serve: --provide-controller-service and --provide-node-service are both false"
      )
    }
    if (provideControllerService && cloudConfig.length === 0) {
      return yield* Either.left(
        "--cloud-config is needed to serve the controller; a node alone needs --provide-controller-service=false"
      )
    }
    const otlp = readOtlp(env)
    return {
      _tag: "Options",
      endpoint: yield* endpointOf(given, env),
      provideControllerService,
      provideNodeService,
      httpEndpoint: yield* httpEndpointOf(given),
      cloudConfig,
      cloudsYaml: cloudsYamlSearch(env),
      cloudNames: cloudNames.length === 0 ? [lastOf(new Map(), "cloud-name")] : cloudNames,
      cluster: lastOf(given, "cluster"),
      userAgent: given.get("user-agent") ?? [],
      proxies: provideControllerService ? yield* readProxies(env) : noProxies,
      withTopology: yield* booleanOf(given, "with-topology"),
      additionalTopology: yield* mapOf(given, "additional-topology"),
      pvcAnnotations: yield* booleanOf(given, "pvc-annotations"),
      nodeName: env["NODE_NAME"] ?? "",
      kubernetes: {
        kubeconfig: env["KUBECONFIG"] || lastOf(given, "kubeconfig"),
        master: lastOf(given, "master"),
        queriesPerSecond: yield* numberOf(given, "kube-api-qps"),
        burst: yield* burstOf(given),
        minResyncPeriod: yield* durationOf(given, "min-resync-period"),
        serviceHost: env["KUBERNETES_SERVICE_HOST"] ?? "",
        servicePort: env["KUBERNETES_SERVICE_PORT"] ?? ""
      },
      otlp,
      verbosity: yield* levelOf(given, "v"),
      warnings: [...warningsOf(given, words), ...otlp.warnings]
    }
  })

/**
 * Reads the arguments that follow the program's name. Anything that cannot be served is refused here, before a socket is
 * opened; `--help` and `--version` win over what stands behind them.
 */
export const parseOptions = (
  argv: ReadonlyArray<string>,
  env: Environment
): Either.Either<Options | HelpRequested | VersionRequested, OptionsError> =>
  Either.mapLeft(
    Either.flatMap(
      readArguments(argv),
      ({ given, words, asked }): Either.Either<Options | HelpRequested | VersionRequested, string> => {
        switch (asked) {
          case "help":
            return Either.right({ _tag: "HelpRequested" })
          case "version":
            return Either.right({ _tag: "VersionRequested" })
          case undefined:
            return Either.mapLeft(optionsOf(given, words, env), (problem) => `${problem}${perhapsCommand(words)}`)
        }
      }
    ),
    (problem) => new OptionsError({ problem })
  )
