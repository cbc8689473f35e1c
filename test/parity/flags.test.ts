import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, beforeAll, describe } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect, Schedule } from "effect"
import { makeCsiClient } from "../../src/adapters/csi/client.ts"
import { vendorVersion } from "../../src/main/version.ts"
import { cloudConf, freePort, live, oneGiB, startWired, temporaryFolder } from "../support/wiredDriver.ts"
import { onCloud, startCloud } from "./support/onCloud.ts"
import { makeProgram, type Running, runProgram } from "./support/program.ts"

beforeAll(makeProgram)

const nodeAlone = "--provide-controller-service=false"
const controllerAlone = "--provide-node-service=false"

/** A client, once the program serves there. */
const serving = (target: string, { output }: Running) =>
  Effect.gen(function* () {
    const csi = yield* makeCsiClient(target)
    yield* csi.probe({}, { timeout: "1 second" }).pipe(
      Effect.retry(Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(600))),
      Effect.orElse(() => Effect.dieMessage(`the driver does not answer:\n${output()}`))
    )
    return csi
  })

/** Which of the two services answer there, and whether the other one is UNIMPLEMENTED. */
const servicesAt = (target: string, running: Running) =>
  Effect.gen(function* () {
    const csi = yield* serving(target, running)
    const answer = (call: Effect.Effect<unknown, { readonly code: number }>) =>
      Effect.match(call, { onFailure: ({ code }) => status[code], onSuccess: () => "served" })
    return {
      controller: yield* answer(csi.controllerGetCapabilities()),
      node: yield* answer(csi.nodeGetCapabilities())
    }
  })

const write = (path: string, text: string) => Effect.promise(() => writeFile(path, text))

describe("the command line", () => {
  live(
    "P-2 takes every spelling of pflag and every deprecated flag, and does what they say",
    Effect.gen(function* () {
      const { cloud, world } = yield* startCloud()
      const root = yield* temporaryFolder
      const [first, second] = [join(root, "cloud.conf"), join(root, "secret,with comma.conf")]
      yield* write(first, cloudConf(cloud.authUrl, "old").replace("[Global]", '[Global "region-one"]'))
      yield* write(second, '[Global "region-one"]\npassword = secret\n')
      const socket = join(root, "csi.sock")
      const running = yield* runProgram([
        "/bin/cinder-csi-plugin",
        "--endpoint",
        `unix://${socket}`,
        `--cloud_config=${first},"${second}"`,
        '--cloud-name="region-one"',
        "--cluster",
        "a=b",
        "--provide-node-service=F",
        "--with_topology",
        "--pvc-annotations=0",
        "--user-agent=one",
        "--user_agent",
        "two, too",
        "-v",
        "1",
        "-v=2",
        "-v3",
        "--v=1",
        "--v",
        "2",
        "--kube-api-qps=7.5",
        "--kube-api-burst",
        "0x10",
        "--min-resync-period=1h30m",
        "--kubeconfig=",
        "--master=",
        "--additional-topology=a=1,b=2",
        "--additional_topology",
        "c=3",
        "--nodeid=n",
        "--node-service-no-os-client",
        "--vmodule=driver=2",
        "--log-flush-frequency=5s",
        "--help=false",
        "--",
        "--no-such-flag"
      ])
      const csi = yield* serving(`unix:${socket}`, running)
      const { volume } = yield* csi.createVolume({
        name: "pvc-1",
        ...oneGiB,
        secrets: new Map([["cloud", "region-one"]])
      })
      const made = yield* world.cinder.showVolume(volume?.volumeId ?? "")
      assert.strictEqual(made.metadata["cinder.csi.openstack.org/cluster"], "a=b")
      const [request] = yield* cloud.requests.recent
      assert.match(request?.userAgent ?? "", /^two, too one cinder-csi-plugin\//)
      for (const flag of ["nodeid", "node-service-no-os-client", "vmodule", "log-flush-frequency"]) {
        assert.include(running.output(), `--${flag} has no effect`)
      }
    })
  )

  const refused: ReadonlyArray<readonly [string, ReadonlyArray<string>, string]> = [
    ["an unknown flag", ["--no-such-flag"], "unknown flag --no-such-flag"],
    ["an unknown short flag", ["-x"], "unknown flag -x"],
    ["a long flag with one dash", ["-endpoint=/x"], "unknown flag -endpoint"],
    ["a misspelt flag", ["--cloud-conf=/x"], "did you mean --cloud-config?"],
    ["a flag without its value", ["--cluster"], "--cluster: needs a value"],
    ["a value of another kind", ["--with-topology=maybe"], "--with-topology: "]
  ]
  for (const [what, args, said] of refused) {
    live(
      `P-2 ends with a status other than 0 for ${what}, and says which`,
      Effect.gen(function* () {
        const running = yield* runProgram(["--endpoint=unix:///tmp/never.sock", nodeAlone, ...args])
        const ended = yield* running.ended
        assert.strictEqual(ended.status, 1)
        assert.include(ended.output, said)
      })
    )
  }

  live(
    "P-2 prints help and version, and ends with 0",
    Effect.gen(function* () {
      const help = yield* Effect.flatMap(runProgram(["-h"]), ({ ended }) => ended)
      assert.strictEqual(help.status, 0)
      assert.include(help.output, "--cloud-config")
      const version = yield* Effect.flatMap(runProgram(["/bin/cinder-csi-plugin", "--version"]), ({ ended }) => ended)
      assert.strictEqual(version.status, 0)
      assert.include(vendorVersion, version.output.trim())
    })
  )
})

describe("the endpoint", () => {
  for (const form of ["unix://RELATIVE", "unix:///RELATIVE", "UNIX://RELATIVE", "/RELATIVE"]) {
    live(
      `P-3 ${form} is the socket /RELATIVE`,
      Effect.gen(function* () {
        const socket = join(yield* temporaryFolder, "csi.sock")
        const running = yield* runProgram([`--endpoint=${form.replace("RELATIVE", socket.slice(1))}`, nodeAlone])
        yield* serving(`unix:${socket}`, running)
      })
    )
  }

  live(
    "P-3 the socket that a killed driver left behind is replaced",
    Effect.gen(function* () {
      const socket = join(yield* temporaryFolder, "csi.sock")
      const listener = `require("node:net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, "SIGKILL"))`
      yield* Effect.sync(() => {
        assert.throws(() => execFileSync(process.execPath, ["-e", listener], { stdio: "ignore" }))
      })
      assert.isTrue(existsSync(socket))
      const running = yield* runProgram([`--endpoint=unix://${socket}`, nodeAlone])
      yield* serving(`unix:${socket}`, running)
    })
  )

  live(
    "P-3 tcp://host:port is served too",
    Effect.gen(function* () {
      const address = `127.0.0.1:${yield* freePort}`
      const running = yield* runProgram([`--endpoint=tcp://${address}`, nodeAlone])
      yield* serving(address, running)
    })
  )
})

describe("what is served", () => {
  live(
    "P-4 a node alone starts without a configuration, with a missing file, and with [Global] of no use",
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const broken = join(root, "cloud.conf")
      yield* write(broken, "[Global]\nuse-clouds\nclouds-file = /none\n[BlockStorage]\nrescan-on-resize = yes\n")
      for (const [index, flags] of [[], ["--cloud-config=/none/cloud.conf"], [`--cloud-config=${broken}`]].entries()) {
        const socket = join(root, `${index}.sock`)
        const running = yield* runProgram([`--endpoint=unix://${socket}`, nodeAlone, ...flags])
        const services = yield* servicesAt(`unix:${socket}`, running)
        assert.deepStrictEqual(services, { controller: "UNIMPLEMENTED", node: "served" })
      }
    })
  )

  live(
    "P-4 a controller alone, and both",
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const config = join(root, "cloud.conf")
      yield* write(config, cloudConf("http://127.0.0.1:9"))
      for (const [index, flags] of [[controllerAlone], []].entries()) {
        const socket = join(root, `${index}.sock`)
        const running = yield* runProgram([`--endpoint=unix://${socket}`, `--cloud-config=${config}`, ...flags])
        const services = yield* servicesAt(`unix:${socket}`, running)
        const node = flags.length > 0 ? "UNIMPLEMENTED" : "served"
        assert.deepStrictEqual(services, { controller: "served", node })
      }
    })
  )

  const cannotStart: ReadonlyArray<readonly [string, string | undefined, ReadonlyArray<string>, string]> = [
    ["without --cloud-config", undefined, [], "--cloud-config is needed"],
    ["with nothing to serve", undefined, [nodeAlone, controllerAlone], "nothing to serve"],
    [
      "with a file that is not there",
      undefined,
      ["--cloud-config=/none/cloud.conf"],
      "/none/cloud.conf: does not exist"
    ],
    ["with a file that breaks the grammar", "[Global", [], "expected ]"],
    ["without [Global]", "[BlockStorage]\n", [], "found no [Global] settings"],
    ["without credentials", "[Global]\nauth-url = http://k\n", [], "[Global] needs credentials"],
    ["with a named section that is not there", cloudConf("http://k"), ["--cloud-name=north"], '[Global "north"]']
  ]
  for (const [how, text, flags, reason] of cannotStart) {
    live(
      `P-4 a controller does not start ${how}: status 1 and the reason`,
      Effect.gen(function* () {
        const root = yield* temporaryFolder
        const config = join(root, "cloud.conf")
        if (text !== undefined) yield* write(config, text)
        const given = text === undefined ? flags : [`--cloud-config=${config}`, ...flags]
        const running = yield* runProgram([`--endpoint=unix://${join(root, "csi.sock")}`, ...given])
        const ended = yield* running.ended
        assert.strictEqual(ended.status, 1)
        assert.include(ended.output, reason)
        assert.isFalse(existsSync(join(root, "csi.sock")))
      })
    )
  }
})

describe("the User-Agent", () => {
  live(
    "P-13 is that of the driver and its version, with what --user-agent adds in front, the last one first",
    Effect.gen(function* () {
      const plain = yield* onCloud()
      yield* plain.csi.listVolumes()
      const added = yield* startWired(cloudConf(plain.cloud.authUrl), [
        controllerAlone,
        "--user-agent=first,item",
        "--user-agent",
        "second"
      ])
      const before = yield* plain.cloud.requests.total
      yield* added.csi.listVolumes()
      const agents = (yield* plain.cloud.requests.recent).map(({ userAgent }) => userAgent ?? "")
      assert.isAbove(agents.length, before)
      for (const agent of agents.slice(0, before)) assert.match(agent, /^cinder-csi-plugin\/\d+\.\d+\.\d+$/)
      for (const agent of agents.slice(before)) {
        assert.match(agent, /^second first,item cinder-csi-plugin\/\d+\.\d+\.\d+$/)
      }
    })
  )
})
