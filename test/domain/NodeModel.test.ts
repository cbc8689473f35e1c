import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Fiber, Logger, LogLevel, Option, TestClock, TestContext } from "effect"
import fc from "fast-check"
import type { HostOperation } from "../../src/adapters/memory/HostMemory.ts"
import type { AccessMode } from "../../src/domain/Capability.ts"
import { collapseOf } from "../../src/domain/decisions/mounts.ts"
import type { DomainError } from "../../src/domain/errors.ts"
import type { VolumeId } from "../../src/domain/Volume.ts"
import { createdEmptyKey } from "../../src/domain/volumeContext.ts"
import {
  asText,
  makeNode,
  mountCapability,
  otherVolumeId,
  plugNew,
  publishRequest,
  servicesOn,
  stageRequest,
  text,
  volumeId
} from "./nodeHarness.ts"

const volumes = [volumeId, otherVolumeId] as const
const stagings = ["/kubelet/plugins/a/globalmount", "/kubelet/plugins/b/globalmount"] as const
const targets = ["/kubelet/pods/1/mount", "/kubelet/pods/2/mount", "/kubelet/pods/2/other"] as const
const breakable: ReadonlyArray<HostOperation> = [
  "format",
  "check",
  "mount",
  "bind",
  "grow",
  "unmount",
  "remove",
  "makeDirectory",
  "contentsOf",
  "findDevice",
  "mounts"
]

const volume = fc.constantFrom(...volumes)
const target = fc.constantFrom(...targets)
const mode = fc.oneof(
  { weight: 4, arbitrary: fc.constant<AccessMode>("SINGLE_NODE_MULTI_WRITER") },
  { weight: 2, arbitrary: fc.constant<AccessMode>("SINGLE_NODE_SINGLE_WRITER") },
  { weight: 1, arbitrary: fc.constant<AccessMode>("MULTI_NODE_READER_ONLY") }
)
const fsType = fc.oneof(
  { weight: 4, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom("ext4", "xfs") }
)

/** Kubelet gives each volume a path of its own; now and then a caller mixes them up. */
const staging = fc.oneof(
  { weight: 6, arbitrary: fc.constant("own" as const) },
  { weight: 1, arbitrary: fc.constant("others" as const) }
)

const stagingOf = (id: VolumeId, which: "own" | "others"): string => {
  const isFirst = id === volumeId
  return stagings[isFirst === (which === "own") ? 0 : 1]
}

/** Weighted towards the life of a volume as kubelet leads it, with everything else in between. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("stage" as const), volume, staging, mode, fsType, isNew: fc.boolean() })
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      volume,
      staging,
      target,
      mode,
      readOnly: fc.boolean()
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("write" as const), target, word: fc.string({ minLength: 1, maxLength: 5 }) })
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("unpublish" as const), volume, target }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("unstage" as const), volume, staging }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("expand" as const), volume, staging }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("unplug" as const), volume }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("plug" as const), volume }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("collapse" as const),
      volume,
      how: fc.constantFrom("shutdown" as const, "readOnly" as const)
    })
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stack" as const), volume, staging, target }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("restart" as const, "reboot" as const) }) }
)

/** What of the host fails while the step is taken, and whether it fails before or after it did its work. */
const trouble = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.record({ operation: fc.constantFrom(...breakable), afterwards: fc.boolean() }) }
)

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never
type Trouble = { readonly operation: HostOperation; readonly afterwards: boolean }

/** How often each call succeeded: where none does, nothing is tested. */
const succeeded = new Map<Step["do"], number>()

const run = (steps: ReadonlyArray<readonly [Step, Trouble | undefined]>) =>
  Effect.gen(function* () {
    const node = yield* makeNode()
    const { host, memory } = node
    for (const id of volumes) yield* plugNew(memory, id)
    const sizes = new Map<string, number>(volumes.map((id) => [id, 1]))
    const written = new Map<string, string>()
    let { publishing, staging: stagingService, volumes: volumeService } = node

    const layers = (path: string) =>
      Effect.map(host.mounter.mounts, (mounts) => mounts.filter((mount) => mount.target === path))

    /** The volume whose live disk is in sight at the path. */
    const inSight = (path: string) =>
      Effect.gen(function* () {
        const top = (yield* layers(path)).at(-1)
        for (const id of volumes) {
          const device = yield* host.mounter.findDevice(id)
          if (device !== undefined && device.number === top?.number) return id
        }
        return undefined
      })

    const take = (one: Step, broken: Trouble | undefined) => {
      const stagingPath = "staging" in one ? stagingOf(one.volume, one.staging) : ""
      /** Lets every wait of the call pass, so that it ends one way or the other. */
      const ended = <A>(call: Effect.Effect<A, DomainError>) =>
        Effect.gen(function* () {
          if (broken !== undefined) yield* host.faults.fail(broken.operation, { afterwards: broken.afterwards })
          const fiber = yield* Effect.fork(Effect.either(call))
          // Moving the clock takes real time, and few calls wait.
          yield* Effect.repeatN(Effect.yieldNow(), 20)
          if (Option.isNone(yield* Fiber.poll(fiber))) yield* TestClock.adjust("2 minutes")
          const result = yield* fiber
          yield* host.faults.clear
          if (Either.isRight(result)) succeeded.set(one.do, (succeeded.get(one.do) ?? 0) + 1)
          return result
        })
      return Effect.gen(function* () {
        switch (one.do) {
          case "stage": {
            const before = (yield* layers(stagingPath)).length
            const capability = mountCapability(one.mode, { fsType: one.fsType })
            const volumeContext = one.isNew ? { [createdEmptyKey]: "true" } : {}
            const request = stageRequest({ volumeId: one.volume, stagingPath, capability, volumeContext })
            const result = yield* ended(stagingService.stage(request))
            if (Either.isRight(result)) {
              assert.strictEqual(yield* inSight(stagingPath), one.volume, "staged means mounted")
              const top = (yield* layers(stagingPath)).at(-1)
              if (top !== undefined && one.mode !== "MULTI_NODE_READER_ONLY") {
                assert.isUndefined(collapseOf(top), "staged means that it can be written")
              }
              assert.strictEqual((yield* host.mounter.pulseOf(stagingPath))._tag, "Alive", "staged means alive")
            } else {
              assert.notInclude(result.left.message, "UUID", "what we made bears the right name")
            }
            if (Either.isLeft(result) && result.left._tag !== "AlreadyExists") {
              assert.isAtMost((yield* layers(stagingPath)).length, before, "a failed stage leaves no mount")
            }
            return
          }
          case "publish": {
            const request = publishRequest({
              volumeId: one.volume,
              stagingPath,
              targetPath: one.target,
              capability: mountCapability(one.mode),
              readOnly: one.readOnly
            })
            const wasThere = yield* inSight(one.target)
            const before = (yield* layers(one.target)).length
            const result = yield* ended(publishing.publish(request))
            if (Either.isLeft(result)) {
              assert.isAtMost((yield* layers(one.target)).length, before, "a failed publish leaves no mount")
              return
            }
            assert.strictEqual(yield* inSight(one.target), one.volume, "published means in sight")
            if (one.mode !== "SINGLE_NODE_SINGLE_WRITER" || wasThere !== undefined) return
            const elsewhere = targets.filter((path) => path !== one.target)
            for (const path of elsewhere) assert.notStrictEqual(yield* inSight(path), one.volume, "a single writer")
            return
          }
          case "write": {
            const id = yield* inSight(one.target)
            const result = yield* Effect.either(host.writeFile(`${one.target}/data`, text(one.word)))
            if (id !== undefined && Either.isRight(result)) written.set(id, one.word)
            return
          }
          case "unpublish": {
            if (Either.isLeft(yield* ended(publishing.unpublish(one.volume, one.target)))) return
            assert.strictEqual(yield* host.kind(one.target), "absent", "an unpublished target is gone")
            return
          }
          case "unstage": {
            if (Either.isLeft(yield* ended(stagingService.unstage(one.volume, stagingPath)))) return
            assert.deepStrictEqual(yield* layers(stagingPath), [], "nothing is mounted after unstage")
            for (const path of targets) assert.notStrictEqual(yield* inSight(path), one.volume, "unstaged means unused")
            return
          }
          case "expand": {
            const sizeGiB = (sizes.get(one.volume) ?? 1) + 1
            sizes.set(one.volume, sizeGiB)
            yield* memory.disks.resize(one.volume, sizeGiB)
            const capacity = { requiredBytes: BigInt(sizeGiB) * 1_073_741_824n, limitBytes: undefined }
            const request = {
              volumeId: one.volume,
              volumePath: stagingPath,
              stagingPath: "",
              capacity,
              capability: undefined
            }
            if (Either.isLeft(yield* ended(volumeService.expand(request)))) return
            const contents = yield* memory.contents(one.volume)
            const size = contents._tag === "FileSystem" ? contents.sizeBytes : undefined
            assert.strictEqual(size, capacity.requiredBytes, "an expanded file system has the size asked for")
            return
          }
          case "unplug":
            return yield* memory.disks.unplug("server-1", one.volume)
          case "collapse":
            return yield* host.collapse(one.volume, one.how)
          case "plug":
            return yield* memory.disks.plug("server-1", one.volume)
          case "stack":
            return yield* Effect.ignore(host.mounter.bind(stagingPath, one.target, false))
          case "reboot":
            yield* host.reboot
            return
          case "restart": {
            const services = yield* servicesOn(host)
            publishing = services.publishing
            stagingService = services.staging
            volumeService = services.volumes
          }
        }
      })
    }

    const checkAlways = Effect.gen(function* () {
      const formats = (yield* host.events).filter(({ operation }) => operation === "format")
      for (const { subject } of formats) assert.strictEqual(subject, "Blank", "only a blank disk is formatted")
      const numbers = new Set<string>()
      for (const id of volumes) numbers.add((yield* host.mounter.findDevice(id))?.number ?? "none")
      for (const path of stagings) {
        const live = (yield* layers(path)).map(({ number }) => number).filter((number) => numbers.has(number))
        assert.isAtMost(new Set(live).size, 1, "two volumes never share a staging path")
      }
    })

    for (const [one, broken] of steps) {
      yield* take(one, broken)
      yield* checkAlways
    }

    yield* Effect.forEach(targets, (path) => Effect.ignore(host.mounter.unmount(path)))
    for (const id of volumes) {
      yield* memory.disks.unplug("server-1", id)
      yield* memory.disks.plug("server-2", id)
      const word = written.get(id)
      if (word === undefined) continue
      const elsewhere = memory.server("server-2")
      yield* elsewhere.makeDirectories("/staging")
      const services = yield* servicesOn(elsewhere)
      yield* services.staging.stage(stageRequest({ volumeId: id, stagingPath: `/staging/${id}` }))
      assert.strictEqual(asText(yield* elsewhere.readFile(`/staging/${id}/data`)), word, "what was written is there")
    }
  })

describe("a node, whatever happens to it", () => {
  it(
    "formats only blank disks, keeps what was written, and leaves nothing that it undid",
    () =>
      fc
        .assert(
          fc.asyncProperty(fc.array(fc.tuple(step, trouble), { minLength: 1, maxLength: 40, size: "max" }), (steps) =>
            Effect.runPromise(
              run(steps).pipe(Logger.withMinimumLogLevel(LogLevel.None), Effect.provide(TestContext.TestContext))
            )
          ),
          { numRuns: 150 }
        )
        .then(() => {
          for (const call of ["stage", "publish", "unpublish", "unstage", "expand"] as const) {
            assert.isAbove(succeeded.get(call) ?? 0, 20, `the sequences reach a successful ${call}`)
          }
        }),
    60_000
  )
})
