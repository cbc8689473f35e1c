import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { pretendedMachine } from "../support/pretendedMachine.ts"
import { live } from "../support/wiredDriver.ts"
import { onNode } from "./support/onNode.ts"
import { pairsOf, regionKey, term, zoneKey } from "./support/topology.ts"

describe("a node", () => {
  const limitOf = (lines: string, sysRoot?: string) =>
    Effect.flatMap(onNode(`[BlockStorage]\n${lines}\n`, [], "nova", sysRoot), (csi) =>
      Effect.map(csi.nodeGetInfo(), ({ maxVolumesPerNode }) => maxVolumesPerNode)
    )

  for (const { lines, is } of [
    { lines: "", is: 256n },
    { lines: "node-volume-attach-limit = 24", is: 24n },
    { lines: "node-volume-attach-limit = 256", is: 256n },
    { lines: "node-volume-attach-limit = 257", is: 256n },
    { lines: "node-volume-attach-limit = -1", is: 256n },
    { lines: "node-volume-attach-limit = 0", is: 0n }
  ]) {
    live(
      `P-11 takes ${is === 0n ? "any number of" : is} volumes with ${JSON.stringify(lines)}`,
      Effect.map(limitOf(lines), (limit) => assert.strictEqual(limit, is))
    )
  }

  const oneFreePort = Effect.map(pretendedMachine, ({ rootPort, sysRoot, virtioBlk }) => {
    virtioBlk("vda", rootPort(0).plug("virtio-pci"))
    rootPort(1)
    return sysRoot
  })

  for (const { lines, is } of [
    { lines: "", is: 1n },
    { lines: "node-volume-attach-limit-from-guest = false", is: 256n },
    { lines: "node-volume-attach-limit = 24", is: 24n },
    { lines: "node-volume-attach-limit = 0", is: 0n },
    { lines: "node-volume-attach-limit = 24\nnode-volume-attach-limit-from-guest = true", is: 1n }
  ]) {
    live(
      `P-11 with one place for a disk says ${is} with ${JSON.stringify(lines)}`,
      Effect.gen(function* () {
        assert.strictEqual(yield* limitOf(lines, yield* oneFreePort), is)
      })
    )
  }

  for (const { zone, label } of [
    { zone: "nova", label: "nova" },
    { zone: "Zone_1.a-b", label: "Zone_1.a-b" },
    { zone: "my zone", label: "my-zone" },
    { zone: "rack  #7 / row 2", label: "rack-7-row-2" },
    { zone: "_(zürich)_", label: "z-rich" },
    { zone: "z".repeat(70), label: "z".repeat(63) },
    { zone: `${"z".repeat(62)} tail`, label: `${"z".repeat(62)}-` }
  ]) {
    live(
      `P-30 in zone ${JSON.stringify(zone)} is labelled as the Go driver does`,
      Effect.gen(function* () {
        const { accessibleTopology } = yield* (yield* onNode("", [], zone)).nodeGetInfo()
        assert.deepStrictEqual(Object.fromEntries(accessibleTopology?.segments ?? []), { [zoneKey]: label })
      })
    )
  }

  live(
    "P-30 adds the pairs of --additional-topology unchanged, of which its zone wins",
    Effect.gen(function* () {
      const pairs = ["example.com/Rack=A 7", `${regionKey}=one`]
      const csi = yield* onNode("", [`--additional-topology=${pairs.join(",")}`])
      const { accessibleTopology } = yield* csi.nodeGetInfo()
      assert.deepStrictEqual(Object.fromEntries(accessibleTopology?.segments ?? []), {
        [zoneKey]: "nova",
        "example.com/Rack": "A 7",
        [regionKey]: "one"
      })
      const named = yield* onNode("", [`--additional-topology=${zoneKey}=mine`])
      assert.deepStrictEqual(pairsOf([(yield* named.nodeGetInfo()).accessibleTopology ?? term({})]), [
        { [zoneKey]: "mine" }
      ])
    })
  )

  live(
    "P-30 says nothing of its place with --with-topology=false",
    Effect.gen(function* () {
      const csi = yield* onNode("", ["--with-topology=false", `--additional-topology=${regionKey}=one`])
      assert.isUndefined((yield* csi.nodeGetInfo()).accessibleTopology)
    })
  )
})
