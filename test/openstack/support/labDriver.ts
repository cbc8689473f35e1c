import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect } from "effect"
import { parseOptions } from "../../../src/main/options.ts"
import { startDriver } from "../../../src/main/serve.ts"

/**
 * The driver as one of the lab's servers: `labDriver DEV-ROOT METADATA-URL FLAG...`. All but the place of the devices and
 * of the metadata is what the shipped program does; the lab's disks are loop devices, which carry no serial.
 */
const [devRoot = "", metadataUrl = "", ...argv] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const options = yield* parseOptions(argv, process.env)
  if (options._tag !== "Options") return yield* Effect.dieMessage("flags of a serving driver are expected")
  yield* startDriver(options, {
    host: { devRoot, identity: "loop-backing-file" },
    metadata: { baseUrls: [metadataUrl] }
  })
  return yield* Effect.never
})

NodeRuntime.runMain(
  program.pipe(
    Effect.scoped,
    Effect.tapError((error) => Console.error(error.message)),
    Effect.provide(NodeFileSystem.layer)
  ),
  { disableErrorReporting: true, disablePrettyLogger: true }
)
