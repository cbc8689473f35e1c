import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { live, startWired } from "../support/wiredDriver.ts"

describe("the process and its socket", () => {
  live(
    "P-6 Probe succeeds while Keystone cannot be reached",
    Effect.gen(function* () {
      const { csi } = yield* startWired(
        "[Global]\nauth-url = http://127.0.0.1:9\nuser-id = u\npassword = p\ntenant-id = t\n"
      )
      assert.notStrictEqual((yield* csi.probe()).ready, false)
    })
  )
})
