import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { walkDevice } from "../../src/domain/deviceWalk.ts"
import type { LookingOptions } from "../../src/domain/looking.ts"
import { HostReading } from "../../src/ports/HostReading.ts"
import { record } from "../support/audit.ts"
import { consultJson, findingIn } from "../support/doctor.ts"
import { type LoopDisk, makeDisk, newFolder, onHost, Scratch, sh } from "./loopDisks.ts"

const digestOf = (file: string) =>
  Effect.async<string>((resume) => {
    const hash = createHash("sha256")
    createReadStream(file)
      .on("data", (chunk) => void hash.update(chunk))
      .on("end", () => resume(Effect.succeed(hash.digest("hex"))))
  })

/** What staging at the path would do, and that looking has left the disk as it was. */
const stagedAt = (disk: LoopDisk, path: string) =>
  Effect.gen(function* () {
    const before = yield* digestOf(disk.file)
    const options: LookingOptions = {
      driver: "d",
      limit: Duration.seconds(10),
      nodeName: "n",
      lookHere: true,
      cluster: "",
      withTopology: true,
      ignoreVolumeZone: false,
      formatNoise: false,
      uuidGuard: "refuse",
      stagingPathOf: () => path,
      withoutCluster: "",
      withoutCloud: ""
    }
    const walk = walkDevice(options, disk.volume, record({ volumeId: disk.volume }), undefined)
    const report = yield* Effect.provide(walk, HostReading.layer)
    assert.strictEqual(yield* digestOf(disk.file), before)
    const [replay] = report.replays
    return { answer: replay?.answer, findings: report.findings.map(({ id, status }) => `${id} ${status}`) }
  })

describe("the doctor on a node with real disks", () => {
  it.live("tells what staging would do from any state of the disk, and writes nothing", () =>
    onHost(
      Effect.gen(function* () {
        const disk = yield* makeDisk(64)
        const path = yield* newFolder("globalmount")
        const blank = yield* stagedAt(disk, path)
        assert.deepStrictEqual(blank.findings, ["node.device ok", "node.mounts warning", "node.stage warning"])
        assert.deepStrictEqual(blank.answer, { _tag: "Acts", deed: `make an ext4 on ${disk.loop}, which is blank` })
        sh("mkfs.ext4", "-q", disk.loop)
        const made = yield* stagedAt(disk, path)
        assert.deepStrictEqual(made.answer, { _tag: "Acts", deed: `check the ext4 on ${disk.loop}` })
        sh("mount", disk.loop, path)
        const mounted = yield* stagedAt(disk, path)
        assert.deepStrictEqual(mounted.answer, { _tag: "Done" })
        assert.deepStrictEqual(mounted.findings, ["node.device ok", "node.mounts ok", "node.stage ok"])
        sh("umount", path)
        sh("mkswap", disk.loop)
        sh("wipefs", "--all", "--types", "ext4", disk.loop)
        assert.strictEqual((yield* stagedAt(disk, path)).answer?._tag, "Refuses")
      })
    )
  )

  it.live("finds a volume's disk and mounts without Kubernetes and without a cloud", () =>
    onHost(
      Effect.gen(function* () {
        const { folder } = yield* Scratch
        const { loop, volume } = yield* makeDisk(64)
        const host = { devRoot: join(folder, "dev"), identity: "loop-backing-file" } as const
        const report = yield* consultJson(["volume", volume, "--node"], {}, { node: { host } })
        assert.include(findingIn(report, "node.device").evidence.join(), loop)
        assert.strictEqual(findingIn(report, "node.mounts").status, "warning")
        assert.strictEqual(report.exitCode, 0)
        const other = yield* consultJson(
          ["volume", "11111111-1111-4111-8111-111111111111", "--node"],
          {},
          { node: { host } }
        )
        assert.strictEqual(other.exitCode, 1)
      }).pipe(Effect.provide(NodeFileSystem.layer))
    )
  )
})
