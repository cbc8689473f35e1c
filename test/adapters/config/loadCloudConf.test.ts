import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { loadCloudConf } from "../../../src/adapters/config/loadCloudConf.ts"
import { cloudsYamlSearch } from "../../../src/adapters/config/loadYamlCloud.ts"
import { describeProblem } from "../../../src/adapters/config/problems.ts"
import { inFolder } from "./inFolder.ts"

const refuse = { missingFiles: "refuse", cloudsYaml: cloudsYamlSearch({}) } as const
const skip = { missingFiles: "skip" } as const

describe("loadCloudConf", () => {
  it.live("merges the files in the order given", () =>
    inFolder((_, write) =>
      Effect.gen(function* () {
        const a = yield* write("a", "[Metadata]\nsearch-order=configDrive\n[BlockStorage]\nrescan-on-resize=yes")
        const b = yield* write("b", "[Metadata]\nsearch-order=metadataService")
        const conf = yield* loadCloudConf([a, b], refuse)
        assert.deepStrictEqual(conf.files, [a, b])
        assert.deepStrictEqual(conf.metadata.searchOrder, ["metadataService"])
        assert.isTrue(conf.blockStorage.rescanOnResize)
      })
    )
  )

  it.live("names a missing file, for a controller", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(loadCloudConf([`${folder}/none`], refuse))
        assert.strictEqual(error.message, `${folder}/none: does not exist`)
      })
    )
  )

  it.live("goes on without a missing file, for a node, and says so", () =>
    inFolder((folder, write) =>
      Effect.gen(function* () {
        const there = yield* write("there", "[BlockStorage]\nrescan-on-resize=yes")
        const conf = yield* loadCloudConf([`${folder}/none`, there], skip)
        assert.isTrue(conf.blockStorage.rescanOnResize)
        assert.deepStrictEqual(conf.files, [there])
        assert.deepStrictEqual(conf.warnings.map(describeProblem), [`${folder}/none: does not exist`])
      })
    )
  )

  it.live("refuses a folder in place of a file, also for a node", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(loadCloudConf([folder], skip))
        assert.match(error.message, new RegExp(`^${folder}: cannot be read: `))
      })
    )
  )

  it.live("refuses text that is not UTF-8 rather than change a password", () =>
    inFolder((_, write) =>
      Effect.gen(function* () {
        const latin = yield* write("latin", Uint8Array.from([0x5b, 0x41, 0x5d, 0x0a, 0xe9]))
        const error = yield* Effect.flip(loadCloudConf([latin], skip))
        assert.strictEqual(error.message, `${latin}: is not UTF-8 text`)
      })
    )
  )

  it.live("refuses a bad file with its path", () =>
    inFolder((_, write) =>
      Effect.gen(function* () {
        const bad = yield* write("bad", "[Global")
        const error = yield* Effect.flip(loadCloudConf([bad], skip))
        assert.include(error.message, `${bad}:1:8: expected ]`)
      })
    )
  )
})
