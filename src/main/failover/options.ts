import { Effect, Either } from "effect"
import { type CloudsYamlSearch, cloudsYamlSearch } from "../../adapters/config/loadYamlCloud.ts"
import { type Proxies, readProxies } from "../../adapters/openstack/proxies.ts"
import { type Address, parseAddress } from "../endpoint.ts"
import { readFlags, SubcommandRefusal } from "../subcommand.ts"

export const command = "failover-assistant"

export interface AssistantOptions {
  readonly cloudConfig: ReadonlyArray<string>
  readonly cloudsYaml: CloudsYamlSearch
  /** `""` is plain [Global]. */
  readonly cloudName: string
  /** Empty for the pod's service account. */
  readonly kubeconfig: string
  readonly serviceHost: string
  readonly servicePort: string
  /** Where metrics are served; undefined: nowhere. */
  readonly httpEndpoint: Address | undefined
  readonly proxies: Proxies
}

const refusing = (problem: string) => new SubcommandRefusal({ command, problem })

/** Undefined when help is asked for. */
export const readAssistantOptions = (
  argv: ReadonlyArray<string>,
  env: Readonly<Record<string, string | undefined>>
): Effect.Effect<AssistantOptions | undefined, SubcommandRefusal> =>
  Effect.gen(function* () {
    const flags = yield* readFlags(command, argv, {
      help: { type: "boolean" },
      "cloud-config": { type: "string", multiple: true },
      "cloud-name": { type: "string" },
      kubeconfig: { type: "string" },
      "http-endpoint": { type: "string" }
    })
    if (flags.help) return undefined
    const cloudConfig = (flags["cloud-config"] ?? []).flatMap((list) => list.split(",")).filter((path) => path !== "")
    if (cloudConfig.length === 0) return yield* refusing("--cloud-config is needed: how to ask Nova")
    const address = flags["http-endpoint"] ?? ""
    return {
      cloudConfig,
      cloudsYaml: cloudsYamlSearch(env),
      cloudName: flags["cloud-name"] ?? "",
      kubeconfig: flags.kubeconfig ?? "",
      serviceHost: env["KUBERNETES_SERVICE_HOST"] ?? "",
      servicePort: env["KUBERNETES_SERVICE_PORT"] ?? "",
      httpEndpoint:
        address === ""
          ? undefined
          : yield* Either.mapLeft(parseAddress(address), (problem) => refusing(`--http-endpoint: ${problem}`)),
      proxies: yield* Either.mapLeft(readProxies(env), refusing)
    }
  })
