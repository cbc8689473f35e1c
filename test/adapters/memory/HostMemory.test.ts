import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { lstat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Scope, TestClock } from "effect"
import {
  type HostMemory,
  type HostMemoryServer,
  makeHostMemory,
  realFiles
} from "../../../src/adapters/memory/HostMemory.ts"
import { makeWorld } from "../../../src/adapters/memory/worldLayer.ts"
import type { FileSystem } from "../../../src/domain/Capability.ts"
import type { HostFailure } from "../../../src/domain/errors.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import type { BlockDevice } from "../../../src/ports/HostMounter.ts"
import { twoServers } from "./inWorld.ts"

const volume = VolumeId("volume-1")
const GiB = 1_073_741_824n
const text = (value: string) => new TextEncoder().encode(value)

const read = (host: HostMemoryServer, path: string) =>
  Effect.map(host.readFile(path), (bytes) => new TextDecoder().decode(bytes))

const findDisk = (host: HostMemoryServer, id = volume): Effect.Effect<BlockDevice, HostFailure> =>
  Effect.flatMap(host.mounter.findDevice(id), (device) => Effect.orDie(Effect.fromNullable(device)))

/** A server with one blank disk of 1 GiB and the directories /a and /b. */
const withDisk = Effect.gen(function* () {
  const memory = yield* makeHostMemory({ directories: ["/a", "/b"] })
  const host = memory.server("one")
  yield* memory.disks.create(volume, 1, undefined)
  yield* memory.disks.plug("one", volume)
  return { memory, host, mounter: host.mounter, device: yield* findDisk(host) }
})

const withFileSystem = (type: FileSystem = "ext4") =>
  Effect.tap(withDisk, ({ device, mounter }) => mounter.format(device, "Blank", type, undefined, []))

const withMount = (type: FileSystem = "ext4", options: ReadonlyArray<string> = []) =>
  Effect.tap(withFileSystem(type), ({ device, mounter }) => mounter.mount(device, "/a", type, options))

const fails = <A>(effect: Effect.Effect<A, HostFailure>, detail: string) =>
  Effect.map(Effect.flip(effect), (failure) => assert.include(failure.detail, detail))

/** What a copy of the volume holds, seen on another server. */
const onSecondServer = (memory: HostMemory, id: string) =>
  Effect.gen(function* () {
    const host = memory.server("two")
    yield* memory.disks.plug("two", id)
    yield* host.makeDirectories("/copy")
    yield* host.mounter.mount(yield* findDisk(host, VolumeId(id)), "/copy", "ext4", [])
    return host
  })

describe("HostMemory", () => {
  describe("disks", () => {
    it.effect("are seen by the server they are plugged into, and by no other", () =>
      Effect.gen(function* () {
        const { device, memory } = yield* withDisk
        assert.deepInclude(device, { path: "/dev/vdb", number: "252:16", sizeBytes: GiB })
        assert.strictEqual(yield* memory.server("two").mounter.findDevice(volume), undefined)
      })
    )

    it.effect("are not touched by who knew the disk that had their name before", () =>
      Effect.gen(function* () {
        const { device, host, memory, mounter } = yield* withFileSystem()
        yield* memory.disks.create("next", 1, undefined)
        yield* memory.disks.unplug("one", volume)
        yield* memory.disks.plug("one", "next")
        const next = yield* findDisk(host, VolumeId("next"))
        assert.deepStrictEqual([next.path, next.number], [device.path, device.number])
        yield* fails(mounter.format(device, "Blank", "ext4", undefined, []), "is gone")
        yield* fails(mounter.mount(device, "/a", "ext4", []), "is gone")
        yield* fails(mounter.bind(device.path, "/a", false, device), "is gone")
        assert.strictEqual((yield* mounter.contentsOf(next))._tag, "Blank")
      })
    )

    it.effect("keep their files when the mount is gone and the server is another", () =>
      Effect.gen(function* () {
        const { host, memory, mounter } = yield* withMount()
        yield* host.writeFile("/a/file", text("hello"))
        yield* mounter.unmount("/a")
        yield* memory.disks.unplug("one", volume)
        const second = yield* onSecondServer(memory, volume)
        assert.strictEqual(yield* read(second, "/copy/file"), "hello")
      })
    )

    for (const kind of ["snapshot", "volume", "backup"] as const) {
      it.effect(`made from a ${kind} hold what that held, and share nothing with it`, () =>
        Effect.gen(function* () {
          const { host, memory } = yield* withMount()
          yield* host.writeFile("/a/file", text("then"))
          if (kind === "snapshot") yield* memory.disks.createSnapshot("source", volume)
          if (kind === "backup") yield* memory.disks.createBackup("source", { kind: "volume", id: volume })
          yield* memory.disks.create("copy", 2, { kind, id: kind === "volume" ? volume : "source" })
          yield* host.writeFile("/a/file", text("later"))
          const second = yield* onSecondServer(memory, "copy")
          assert.strictEqual(yield* read(second, "/copy/file"), "then")
          yield* second.writeFile("/copy/file", text("copy"))
          assert.strictEqual(yield* read(host, "/a/file"), "later")
        })
      )
    }

    it.effect("made larger than their source carry a file system that does not fill them", () =>
      Effect.gen(function* () {
        const { memory } = yield* withFileSystem()
        yield* memory.disks.create("copy", 3, { kind: "volume", id: volume })
        const contents = yield* memory.contents("copy")
        assert.strictEqual(contents._tag === "FileSystem" ? contents.sizeBytes : undefined, GiB)
      })
    )

    it.effect("grow where they are plugged in", () =>
      Effect.gen(function* () {
        const { host, memory } = yield* withDisk
        yield* memory.disks.resize(volume, 4)
        assert.strictEqual((yield* findDisk(host)).sizeBytes, 4n * GiB)
      })
    )

    it.effect("cannot be made from nothing, be made twice, shrink, or go while they are plugged in", () =>
      Effect.gen(function* () {
        const { memory } = yield* withDisk
        const faults = yield* Effect.forEach(
          [
            memory.disks.create("copy", 1, { kind: "snapshot", id: "none" }),
            memory.disks.create(volume, 1, undefined),
            memory.disks.resize(volume, 0),
            memory.disks.remove(volume)
          ],
          Effect.flip
        )
        assert.deepStrictEqual(
          faults.map(({ operation }) => operation),
          ["create", "create", "resize", "remove"]
        )
      })
    )

    it.effect("get a name that no dead mount holds", () =>
      Effect.gen(function* () {
        const { host, memory, mounter } = yield* withMount()
        yield* memory.disks.unplug("one", volume)
        yield* memory.disks.plug("one", volume)
        assert.strictEqual((yield* findDisk(host)).path, "/dev/vdc")
        yield* mounter.unmount("/a")
        yield* memory.disks.unplug("one", volume)
        yield* memory.disks.plug("one", volume)
        assert.strictEqual((yield* findDisk(host)).path, "/dev/vdb")
      })
    )
  })

  it.effect("serves a World: an attached volume is a disk of that server, a detached one is not", () =>
    Effect.gen(function* () {
      const memory = yield* makeHostMemory()
      const { cinder, nova } = yield* Effect.provide(makeWorld({ servers: twoServers }), memory.layerDisks)
      const [one] = twoServers
      const { id } = yield* cinder.createVolume({ sizeGiB: 1 })
      yield* nova.attachVolume(one.id, id)
      const host = memory.server(one.id)
      assert.strictEqual((yield* findDisk(host, VolumeId(id))).sizeBytes, GiB)
      yield* cinder.extendVolume(id, 2, { allowInUse: true })
      assert.strictEqual((yield* findDisk(host, VolumeId(id))).sizeBytes, 2n * GiB)
      yield* nova.detachVolume(one.id, id)
      assert.strictEqual(yield* host.mounter.findDevice(VolumeId(id)), undefined)
    }).pipe(Effect.scoped)
  )

  describe("file systems", () => {
    it.effect("are made with the UUID and the label that are asked for", () =>
      Effect.gen(function* () {
        const { device, host, mounter } = yield* withDisk
        yield* mounter.format(device, "Blank", "xfs", "some-uuid", ["-K", "-L", "some-label"])
        const names = { uuid: "some-uuid", label: "some-label" }
        const expected = { _tag: "FileSystem" as const, type: "xfs", ...names, sizeBytes: GiB }
        assert.deepStrictEqual(yield* mounter.contentsOf(device), expected)
        assert.deepStrictEqual(yield* host.events, [{ operation: "format", volumeId: volume, subject: "Blank" }])
      })
    )

    it.effect("are not made over anything else than was found", () =>
      Effect.gen(function* () {
        const { device, host, memory, mounter } = yield* withDisk
        yield* fails(mounter.format(device, "Noise", "xfs", undefined, []), "holds data by now")
        yield* memory.fill(volume, { _tag: "Foreign", what: "LUKS" })
        yield* fails(mounter.format(device, "Blank", "xfs", undefined, []), "holds data by now")
        assert.deepStrictEqual(yield* host.events, [])
      })
    )

    it.effect("are neither made nor checked on a mounted disk", () =>
      Effect.gen(function* () {
        const { device, mounter } = yield* withMount()
        yield* fails(mounter.format(device, "Blank", "ext4", undefined, []), "mounted")
        yield* fails(mounter.check(device, "ext4"), "mounted")
      })
    )

    it.effect("are not mounted as another family", () =>
      Effect.gen(function* () {
        const { device, mounter } = yield* withFileSystem("ext4")
        yield* fails(mounter.mount(device, "/a", "xfs", []), "wrong fs type")
      })
    )

    it.effect("share one mode among the mounts of a disk", () =>
      Effect.gen(function* () {
        const { device, mounter } = yield* withMount()
        yield* fails(mounter.mount(device, "/b", "ext4", ["ro"]), "already mounted")
        yield* mounter.mount(device, "/b", "ext4", [])
      })
    )

    it.effect("skip recovery only where nothing can be written", () =>
      Effect.gen(function* () {
        const { device, mounter } = yield* withFileSystem()
        yield* fails(mounter.mount(device, "/a", "ext4", ["noload"]), "read-only")
      })
    )

    it.effect("of the ext family grow either way, others only mounted", () =>
      Effect.gen(function* () {
        for (const type of ["ext4", "xfs"] as const) {
          const { device, memory, mounter } = yield* withFileSystem(type)
          yield* memory.disks.resize(volume, 2)
          if (type === "xfs") yield* fails(mounter.grow(device, type, undefined), "only mounted")
          yield* mounter.mount(device, "/a", type, [])
          yield* mounter.grow(device, type, "/a")
          assert.strictEqual((yield* mounter.usage("/a")).totalBytes, 2n * GiB)
        }
      })
    )

    it.effect("run out of space", () =>
      Effect.gen(function* () {
        const { memory, host, mounter, device } = yield* withDisk
        yield* memory.fill(volume, { _tag: "FileSystem", type: "ext4", sizeBytes: 4n })
        yield* mounter.mount(device, "/a", "ext4", [])
        yield* fails(host.writeFile("/a/file", text("hello")), "No space")
      })
    )
  })

  describe("mounts", () => {
    it.effect("stack, the newest in sight, and come off one by one", () =>
      Effect.gen(function* () {
        const { host, memory, mounter } = yield* withMount()
        yield* memory.disks.create("other", 1, undefined)
        yield* memory.disks.plug("one", "other")
        const other = yield* findDisk(host, VolumeId("other"))
        yield* mounter.format(other, "Blank", "ext4", undefined, [])
        yield* host.writeFile("/a/file", text("below"))
        yield* mounter.mount(other, "/a", "ext4", [])
        yield* fails(host.readFile("/a/file"), "No such file")
        yield* mounter.unmount("/a")
        assert.strictEqual(yield* read(host, "/a/file"), "below")
        yield* mounter.unmount("/a")
        yield* mounter.unmount("/a")
      })
    )

    it.effect("hide what the directory held", () =>
      Effect.gen(function* () {
        const { device, host, mounter } = yield* withFileSystem()
        yield* host.writeFile("/a/own", text("mine"))
        yield* mounter.mount(device, "/a", "ext4", [])
        assert.strictEqual(yield* host.kind("/a/own"), "absent")
        yield* mounter.unmount("/a")
        assert.strictEqual(yield* read(host, "/a/own"), "mine")
      })
    )

    it.effect("bound read-only refuse writing there and nowhere else", () =>
      Effect.gen(function* () {
        const { host, mounter } = yield* withMount()
        yield* mounter.bind("/a", "/b", true)
        yield* fails(host.writeFile("/b/file", text("no")), "Read-only")
        yield* host.writeFile("/a/file", text("yes"))
        assert.strictEqual(yield* read(host, "/b/file"), "yes")
      })
    )

    it.effect("outlive the mount they were bound from", () =>
      Effect.gen(function* () {
        const { host, mounter } = yield* withMount()
        yield* mounter.bind("/a", "/b", false)
        yield* mounter.unmount("/a")
        yield* host.writeFile("/b/file", text("still here"))
        assert.strictEqual(yield* read(host, "/b/file"), "still here")
      })
    )

    it.effect("bound from a part of a disk show the part", () =>
      Effect.gen(function* () {
        const { host, mounter } = yield* withMount()
        yield* mounter.makeDirectory("/a/part")
        yield* host.writeFile("/a/part/file", text("part"))
        yield* mounter.bind("/a/part", "/b", false)
        assert.strictEqual(yield* read(host, "/b/file"), "part")
        const mount = (yield* mounter.mounts).find(({ target }) => target === "/b")
        assert.deepInclude(mount, { root: "/part", source: "/dev/vdb", number: "252:16" })
      })
    )

    it.effect("of a device node give the raw disk", () =>
      Effect.gen(function* () {
        const { device, host, memory, mounter } = yield* withDisk
        yield* mounter.makeFile("/a/node")
        yield* mounter.bind(device.path, "/a/node", false)
        assert.strictEqual((yield* mounter.deviceAt("/a/node"))?.number, device.number)
        yield* host.writeFile("/a/node", text("raw"))
        assert.strictEqual((yield* mounter.contentsOf(device))._tag, "Unclear")
        yield* memory.disks.unplug("one", volume)
        assert.strictEqual(yield* mounter.deviceAt("/a/node"), undefined)
        yield* fails(host.readFile("/a/node"), "No such device")
      })
    )

    it.effect("that something uses stay", () =>
      Effect.gen(function* () {
        const { device, host, mounter } = yield* withMount()
        yield* mounter.makeDirectory("/a/deeper")
        yield* mounter.mount(device, "/a/deeper", "ext4", [])
        yield* fails(mounter.unmount("/a"), "busy")
        yield* mounter.unmount("/a/deeper")
        yield* host.faults.hold("/a/file")
        yield* fails(mounter.unmount("/a"), "busy")
        yield* host.faults.release("/a/file")
        yield* mounter.unmount("/a")
      })
    )

    it.effect("of a vanished disk answer with errors and can be undone", () =>
      Effect.gen(function* () {
        const { host, memory, mounter } = yield* withMount("xfs")
        yield* host.writeFile("/a/file", text("hello"))
        yield* memory.disks.unplug("one", volume)
        yield* fails(host.readFile("/a/file"), "Input/output")
        assert.deepStrictEqual(yield* mounter.locate("/a"), { path: "/a", kind: "directory" })
        yield* fails(mounter.usage("/a"), "Input/output")
        yield* mounter.unmount("/a")
        assert.strictEqual(yield* host.kind("/a"), "directory")
      })
    )

    it.effect("are gone after a reboot; directories stay", () =>
      Effect.gen(function* () {
        const { device, host, mounter } = yield* withMount()
        yield* mounter.makeDirectory("/b/dir")
        yield* host.reboot
        assert.deepStrictEqual(
          (yield* mounter.mounts).map(({ target }) => target),
          ["/", "/dev"]
        )
        assert.strictEqual(yield* host.kind("/b/dir"), "directory")
        assert.strictEqual((yield* findDisk(host)).number, device.number)
      })
    )
  })

  describe("paths", () => {
    it.effect("are resolved through symlinks, apart from the last component", () =>
      Effect.gen(function* () {
        const { host, mounter } = yield* withDisk
        yield* host.makeDirectories("/real/dir")
        yield* host.makeSymlink("/link", "/real")
        yield* host.makeSymlink("/real/up", "../a")
        assert.deepStrictEqual(yield* mounter.locate("/link/dir"), { path: "/real/dir", kind: "directory" })
        assert.deepStrictEqual(yield* mounter.locate("/link"), { path: "/link", kind: "symlink" })
        assert.deepStrictEqual(yield* mounter.locate("/link/up/x"), { path: "/a/x", kind: "absent" })
        assert.deepStrictEqual(yield* mounter.locate("/dev/vdb"), { path: "/dev/vdb", kind: "blockDevice" })
      })
    )

    it.effect("that loop through symlinks are an error", () =>
      Effect.gen(function* () {
        const { host, mounter } = yield* withDisk
        yield* host.makeSymlink("/x", "/y")
        yield* host.makeSymlink("/y", "/x")
        yield* fails(mounter.locate("/x/z"), "symbolic links")
      })
    )

    it.effect("that are relative are an error, as on a real host", () =>
      Effect.gen(function* () {
        const { mounter } = yield* withDisk
        yield* fails(mounter.locate("some/path"), "absolute")
      })
    )

    it.effect("are made only below a directory that is there", () =>
      Effect.gen(function* () {
        const { mounter } = yield* withDisk
        yield* fails(mounter.makeDirectory("/none/dir"), "No such file or directory")
        yield* mounter.makeDirectory("/a/dir")
        yield* mounter.makeDirectory("/a/dir")
        yield* fails(mounter.makeFile("/a/dir"), "File exists")
      })
    )

    it.effect("are removed only empty and unmounted", () =>
      Effect.gen(function* () {
        const { host, mounter } = yield* withMount()
        yield* fails(mounter.remove("/a"), "busy")
        yield* host.writeFile("/b/file", text("mine"))
        yield* fails(mounter.remove("/b"), "not empty")
        yield* fails(mounter.remove("/b/file"), "not empty")
        yield* host.writeFile("/b/file", text(""))
        yield* mounter.remove("/b/file")
        yield* mounter.remove("/b")
        yield* mounter.remove("/b")
        yield* mounter.remove("/none/at/all")
        assert.strictEqual(yield* host.kind("/b"), "absent")
      })
    )

    it.effect("that are no mounts give the figures of the root disk, as on a real host", () =>
      Effect.gen(function* () {
        const { mounter } = yield* withMount()
        assert.strictEqual((yield* mounter.usage("/a")).totalBytes, GiB)
        assert.strictEqual((yield* mounter.usage("/b")).totalBytes, 20n * GiB)
      })
    )
  })

  describe("faults", () => {
    it.effect("fail the next operations of a kind, before or after they did their work", () =>
      Effect.gen(function* () {
        const { device, host, memory, mounter } = yield* withDisk
        yield* host.faults.fail("format", { detail: "no luck", outcome: "unknown" })
        const failure = yield* Effect.flip(mounter.format(device, "Blank", "ext4", undefined, []))
        assert.deepInclude(failure, { operation: "format", outcome: "unknown", detail: "no luck" })
        assert.strictEqual((yield* memory.contents(volume))._tag, "Blank")
        yield* host.faults.fail("format", { afterwards: true })
        yield* Effect.flip(mounter.format(device, "Blank", "ext4", undefined, []))
        assert.strictEqual((yield* memory.contents(volume))._tag, "FileSystem")
      })
    )

    it.effect("hold an operation until something else has happened", () =>
      Effect.gen(function* () {
        const { device, host, mounter } = yield* withDisk
        yield* host.faults.before("format", Effect.sleep("5 seconds"))
        const call = yield* Effect.fork(mounter.format(device, "Blank", "ext4", undefined, []))
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual((yield* mounter.contentsOf(device))._tag, "Blank")
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(call)
      })
    )

    it.effect("keep a disk from being seen for a while, or until a rescan", () =>
      Effect.gen(function* () {
        const { host, memory, mounter } = yield* withDisk
        yield* memory.disks.create("late", 1, undefined)
        yield* memory.disks.create("hidden", 1, undefined)
        yield* host.faults.delayDisks(3_000)
        yield* memory.disks.plug("one", "late")
        yield* host.faults.clear
        yield* host.faults.hideUntilRescan(true)
        yield* memory.disks.plug("one", "hidden")
        yield* TestClock.adjust("2999 millis")
        assert.strictEqual(yield* mounter.findDevice(VolumeId("late")), undefined)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual((yield* mounter.findDevice(VolumeId("late")))?.path, "/dev/vdc")
        assert.strictEqual(yield* mounter.findDevice(VolumeId("hidden")), undefined)
        yield* mounter.rescan
        assert.deepStrictEqual(yield* mounter.describeDevices, ["vdb (volume-1)", "vdc (late)", "vdd (hidden)"])
      })
    )

    it.effect("keep a new size from being seen until it is looked at", () =>
      Effect.gen(function* () {
        const { device, host, memory, mounter } = yield* withDisk
        yield* host.faults.holdSizes(true)
        yield* memory.disks.resize(volume, 2)
        assert.strictEqual((yield* findDisk(host)).sizeBytes, GiB)
        assert.strictEqual((yield* mounter.refreshSize(device)).sizeBytes, 2n * GiB)
        assert.strictEqual((yield* findDisk(host)).sizeBytes, 2n * GiB)
      })
    )

    it.effect("refuse growth of mounted file systems alone, or of all", () =>
      Effect.gen(function* () {
        const { device, host, mounter } = yield* withMount()
        yield* host.faults.refuseGrowth("mounted")
        yield* fails(mounter.grow(device, "ext4", "/a"), "not permitted")
        yield* mounter.unmount("/a")
        yield* mounter.grow(device, "ext4", undefined)
        yield* host.faults.refuseGrowth("all")
        yield* fails(mounter.grow(device, "ext4", undefined), "not permitted")
      })
    )
  })

  it.live("shows other programs its directories and files, and sees theirs", () =>
    Effect.gen(function* () {
      const root = realpathSync(mkdtempSync(join(tmpdir(), "host-memory-")))
      const scope = yield* Effect.scope
      yield* Scope.addFinalizer(
        scope,
        Effect.sync(() => rmSync(root, { recursive: true }))
      )
      const memory = yield* makeHostMemory({ outside: realFiles })
      const { mounter } = memory.server("one")
      const onDisk = (name: string) =>
        Effect.promise(() =>
          lstat(join(root, name)).then(
            (stat) => (stat.isDirectory() ? "directory" : "file"),
            () => "absent"
          )
        )
      assert.strictEqual((yield* mounter.locate(root)).kind, "directory")
      yield* mounter.makeDirectory(join(root, "dir"))
      yield* mounter.makeFile(join(root, "file"))
      assert.strictEqual(yield* onDisk("dir"), "directory")
      assert.strictEqual(yield* onDisk("file"), "file")
      yield* mounter.remove(join(root, "dir"))
      assert.strictEqual(yield* onDisk("dir"), "absent")
      symlinkSync("dir", join(root, "link"))
      mkdirSync(join(root, "dir"))
      assert.strictEqual((yield* mounter.locate(join(root, "link/new"))).path, join(root, "dir/new"))
      writeFileSync(join(root, "file"), "not ours")
      yield* fails(mounter.remove(join(root, "file")), "not empty")
      assert.strictEqual(yield* onDisk("file"), "file")
      rmSync(join(root, "file"))
      assert.strictEqual((yield* mounter.locate(join(root, "file"))).kind, "absent")
    }).pipe(Effect.scoped)
  )
})
