import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { checkTool, formatTool, growTool } from "../../src/adapters/host/filesystems.ts"
import { fileSystems } from "../../src/domain/Capability.ts"
import { version } from "../../src/main/version.ts"
import { commandLine, configOf, filesOf, noImage, targets } from "../image/images.ts"
import { makePod } from "../image/sandbox.ts"
import { liveUnless } from "./support/needs.ts"

const built = liveUnless(noImage)

describe("the image", () => {
  for (const target of targets) {
    built(
      `P-1 starts the program at /bin/cinder-csi-plugin as the first of a container's arguments: ${target}`,
      Effect.gen(function* () {
        assert.deepStrictEqual(configOf(target).config.Entrypoint ?? [], [])
        const pod = yield* makePod({ target })
        const { status, stdout, stderr } = pod.run(commandLine(target, ["/bin/cinder-csi-plugin", "--version"]))
        assert.strictEqual(status, 0, stderr)
        assert.strictEqual(stdout.trim(), version)
      })
    )
  }

  for (const fileSystem of fileSystems) {
    built(
      `P-39 has what makes, checks and grows ${fileSystem}`,
      Effect.sync(() => {
        const tools = [
          formatTool(fileSystem, "/dev/vdb", undefined, []),
          checkTool(fileSystem, "/dev/vdb"),
          growTool(fileSystem, "/dev/vdb", "/mnt")
        ]
        const files = filesOf("node")
        for (const { program } of tools.flatMap((tool) => tool ?? [])) {
          assert.isTrue(files.includes(`/usr/sbin/${program}`) || files.includes(`/usr/bin/${program}`), program)
        }
      })
    )
  }
})
