import { Either } from "effect"
import type { ZoneMap } from "../../domain/Topology.ts"
import { type Auth, chooseAuth } from "./auth.ts"
import { GlobalKeys, type GlobalSettings } from "./keys.ts"
import type { EndpointType } from "./keyValues.ts"
import type { ConfigError, ConfigProblem, ConfigWarning } from "./problems.ts"
import { decodeSettings, problemAt, type Settings } from "./settings.ts"
import type { YamlCloud } from "./yamlCloud.ts"
import { mergeYaml } from "./yamlMerge.ts"

export interface TlsSettings {
  /** Path of a PEM bundle that replaces the roots that Node brings. */
  readonly caFile: string | undefined
  /** Paths of the client's certificate and key: both or neither. */
  readonly client: { readonly certFile: string; readonly keyFile: string } | undefined
  readonly insecure: boolean
}

/** One `[Global]` or `[Global "name"]` section: all that is needed to talk to one cloud. */
export interface Cloud {
  /** As written; Keystone's version may be missing from its path. */
  readonly authUrl: string
  readonly auth: Auth
  /** Undefined: the first endpoint of the catalogue, whatever its region. */
  readonly region: string | undefined
  readonly interface: EndpointType
  readonly tls: TlsSettings
  readonly zoneMap: ZoneMap
  /** What its settings were read from: cloud.conf, and clouds.yaml with the files beside it. */
  readonly files: ReadonlyArray<string>
}

/** The entry of clouds.yaml that a section asks for. */
export interface YamlRequest {
  readonly file: string | undefined
  readonly cloud: string | undefined
  readonly region: string | undefined
}

const readTls = (settings: GlobalSettings): Either.Either<TlsSettings, string> => {
  const certFile = settings["cert-file"] || undefined
  const keyFile = settings["key-file"] || undefined
  const both = certFile !== undefined && keyFile !== undefined
  if (certFile !== undefined && !both) return Either.left("needs key-file for cert-file")
  if (keyFile !== undefined && !both) return Either.left("needs cert-file for key-file")
  return Either.right({
    caFile: settings["ca-file"] || undefined,
    client: both ? { certFile, keyFile } : undefined,
    insecure: settings["tls-insecure"] ?? false
  })
}

const YamlKeys = GlobalKeys.pick("use-clouds", "clouds-file", "cloud", "region")

/** Undefined where the section leaves clouds.yaml alone. Naming a cloud asks for it too, unless `use-clouds` says no. */
export const yamlRequestOf = (settings: Settings): YamlRequest | undefined => {
  const read = decodeSettings(YamlKeys, "", settings)
  if (Either.isLeft(read)) return undefined
  const cloud = read.right.cloud || undefined
  const wanted = read.right["use-clouds"] ?? cloud !== undefined
  return wanted
    ? { file: read.right["clouds-file"] || undefined, cloud, region: read.right.region || undefined }
    : undefined
}

interface ReadCloud {
  readonly cloud: Cloud
  readonly warnings: ReadonlyArray<ConfigWarning>
}

/** `title` is how the section is written, `owner` who lacks what is missing. */
const readMerged = (
  title: string,
  owner: string,
  settings: Settings,
  files: ReadonlyArray<string>
): Either.Either<ReadCloud, ReadonlyArray<ConfigProblem>> => {
  const [file] = files
  const place = file === undefined ? undefined : { file, line: undefined }
  const whole = (problem: string): ConfigProblem => ({ place, section: owner, key: undefined, problem })
  const at = (key: string, problem: string) => problemAt(title, settings, key, problem)
  return Either.flatMap(decodeSettings(GlobalKeys, title, settings), (written) => {
    const authUrl = written["auth-url"] || undefined
    const choice = chooseAuth(written)
    const tls = readTls(written)
    if (authUrl === undefined || Either.isLeft(choice) || Either.isLeft(tls)) {
      return Either.left([
        ...(authUrl === undefined ? [whole("needs auth-url")] : []),
        ...(Either.isLeft(choice) ? [whole(choice.left)] : []),
        ...(Either.isLeft(tls) ? [whole(tls.left)] : [])
      ])
    }
    const insecure = settings.get("tls-insecure")?.value
    const stillVerifies = typeof insecure === "string" && insecure !== "true" && /^(true|yes|on|1)$/i.test(insecure)
    return Either.right({
      cloud: {
        authUrl,
        auth: choice.right.auth,
        region: written.region || undefined,
        interface: written["os-endpoint-type"] ?? "public",
        tls: tls.right,
        zoneMap: written["availability-zone-map"] ?? new Map(),
        files
      },
      warnings: [
        ...choice.right.unused.map(({ key, reason }) => at(key, reason)),
        ...(choice.right.auth._tag === "Token"
          ? [at("token", "cannot be renewed: the driver loses the cloud when it expires")]
          : []),
        ...(stillVerifies
          ? [at("tls-insecure", "does not switch verification off: only the exact text true does")]
          : [])
      ]
    })
  })
}

const withoutYaml = (title: string, settings: Settings): ReadonlyArray<ConfigWarning> =>
  (["clouds-file", "cloud"] as const).flatMap((key) =>
    settings.get(key)?.value ? [problemAt(title, settings, key, "has no effect without use-clouds")] : []
  )

/**
 * Reads one section; `title` is how the section is written in the file, `yaml` what it asked clouds.yaml for, as far as that
 * was read.
 */
export const readCloud = (
  title: string,
  written: Settings,
  yaml: Either.Either<YamlCloud, ConfigError> | undefined
): Either.Either<ReadCloud, ReadonlyArray<ConfigProblem>> => {
  const files = [...new Set([...written.values()].map(({ place }) => place.file))]
  if (yamlRequestOf(written) === undefined) {
    return Either.map(readMerged(title, title, written, files), ({ cloud, warnings }) => ({
      cloud,
      warnings: [...warnings, ...withoutYaml(title, written)]
    }))
  }
  if (yaml === undefined) {
    const key = written.has("use-clouds") ? "use-clouds" : "cloud"
    return Either.left([problemAt(title, written, key, "clouds.yaml is read for a controller alone")])
  }
  if (Either.isLeft(yaml)) return Either.left(yaml.left.problems)
  const { settings, warnings } = mergeYaml(title, written, yaml.right)
  const owner = `${title} with ${yaml.right.section} of ${yaml.right.file}`
  return Either.map(readMerged(title, owner, settings, [...files, ...yaml.right.files]), (read) => ({
    cloud: read.cloud,
    warnings: [...yaml.right.warnings, ...warnings, ...read.warnings]
  }))
}
