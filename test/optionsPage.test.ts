import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { chartGaps } from "../scripts/docs/chartSection.ts"
import { chartValues } from "../scripts/docs/chartValues.ts"
import { optionsPage } from "../scripts/docs/optionsPage.ts"
import { subcommandHelp } from "../scripts/docs/subcommandHelp.ts"
import { parseEntries, readCloudConf, requireClouds } from "../src/adapters/config/CloudConf.ts"
import { keyNotes } from "../src/adapters/config/keyNotes.ts"
import { sections } from "../src/adapters/config/keys.ts"
import { defaultMetadataOptions } from "../src/adapters/metadata/InstanceMetadata.ts"
import { snapshotParameterNotes, volumeParameterNotes } from "../src/domain/decisions/parameterNotes.ts"
import { readSnapshotParameters, readVolumeParameters } from "../src/domain/decisions/parameters.ts"
import { environmentNotes } from "../src/main/environmentNotes.ts"
import { type Flag, flagNames, flags } from "../src/main/flags.ts"
import { parseOptions } from "../src/main/options.ts"
import { reveal } from "./adapters/config/reveal.ts"

const project = join(import.meta.dirname, "..")
const read = (path: string) => readFileSync(join(project, path), "utf8")
const page = read("docs/options.md")
const values = read("deploy/charts/openstack-cinder-csi/values.yaml")
const firstCells = [...page.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell ?? "").join(" ")

/** Everything that cloud.conf says to this driver, with all that is not in the file left to the driver. */
const confOf = (text: string) =>
  Either.getOrThrow(
    Either.gen(function* () {
      const files = [{ path: "cloud.conf", text }]
      const conf = yield* readCloudConf(["cloud.conf"], yield* parseEntries(files), new Map())
      const clouds = yield* requireClouds(conf, [""])
      const { blockStorage, failover, telemetry, warnings } = conf
      const requestTimeout = conf.metadata.requestTimeout ?? defaultMetadataOptions.requestTimeout
      const metadata = { ...conf.metadata, requestTimeout }
      return reveal({ clouds: [...clouds], blockStorage, metadata, telemetry, failover, warnings })
    })
  )

const base = "[Global]\nauth-url = http://keystone:5000\nuser-id = u\npassword = p\n"

const presetKeys = Object.entries(keyNotes).flatMap(([section, notes]) =>
  Object.entries(notes).flatMap(([key, note]) =>
    note.default === undefined ? [] : [{ section, key, preset: note.default }]
  )
)

/** Read in places other than these two forms, a variable escapes; both are what the sources use. */
const variablesIn = (source: string): ReadonlyArray<string> =>
  [...source.matchAll(/\benv\["(\w+)"\]|\bfirstSet\(env, ([^)]*)\)/g)].flatMap(([, name, list]) =>
    name === undefined ? [...(list ?? "").matchAll(/"(\w+)"/g)].map(([, listed]) => listed ?? "") : [name]
  )

describe("docs/options.md", () => {
  it.effect("is what `npm run docs:options` makes", () =>
    Effect.map(subcommandHelp, (help) => assert.strictEqual(page, optionsPage(help, values)))
  )

  it.each(Object.values(sections).flatMap(({ fields }) => Object.keys(fields)))("has a row for the key %s", (key) =>
    assert.include(firstCells, `\`${key}\``)
  )

  it.each(flagNames)("has a row for the flag %s", (flag) =>
    assert.include(firstCells, flag.length === 1 ? `\`-${flag}\`` : `\`--${flag}\``)
  )

  it.each(presetKeys)(
    "names a default that changes nothing where it is written: [$section] $key",
    ({ section, key, preset }) =>
      assert.deepStrictEqual(confOf(`${base}[${section}]\n${key} = ${preset}\n`), confOf(base))
  )

  it("names defaults of flags that change nothing where they are written", () => {
    const command = ["--endpoint=unix:///csi/csi.sock", "--cloud-config=cloud.conf"]
    const written = flagNames.flatMap((name) => {
      const flag: Flag = flags[name]
      return flag.default === undefined ? [] : [`--${name}=${flag.default}`]
    })
    assert.isAbove(written.length, 5)
    assert.deepStrictEqual(parseOptions([...command, ...written], {}), parseOptions(command, {}))
  })

  it("names defaults of parameters that change nothing where they are written", () => {
    for (const [key, { default: preset }] of Object.entries(volumeParameterNotes)) {
      if (preset !== undefined)
        assert.deepStrictEqual(readVolumeParameters({ [key]: preset }, []), readVolumeParameters({}, []))
    }
    const backup = { type: "backup" }
    for (const [key, { default: preset }] of Object.entries(snapshotParameterNotes)) {
      if (preset !== undefined)
        assert.deepStrictEqual(
          [readSnapshotParameters({ [key]: preset }), readSnapshotParameters({ [key]: preset, ...backup })],
          [readSnapshotParameters({}), readSnapshotParameters(backup)]
        )
    }
  })

  it("explains every value of the chart, and none that is not there", () => {
    assert.deepStrictEqual(chartGaps(values), [])
    assert.isAbove(chartValues(values).length, 80)
  })

  it("has every variable of the environment that the program reads, and no other", () => {
    const sources = readdirSync(join(project, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.includes("gen"))
      .map((file) => read(join("src", file)))
    assert.deepStrictEqual([...new Set(sources.flatMap(variablesIn))].sort(), Object.keys(environmentNotes).sort())
  })
})
