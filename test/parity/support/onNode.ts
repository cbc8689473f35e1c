import { Effect } from "effect"
import { makeOpenStackHttp } from "../../../src/adapters/memory/http/makeOpenStackHttp.ts"
import { makeHostMemory, makeWorld } from "../../../src/adapters/memory/index.ts"
import { startWired } from "../../support/wiredDriver.ts"

/** No disk and no slot, whatever machine the tests run on. */
const noMachine = "/nowhere"

/** A node alone, whose metadata say that it is in this zone of Nova. */
export const onNode = (conf: string, flags: ReadonlyArray<string> = [], zone = "nova", sysRoot = noMachine) =>
  Effect.gen(function* () {
    const memory = yield* makeHostMemory()
    const world = yield* makeWorld({ serverZones: [zone], servers: [{ name: "node-1" }] }).pipe(
      Effect.provide(memory.layerDisks)
    )
    const { metadataUrl } = yield* makeOpenStackHttp({ world })
    const { csi } = yield* startWired(conf, ["--provide-controller-service=false", ...flags], {
      host: { sysRoot },
      metadata: { searchOrder: ["metadataService"], baseUrls: [metadataUrl] }
    })
    return csi
  })
