import { mkdtemp, open, readdir, readFile, realpath, rmdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { Effect, Either, Option, Schema } from "effect"
import { bounded } from "../process/bounded.ts"
import { type Command, expectSuccess, mutate, read } from "../process/Command.ts"
import { hostProgram } from "../process/programs.ts"
import {
  documentLimit,
  documentPath,
  parseMetaData,
  problemOf,
  type Source,
  SourceFailure,
  type Told
} from "./Source.ts"

export interface ConfigDriveOptions {
  readonly devRoot: string
  readonly sysRoot: string
  /** The types it may have, in the order in which they are tried. */
  readonly fileSystems: ReadonlyArray<string>
}

const label = "config-2"
/** Nova makes it of 64 MiB at most, and no Cinder volume is that small: a tenant's disk with this label is never believed. */
const sizeLimit = 64n * 1024n * 1024n
const fileLimit = "5 seconds"
const commandLimit = "15 seconds"

const attempt = <A>(what: string, act: () => Promise<A>): Effect.Effect<A, SourceFailure> => {
  const failed = (why: string) => new SourceFailure({ problem: `could not ${what}: ${why}` })
  return bounded(Effect.tryPromise({ try: act, catch: (error) => failed(problemOf(error)) }), fileLimit).pipe(
    Effect.flatMap(
      Option.match({ onNone: () => failed("no answer in time"), onSome: (answer) => Effect.succeed(answer) })
    )
  )
}

const runs = (command: Command) =>
  read(command).pipe(Effect.mapError(({ message }) => new SourceFailure({ problem: message })))

const changes = (command: Command) =>
  mutate(command).pipe(
    Effect.flatMap(expectSuccess(command)),
    Effect.mapError(({ message }) => new SourceFailure({ problem: message }))
  )

/** udev's links, whatever their case: vfat may shout its labels. */
const linked = (devRoot: string) =>
  attempt("look for its label", async () => {
    const folder = join(devRoot, "disk", "by-label")
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.toLowerCase() === label)
    return Promise.all(names.map((name) => realpath(join(folder, name))))
  })

/** Where no udev runs, every disk has to be looked at. */
const probed = Effect.forEach([label, label.toUpperCase()], (text) =>
  Effect.map(
    runs({
      operation: "look for a config drive",
      ...hostProgram("blkid"),
      args: ["-c", "/dev/null", "-t", `LABEL=${text}`, "-o", "device"],
      timeLimit: commandLimit
    }),
    ({ stdout }) => stdout.split("\n").filter((line) => line.startsWith("/"))
  )
).pipe(Effect.map((found) => found.flat()))

const findmnt = Schema.decodeUnknownEither(
  Schema.parseJson(Schema.Struct({ filesystems: Schema.Array(Schema.Struct({ target: Schema.String })) }))
)

/** Where the drive is mounted already, cloud-init's doing as a rule. */
const mountedAt = (device: string) =>
  Effect.map(
    runs({
      operation: "see whether the config drive is mounted",
      ...hostProgram("findmnt"),
      args: ["--json", "--output", "TARGET", "--source", device],
      timeLimit: commandLimit
    }),
    ({ stdout }) => Either.getOrUndefined(findmnt(stdout))?.filesystems[0]?.target
  )

const documentBelow = (folder: string) =>
  attempt("read the config drive", async () => {
    const file = await open(join(folder, documentPath), "r")
    try {
      const { size } = await file.stat()
      if (size > documentLimit) throw new Error("its meta_data.json is larger than 1 MiB")
      return await file.readFile("utf8")
    } finally {
      await file.close()
    }
  }).pipe(Effect.flatMap(parseMetaData))

const privateFolder = Effect.acquireRelease(
  attempt("make a folder to mount the config drive", () => mkdtemp(join(tmpdir(), "config-drive-"))),
  (folder) => Effect.ignoreLogged(attempt("remove the folder of the config drive", () => rmdir(folder)))
)

const mounted = (device: string, folder: string, fileSystems: ReadonlyArray<string>) => {
  const command = (fileSystem: string): Command => ({
    operation: `mount the config drive as ${fileSystem}`,
    ...hostProgram("mount"),
    args: ["-t", fileSystem, "-o", "ro,nosuid,nodev,noexec", device, folder],
    timeLimit: commandLimit
  })
  const unmount: Command = {
    operation: "unmount the config drive",
    ...hostProgram("umount"),
    args: [folder],
    timeLimit: commandLimit
  }
  return Effect.acquireRelease(
    Effect.validateFirst(fileSystems, (fileSystem) => changes(command(fileSystem))).pipe(
      Effect.mapError((problems) => new SourceFailure({ problem: problems.map(({ problem }) => problem).join(", ") }))
    ),
    () => Effect.ignoreLogged(changes(unmount))
  )
}

export interface ConfigDrive extends Source {
  /** As `ask`, but mounts nothing. */
  readonly askMounted: Source["ask"]
}

/** The config drive of this server (https://docs.openstack.org/nova/latest/user/config-drive.html). */
export const makeConfigDrive = ({ devRoot, sysRoot, fileSystems }: ConfigDriveOptions): ConfigDrive => {
  const sizeOf = (device: string) =>
    attempt("read the size of the config drive", async () => {
      const sectors = await readFile(join(sysRoot, "class", "block", basename(device), "size"), "utf8")
      return BigInt(sectors.trim()) * 512n
    })

  const find = Effect.gen(function* () {
    const links = yield* linked(devRoot)
    const named = links.length > 0 ? links : yield* probed
    const sized = yield* Effect.forEach(new Set(named), (device) =>
      Effect.map(sizeOf(device), (size) => (size <= sizeLimit ? [device] : []))
    )
    const [drive, ...others] = sized.flat()
    if (drive === undefined) {
      const reason = named.length === 0 ? "there is none" : `${named.join(", ")} is too large to be one`
      return yield* new SourceFailure({ problem: reason })
    }
    if (others.length > 0) {
      return yield* new SourceFailure({ problem: `several disks claim to be one: ${[drive, ...others].join(", ")}` })
    }
    return drive
  })

  const ask: Effect.Effect<Told, SourceFailure> = Effect.gen(function* () {
    const device = yield* find
    const already = yield* mountedAt(device)
    if (already !== undefined) return yield* documentBelow(already)
    const folder = yield* privateFolder
    yield* mounted(device, folder, fileSystems)
    return yield* documentBelow(folder)
  }).pipe(Effect.scoped)

  const askMounted: Effect.Effect<Told, SourceFailure> = Effect.gen(function* () {
    const device = yield* find
    const already = yield* mountedAt(device)
    if (already !== undefined) return yield* documentBelow(already)
    return yield* new SourceFailure({ problem: `it is ${device}, which is not mounted; a driver mounts it to read it` })
  })

  return { name: "config drive", ask, askMounted }
}
