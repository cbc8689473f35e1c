import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { FileSystem } from "@effect/platform"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, LogLevel, Schema, type Scope } from "effect"
import {
  type DiskBackend,
  layerNoDisks,
  makeOpenStackHttp,
  type OpenStackHttp,
  type OpenStackHttpOptions,
  type WorldOptions
} from "../../src/adapters/memory/index.ts"
import { makeWorld } from "../../src/adapters/memory/worldLayer.ts"
import { type DoctorSurroundings, runDoctor } from "../../src/main/doctor/doctor.ts"
import { DoctorReport } from "../../src/main/doctor/reportJson.ts"
import { cloudConf, temporaryFolder } from "./wiredDriver.ts"

type Environment = Readonly<Record<string, string | undefined>>

const decode = Schema.decodeUnknownSync(Schema.parseJson(DoctorReport))

/** Runs the doctor and answers with all that it said. */
export const consult = (argv: ReadonlyArray<string>, env: Environment = {}, surroundings: DoctorSurroundings = {}) =>
  Effect.gen(function* () {
    const said: Record<"out" | "err", Array<string>> = { out: [], err: [] }
    const code = yield* runDoctor(argv, env, {
      face: {
        out: (text) => Effect.sync(() => void said.out.push(text)),
        err: (text) => Effect.sync(() => void said.err.push(text)),
        paper: { colours: false, columns: 100 },
        isWatched: false
      },
      ...surroundings
    })
    return { code, out: said.out.join(""), err: said.err.join("") }
  })

/** The report that programs read, which has to be of its documented form. */
export const consultJson = (
  argv: ReadonlyArray<string>,
  env: Environment = {},
  surroundings: DoctorSurroundings = {}
) => Effect.map(consult([...argv, "--json"], env, surroundings), ({ out }) => decode(out))

export const findingIn = ({ findings }: DoctorReport, id: string) => {
  const found = findings.find((finding) => finding.id === id)
  assert.isDefined(found, `${id} is among ${findings.map((finding) => finding.id).join(", ")}`)
  return found ?? assert.fail(id)
}

export const statusIn = (report: DoctorReport, id: string) => findingIn(report, id).status

/** A cloud in memory that speaks HTTP, with a cloud.conf for it. */
export const cloudToAsk = (
  world: WorldOptions = {},
  http: Omit<OpenStackHttpOptions, "world"> = {},
  conf: (authUrl: string) => string = (authUrl) => cloudConf(authUrl)
) =>
  Effect.gen(function* () {
    const made = yield* makeWorld(world)
    const cloud = yield* makeOpenStackHttp({ ...http, world: made })
    const folder = yield* temporaryFolder
    const config = join(folder, "cloud.conf")
    yield* Effect.promise(() => writeFile(config, conf(cloud.authUrl)))
    return { cloud, world: made, config, folder }
  })

/** Nothing but GET reached the cloud, besides logins. */
export const assertOnlyReads = ({ requests }: OpenStackHttp) =>
  Effect.map(requests.recent, (all) => {
    const others = all.filter(({ method, target }) => method !== "GET" && !target.endsWith("/auth/tokens"))
    assert.deepStrictEqual(others, [])
  })

/** A test in real time. */
export const inTheCloud = (
  name: string,
  test: Effect.Effect<void, unknown, Scope.Scope | FileSystem.FileSystem | DiskBackend>
) =>
  it.live(name, () =>
    test.pipe(
      Effect.scoped,
      Effect.provide(Layer.merge(NodeFileSystem.layer, layerNoDisks)),
      Logger.withMinimumLogLevel(LogLevel.None)
    )
  )
