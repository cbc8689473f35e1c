import { buffer } from "node:stream/consumers"
import { FileSystem } from "@effect/platform"
import { Console, Effect } from "effect"
import { Ending } from "../Ending.ts"
import { checkFiles, type Given, type GivenFile } from "./checking.ts"
import { manifestOf, mostBytes } from "./manifest.ts"
import { type KeyedFile, readSecretOptions, type SecretOptions } from "./options.ts"
import { writeSecret } from "./writing.ts"

const help = `cinder-csi-plugin secret: makes the Secret that the driver's pods read cloud.conf from.

Checks the file as the driver does when it starts, and prints the Secret for kubectl. What is wrong is told with file, line
and column, and then there is no Secret. Bytes are kept as they are: nothing is rewritten, nothing put in unasked.

  cinder-csi-plugin secret --cloud-config=cloud.conf | kubectl apply -f -
  cinder-csi-plugin secret --cloud-config=cloud.conf --file=ca.pem=/etc/ssl/our-ca.pem | kubectl apply -f -
  cinder-csi-plugin secret --cloud-config=cloud.conf --check

  --cloud-config=FILE   the cloud.conf (default: standard input). It becomes the key cloud.conf; several files keep their
                        names, and the pods name each with --cloud-config
  --file=NAME=PATH      a further file of the Secret, such as a CA or a clouds.yaml, which the pods see as /etc/config/NAME:
                        cloud.conf has to name it so. May be repeated
  --name=NAME           of the Secret (default cloud-config)
  --namespace=NAME      of the Secret (default kube-system)
  --mount=FOLDER        where the pods see the Secret (default /etc/config)
  --check               check alone, and make nothing
  --output=FILE         write the Secret to a file that its owner alone can read, and that is not there yet
  --replace             with --output: put it in the place of one that is there
  --show                print it although standard output is a terminal

Files that cloud.conf names and that are not in the Secret are told on standard error.
Ends with 0 when all is well, 1 when cloud.conf cannot be used, 2 when it could not do its work.`

export interface SecretSurroundings {
  readonly stdin: Effect.Effect<Uint8Array, Error>
  readonly stdinIsTerminal: boolean
  readonly stdoutIsTerminal: boolean
}

const thisProcess = (): SecretSurroundings => ({
  stdin: Effect.map(
    Effect.tryPromise(() => buffer(process.stdin)),
    (bytes) => new Uint8Array(bytes)
  ),
  stdinIsTerminal: process.stdin.isTTY === true,
  stdoutIsTerminal: process.stdout.isTTY === true
})

const cannot = (problem: string) => new Ending({ code: 2, text: `secret: ${problem}` })

const readLimit = "10 seconds"
/** A pipe may wait for a person who types a passphrase. */
const pipeLimit = "5 minutes"

const readFile = ({ key, path }: KeyedFile) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.readFile(path)).pipe(
    Effect.mapBoth({
      onSuccess: (bytes): GivenFile => ({ key, path, bytes }),
      onFailure: ({ message }) => cannot(`${path} cannot be read: ${message}`)
    }),
    Effect.timeoutFail({ duration: readLimit, onTimeout: () => cannot(`${path} could not be read in ${readLimit}`) })
  )

const fromStdin = ({ stdin, stdinIsTerminal }: SecretSurroundings) =>
  stdinIsTerminal
    ? cannot("name the file with --cloud-config, or pass it on standard input")
    : stdin.pipe(
        Effect.mapBoth({
          onSuccess: (bytes): GivenFile => ({ key: "cloud.conf", path: "standard input", bytes }),
          onFailure: () => cannot("standard input cannot be read")
        }),
        Effect.timeoutFail({ duration: pipeLimit, onTimeout: () => cannot(`nothing came on standard input`) })
      )

const give = (options: SecretOptions, surroundings: SecretSurroundings) =>
  Effect.gen(function* () {
    const { cloudConfig, files, mount } = options
    const configs =
      cloudConfig.length === 0 ? [yield* fromStdin(surroundings)] : yield* Effect.forEach(cloudConfig, readFile)
    const given: Given = { configs, others: yield* Effect.forEach(files, readFile), mount }
    return given
  })

/** Refused before anything is read, so that nobody waits in vain. */
const refusalOf = ({ check, output, show }: SecretOptions, { stdoutIsTerminal }: SecretSurroundings) =>
  stdoutIsTerminal && !check && !show && output === undefined
    ? cannot(
        "standard output is a terminal, and a Secret is not for eyes; add --output=FILE, | kubectl apply -f -, or --show"
      )
    : undefined

const deliver = (options: SecretOptions, { configs, others }: Given) =>
  Effect.gen(function* () {
    const { name, namespace, output, replace } = options
    const data = new Map([...configs, ...others].map(({ key, bytes }) => [key, bytes]))
    const size = [...data.values()].reduce((sum, bytes) => sum + bytes.length, 0)
    if (size > mostBytes) return yield* cannot(`a Secret holds ${mostBytes} bytes at most, and the files have ${size}`)
    const manifest = manifestOf({ name, namespace, data })
    if (output === undefined) return yield* Console.log(manifest)
    yield* Effect.mapError(writeSecret(output, `${manifest}\n`, replace), (error) =>
      cannot(
        error._tag === "SystemError" && error.reason === "AlreadyExists"
          ? `${output} is there already; --replace puts the Secret in its place`
          : `${output} cannot be written: ${error.message}`
      )
    )
    yield* Console.error(`cinder-csi-plugin: Secret ${namespace}/${name} is in ${output}`)
  })

/** Makes the Secret as the flags say. */
export const runSecret = (argv: ReadonlyArray<string>, surroundings: SecretSurroundings = thisProcess()) =>
  Effect.gen(function* () {
    const options = yield* Effect.mapError(
      readSecretOptions(argv),
      ({ message }) => new Ending({ code: 2, text: message })
    )
    if (options === undefined) return yield* Console.log(help)
    const refusal = refusalOf(options, surroundings)
    if (refusal !== undefined) return yield* refusal
    const given = yield* give(options, surroundings)
    const { clouds, warnings } = yield* Effect.mapError(
      checkFiles(given),
      ({ message }) => new Ending({ code: 1, text: `secret: cloud.conf cannot be used:\n${message}` })
    )
    yield* Effect.forEach(warnings, (warning) => Console.error(`warning: ${warning}`), { discard: true })
    if (!options.check) return yield* deliver(options, given)
    yield* Console.log(`cloud.conf can be used: ${clouds.length === 0 ? "no cloud was checked" : clouds.join(", ")}`)
  })
