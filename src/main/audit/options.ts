import { Duration, Effect, Either } from "effect"
import { parseGoDuration } from "../../adapters/config/goDuration.ts"
import { type CloudsYamlSearch, cloudsYamlSearch } from "../../adapters/config/loadYamlCloud.ts"
import { type Proxies, readProxies } from "../../adapters/openstack/proxies.ts"
import { readFlags, SubcommandRefusal } from "../subcommand.ts"

export const command = "audit"

export interface AuditOptions {
  readonly cloudConfig: ReadonlyArray<string>
  readonly cloudsYaml: CloudsYamlSearch
  /** `""` is plain [Global]. Never empty. */
  readonly cloudNames: ReadonlyArray<string>
  readonly cluster: string
  readonly graceMillis: number
  readonly json: boolean
  readonly withKubernetes: boolean
  /** Empty for the pod's service account. */
  readonly kubeconfig: string
  readonly serviceHost: string
  readonly servicePort: string
  readonly proxies: Proxies
}

const refusing = (problem: string) => new SubcommandRefusal({ command, problem })

const itemsOf = (lists: ReadonlyArray<string> | undefined) => (lists ?? []).flatMap((list) => list.split(","))

/** Undefined when help is asked for. */
export const readAuditOptions = (
  argv: ReadonlyArray<string>,
  env: Readonly<Record<string, string | undefined>>
): Effect.Effect<AuditOptions | undefined, SubcommandRefusal> =>
  Effect.gen(function* () {
    const flags = yield* readFlags(command, argv, {
      help: { type: "boolean" },
      "cloud-config": { type: "string", multiple: true },
      "cloud-name": { type: "string", multiple: true },
      cluster: { type: "string" },
      grace: { type: "string" },
      json: { type: "boolean" },
      kubeconfig: { type: "string" },
      "without-kubernetes": { type: "boolean" }
    })
    if (flags.help) return undefined
    const cloudConfig = itemsOf(flags["cloud-config"]).filter((path) => path !== "")
    if (cloudConfig.length === 0) return yield* refusing("--cloud-config is needed: how to ask the cloud")
    if (flags.cluster === undefined) {
      return yield* refusing("--cluster is needed: the name that the driver runs with, which is on all that it makes")
    }
    const grace = parseGoDuration(flags.grace ?? "1h")
    if (grace === undefined) return yield* refusing("--grace takes a time, such as 1h or 90m")
    const cloudNames = [...new Set(flags["cloud-name"] === undefined ? [""] : itemsOf(flags["cloud-name"]))]
    return {
      cloudConfig,
      cloudsYaml: cloudsYamlSearch(env),
      cloudNames,
      cluster: flags.cluster,
      graceMillis: Duration.toMillis(grace),
      json: flags.json ?? false,
      withKubernetes: !(flags["without-kubernetes"] ?? false),
      kubeconfig: flags.kubeconfig ?? env["KUBECONFIG"] ?? "",
      serviceHost: env["KUBERNETES_SERVICE_HOST"] ?? "",
      servicePort: env["KUBERNETES_SERVICE_PORT"] ?? "",
      proxies: yield* Either.mapLeft(readProxies(env), refusing)
    }
  })
