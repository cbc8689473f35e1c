import { basename } from "node:path"
import { Effect } from "effect"
import { readFlags, SubcommandRefusal } from "../subcommand.ts"
import { keyProblem, nameProblem } from "./manifest.ts"

export const command = "secret"

/** A file, and the key of the Secret that holds it. */
export interface KeyedFile {
  readonly key: string
  readonly path: string
}

export interface SecretOptions {
  /** Empty: the file comes on standard input. */
  readonly cloudConfig: ReadonlyArray<KeyedFile>
  /** What is put in beside. */
  readonly files: ReadonlyArray<KeyedFile>
  readonly name: string
  readonly namespace: string
  /** Where the pods see the Secret, without a slash at its end. */
  readonly mount: string
  readonly check: boolean
  readonly output: string | undefined
  readonly replace: boolean
  readonly show: boolean
}

const refusing = (problem: string) => new SubcommandRefusal({ command, problem })

/** `NAME=PATH`, or a path whose last part is the name. */
const keyedFile = (text: string): KeyedFile => {
  const at = text.indexOf("=")
  return at === -1 ? { key: basename(text), path: text } : { key: text.slice(0, at), path: text.slice(at + 1) }
}

/** One file is `cloud.conf`, as the manifests name it; several keep their own names. */
const configFiles = (paths: ReadonlyArray<string>): ReadonlyArray<KeyedFile> =>
  paths.map((path) => ({ key: paths.length === 1 ? "cloud.conf" : basename(path), path }))

const problemIn = (options: SecretOptions): string | undefined => {
  const keys = [...options.cloudConfig, ...options.files].map(({ key }) => key)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) return `two files would be ${twice} in the Secret; give other names with --file=NAME=PATH`
  if (options.files.some(({ path }) => path === "")) return "--file takes NAME=PATH, or a path"
  if (!options.mount.startsWith("/"))
    return "--mount takes the folder where the pods see the Secret, such as /etc/config"
  if (options.replace && options.output === undefined) return "--replace goes with --output"
  if (options.check && (options.show || options.output !== undefined)) return "--check makes no Secret to show or write"
  return [nameProblem("name", options.name), nameProblem("namespace", options.namespace), ...keys.map(keyProblem)].find(
    (problem) => problem !== undefined
  )
}

/** Undefined when help is asked for. */
export const readSecretOptions = (
  argv: ReadonlyArray<string>
): Effect.Effect<SecretOptions | undefined, SubcommandRefusal> =>
  Effect.gen(function* () {
    const flags = yield* readFlags(command, argv, {
      help: { type: "boolean" },
      "cloud-config": { type: "string", multiple: true },
      file: { type: "string", multiple: true },
      name: { type: "string" },
      namespace: { type: "string" },
      mount: { type: "string" },
      check: { type: "boolean" },
      output: { type: "string" },
      replace: { type: "boolean" },
      show: { type: "boolean" }
    })
    if (flags.help) return undefined
    const paths = (flags["cloud-config"] ?? []).flatMap((list) => list.split(",")).filter((path) => path !== "")
    const options: SecretOptions = {
      cloudConfig: configFiles(paths),
      files: (flags.file ?? []).map(keyedFile),
      name: flags.name ?? "cloud-config",
      namespace: flags.namespace ?? "kube-system",
      mount: (flags.mount ?? "/etc/config").replace(/(?<=.)\/+$/, ""),
      check: flags.check ?? false,
      output: flags.output || undefined,
      replace: flags.replace ?? false,
      show: flags.show ?? false
    }
    const problem = problemIn(options)
    return problem === undefined ? options : yield* refusing(problem)
  })
