import { assert, describe, it } from "@effect/vitest"
import { selinuxLabel } from "../../../src/domain/decisions/selinux.ts"

const type = "system_u:object_r:container_file_t:s0"

describe("selinuxLabel", () => {
  for (const [what, options, expected] of [
    ["none", ["rw", "noatime"], undefined],
    ["a label of another kind", [`fscontext="${type}"`], undefined],
    ["without categories", [`context=${type}`, "noatime"], type],
    ["quoted", ["noatime", `context="${type}:c1,c5"`], `${type}:c1,c5`],
    ["split at its commas", ["rw", `context=${type}:c1`, "c5", "noatime"], `${type}:c1,c5`],
    ["quoted and split", ["rw", `context="${type}:c1`, 'c5"', "noatime"], `${type}:c1,c5`],
    ["in another order", [`context="${type}:c5,c1"`], `${type}:c1,c5`],
    ["joined", [`context="${type}:c5.c7"`], `${type}:c5,c6,c7`]
  ] as const) {
    it(what, () => assert.strictEqual(selinuxLabel(options), expected))
  }
})
