import { Either } from "effect"
import type { ZoneMap } from "../../domain/Topology.ts"
import { type Auth, chooseAuth } from "./auth.ts"
import { type EndpointType, GlobalKeys, type GlobalSettings } from "./keys.ts"
import type { ConfigProblem, ConfigWarning } from "./problems.ts"
import { decodeSettings, type Settings } from "./settings.ts"

export interface TlsSettings {
  /** Path of a PEM bundle that replaces the system's roots. */
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

/** Reads one section; `title` is how the section is written in the file. */
export const readCloud = (
  title: string,
  settings: Settings
): Either.Either<
  { readonly cloud: Cloud; readonly warnings: ReadonlyArray<ConfigWarning> },
  ReadonlyArray<ConfigProblem>
> => {
  const file = [...settings.values()][0]?.place.file
  const place = file === undefined ? undefined : { file, line: undefined }
  const whole = (problem: string): ConfigProblem => ({ place, section: title, key: undefined, problem })
  const at = (key: string, problem: string): ConfigProblem => ({
    place: settings.get(key)?.place,
    section: title,
    key,
    problem
  })
  return Either.flatMap(decodeSettings(GlobalKeys, title, settings), (written) => {
    const yaml = (["use-clouds", "cloud"] as const).find((key) => written[key])
    if (yaml !== undefined) {
      const advice = "reading credentials from clouds.yaml is not supported yet; write them into this section"
      return Either.left([at(yaml, advice)])
    }
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
        zoneMap: written["availability-zone-map"] ?? new Map()
      },
      warnings: [
        ...choice.right.unused.map(({ key, reason }) => at(key, reason)),
        ...(choice.right.auth._tag === "Token"
          ? [at("token", "cannot be renewed: the driver loses the cloud when it expires")]
          : []),
        ...(stillVerifies
          ? [at("tls-insecure", "does not switch verification off: only the exact text true does")]
          : []),
        ...(written["clouds-file"] ? [at("clouds-file", "has no effect without use-clouds")] : [])
      ]
    })
  })
}
