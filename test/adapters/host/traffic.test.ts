import { assert, describe, it } from "@effect/vitest"
import { parseTraffic } from "../../../src/adapters/host/traffic.ts"

/** As Linux 6.1 prints it: with discards and flushes behind the eleven figures of all kernels. */
const line =
  "     100        1      800       20       50        2     1600       30        3       40       50 0 0 0 0 7 5\n"

describe("the traffic of a disk", () => {
  it("is read from the kernel's figures, sectors being of 512 bytes", () => {
    assert.deepStrictEqual(parseTraffic(line), {
      reads: 100,
      readBytes: 409_600,
      readSeconds: 0.02,
      writes: 50,
      writtenBytes: 819_200,
      writeSeconds: 0.03,
      inFlight: 3,
      busySeconds: 0.04
    })
  })

  it.each(["", "1 2 3", "a b c d e f g h i j k"])("is unknown where the file says something else: %j", (text) => {
    assert.isUndefined(parseTraffic(text))
  })
})
