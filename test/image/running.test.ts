import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { makeCsiClient } from "../../src/adapters/csi/client.ts"
import { checkTool, formatTool, growTool } from "../../src/adapters/host/filesystems.ts"
import { debianPackages } from "../../src/adapters/process/programs.ts"
import { fileSystems } from "../../src/domain/Capability.ts"
import { version } from "../../src/main/version.ts"
import { liveUnless } from "../parity/support/needs.ts"
import { startCloud } from "../parity/support/onCloud.ts"
import { oneGiB } from "../support/wiredDriver.ts"
import { commandLine, configOf, noImage, targets } from "./images.ts"
import { makePod } from "./sandbox.ts"

const built = liveUnless(noImage)
const inNode = (text: string, ...args: ReadonlyArray<string>) => ["/usr/bin/env", "node", "-e", text, ...args]

describe.each(targets)("the image %s", (target) => {
  built(
    "runs the program that is the first of a container's arguments",
    Effect.gen(function* () {
      const pod = yield* makePod({ target, readOnlyRoot: true })
      for (const [flag, answer] of [
        ["--version", new RegExp(`^${version}\n$`)],
        ["--help", /--endpoint/]
      ] as const) {
        const { status, stdout, stderr } = pod.run(commandLine(target, ["/bin/cinder-csi-plugin", flag]))
        assert.strictEqual(status, 0, stderr)
        assert.match(stdout, answer)
      }
    })
  )

  built(
    "explains itself if it is given nothing to do",
    Effect.gen(function* () {
      const pod = yield* makePod({ target })
      assert.match(pod.run(commandLine(target, configOf(target).config.Cmd ?? [])).stdout, /--endpoint/)
    })
  )

  built(
    "reads a pod's /etc/hosts before it asks a name server",
    Effect.gen(function* () {
      const pod = yield* makePod({ target })
      writeFileSync(join(pod.shared, "hosts"), "127.1.2.3 keystone.example\n")
      const look = "require('dns').lookup('keystone.example', (error, found) => console.log(found ?? error))"
      assert.strictEqual(pod.run(inNode(look)).stdout, "127.1.2.3\n")
    })
  )

  built(
    "has authorities for a ca-file that names Debian's",
    Effect.gen(function* () {
      const pod = yield* makePod({ target })
      const look = `const { X509Certificate } = require("crypto")
        const pems = require("fs").readFileSync("/etc/ssl/certs/ca-certificates.crt", "utf8").split(/(?<=-----END CERTIFICATE-----)\\n/)
        console.log(pems.filter(pem => pem.trim()).every(pem => new X509Certificate(pem).ca), pems.length > 100)`
      assert.strictEqual(pod.run(inNode(look)).stdout, "true true\n")
    })
  )

  built(
    "loads what sub-commands need to reach Kubernetes, and says nothing but what was asked",
    Effect.gen(function* () {
      const pod = yield* makePod({ target, readOnlyRoot: true })
      const help = pod.run(commandLine(target, ["/bin/cinder-csi-plugin", "failover-assistant", "--help"]))
      assert.deepStrictEqual([help.status, help.stderr], [0, ""])
      const look = "console.log(Object.keys(require('/bin/cinder-csi-kubernetes.cjs')).length > 0)"
      assert.strictEqual(pod.run(inNode(look)).stdout, "true\n")
    })
  )

  built(
    "serves the controller on a root that cannot be written",
    Effect.gen(function* () {
      const pod = yield* makePod({ target, readOnlyRoot: true })
      const write = "try { require('fs').writeFileSync('/tmp/file', '') } catch (error) { console.log(error.code) }"
      assert.strictEqual(pod.run(inNode(write)).stdout, "EROFS\n")
      const { conf } = yield* startCloud()
      writeFileSync(join(pod.shared, "cloud.conf"), conf)
      const driver = yield* pod.start(
        commandLine(target, [
          "/bin/cinder-csi-plugin",
          "--endpoint=unix:///csi/csi.sock",
          "--cloud-config=/csi/cloud.conf",
          "--provide-node-service=false"
        ])
      )
      const csi = yield* makeCsiClient(pod.socket)
      yield* csi.probe().pipe(
        Effect.retry(Schedule.spaced("100 millis")),
        Effect.timeout("30 seconds"),
        Effect.mapError((problem) => new Error(`${problem}; the driver said: ${driver.said()}`))
      )
      assert.strictEqual((yield* csi.createVolume({ name: "pvc-1", ...oneGiB })).volume?.capacityBytes, 1n << 30n)
    })
  )
})

describe("the image controller", () => {
  built(
    "runs as a user by number, who is not root and may not become it",
    Effect.gen(function* () {
      assert.match(configOf("controller").config.User ?? "", /^[1-9]\d*:[1-9]\d*$/)
      const pod = yield* makePod({ target: "controller" })
      const look =
        "console.log(process.getuid() > 0, /^CapEff:\\s0+$/m.test(require('fs').readFileSync('/proc/self/status', 'utf8')))"
      assert.strictEqual(pod.run(inNode(look)).stdout, "true true\n")
    })
  )
})

describe("the image node", () => {
  built(
    "starts each program that the driver runs",
    Effect.gen(function* () {
      const pod = yield* makePod({ target: "node", readOnlyRoot: true })
      const start = `for (const program of process.argv.slice(1)) {
        const { error, signal, stderr } = require("child_process").spawnSync(program, ["--version"], { encoding: "utf8" })
        if (error || signal || /shared libraries|not found/.test(stderr)) console.log(program, error ?? signal ?? stderr)
      }`
      assert.strictEqual(pod.run(inNode(start, ...Object.keys(debianPackages))).stdout, "")
    })
  )

  for (const fileSystem of fileSystems) {
    built(
      `makes, mounts, grows and checks ${fileSystem}`,
      Effect.gen(function* () {
        const pod = yield* makePod({ target: "node" })
        const words = (tool: ReturnType<typeof checkTool>) => (tool === undefined ? [] : [[tool.program, ...tool.args]])
        const isExt = fileSystem.startsWith("ext")
        const mount = ["mount", "-t", fileSystem, "DISK", "/tmp/mount"]
        const unmount = ["umount", "--no-canonicalize", "/tmp/mount"]
        const larger = [{ sizeMiB: 800 }, ["losetup", "--set-capacity", "DISK"]]
        const steps = [
          ...words(formatTool(fileSystem, "DISK", undefined, [])),
          ["blkid", "--probe", "--output", "export", "DISK"],
          ...words(checkTool(fileSystem, "DISK")),
          mount,
          ...larger,
          // The kernel asks a right for growing a mounted ext that not every machine gives.
          ...(isExt
            ? [unmount, ["e2fsck", "-f", "-p", "DISK"], ...words(growTool(fileSystem, "DISK", undefined)), mount]
            : words(growTool(fileSystem, "DISK", "/tmp/mount"))),
          ["stat", "--file-system", "--format=%b %S", "/tmp/mount"],
          unmount,
          ...words(checkTool(fileSystem, "DISK"))
        ]
        const lives = readFileSync(join(import.meta.dirname, "lives.cjs"), "utf8")
        const { stdout, stderr, status } = pod.run(inNode(lives, JSON.stringify(steps)), 100_000)
        assert.strictEqual(status, 0, stderr)
        const [blocks, blockSize] = stdout.trim().split(" ").map(Number)
        assert.isAbove((blocks ?? 0) * (blockSize ?? 0), 700 * 1024 * 1024)
      })
    )
  }

  built(
    "takes a volume through its life on real disks",
    Effect.gen(function* () {
      const pod = yield* makePod({ target: "node" })
      const { status, stdout, stderr } = pod.run(commandLine("node", ["/bin/cinder-csi-plugin", "demo"]), 100_000)
      assert.strictEqual(status, 0, stderr)
      assert.match(stdout, /host: real/)
      assert.match(stdout, /all went well/)
    })
  )
})
