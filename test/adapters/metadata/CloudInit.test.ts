import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import { agrees, makeCloudInit } from "../../../src/adapters/metadata/CloudInit.ts"
import { asUuid } from "../../../src/adapters/metadata/Source.ts"
import { machine } from "./machine.ts"
import { otherId, serverId } from "./metadataServer.ts"

describe("cloud-init's note", () => {
  it.live("is believed where no firmware id contradicts it", () =>
    Effect.gen(function* () {
      const { roots, note } = yield* machine
      note(serverId.toUpperCase())
      assert.deepStrictEqual(yield* makeCloudInit(roots).ask, { uuid: serverId, zone: undefined, disks: [] })
    }).pipe(Effect.scoped)
  )

  it.live.each([serverId, serverId.toUpperCase(), "7e4b2f1c-3a9d-514e-8a6b-0f1e2d3c4b5a"])(
    "is believed where the firmware says %s",
    (uuid) =>
      Effect.gen(function* () {
        const { roots, note, firmware } = yield* machine
        note(serverId)
        firmware(uuid)
        assert.strictEqual((yield* makeCloudInit(roots).ask).uuid, serverId)
      }).pipe(Effect.scoped)
  )

  it.live("is not believed where the firmware says otherwise, as after cloning an image", () =>
    Effect.gen(function* () {
      const { roots, note, firmware } = yield* machine
      note(serverId)
      firmware(otherId)
      const { problem } = yield* Effect.flip(makeCloudInit(roots).ask)
      assert.strictEqual(problem, `its instance-id ${serverId} is not the firmware's ${otherId}`)
    }).pipe(Effect.scoped)
  )

  it.live.each(["", "i-0000abcd", "nocloud", "iid-dsopenstack", `${serverId}x`])("is no id if it is %j", (text) =>
    Effect.gen(function* () {
      const { roots, note } = yield* machine
      note(text)
      assert.match((yield* Effect.flip(makeCloudInit(roots).ask)).problem, /not a server's id/)
    }).pipe(Effect.scoped)
  )

  it.live("is missing on a machine without cloud-init", () =>
    Effect.gen(function* () {
      const { roots } = yield* machine
      assert.match((yield* Effect.flip(makeCloudInit(roots).ask)).problem, /ENOENT/)
    }).pipe(Effect.scoped)
  )
})

describe("ids", () => {
  it("agree with themselves whatever their bytes", () => {
    fc.assert(fc.property(fc.uuid(), (id) => agrees(id, id)))
  })

  it("are recognised in any case and never invented", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string(), (id, text) => {
        assert.strictEqual(asUuid(` ${id.toUpperCase()}\n`), id)
        assert.strictEqual(
          asUuid(text),
          /^\s*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\s*$/i.test(text) ? text.trim().toLowerCase() : undefined
        )
      })
    )
  })
})
