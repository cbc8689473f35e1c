import { join } from "node:path"
import { assert, beforeAll, describe } from "@effect/vitest"
import { Effect, Either, Schedule } from "effect"
import { makeCsiClient } from "../../src/adapters/csi/client.ts"
import { parseOptions } from "../../src/main/options.ts"
import { type Container, driverOf, type PodSpec, podOf, rightsOf, rolesOf } from "../deploy/support/objects.ts"
import {
  kustomize,
  manifestsOfUpstream,
  noDeployTools,
  objectsOf,
  renderChart,
  upstreamChart
} from "../deploy/support/tools.ts"
import { ca } from "../support/certificates.ts"
import { filesIn, kubeconfigText } from "../support/kubernetes/access.ts"
import { temporaryFolder } from "../support/wiredDriver.ts"
import { liveUnless } from "./support/needs.ts"
import { makeProgram, runProgram } from "./support/program.ts"

const upstream = liveUnless(noDeployTools)

const everySwitch = {
  pvcAnnotations: true,
  csi: {
    plugin: {
      httpEndpoint: { enabled: true },
      controllerPlugin: { extraArgs: '- --cloud-name="region-one"\n- --cloud-name="region-two"' },
      nodePlugin: { extraArgs: "- --additional-topology\n- topology.kubernetes.io/region=region-one" }
    }
  }
}

/** Pods as the Go driver's manifests and chart make them. */
const podsOfUpstream = (): Readonly<Record<string, PodSpec>> => {
  const manifests = manifestsOfUpstream()
  const chart = objectsOf(renderChart({}, { chart: upstreamChart }))
  const switched = objectsOf(renderChart(everySwitch, { chart: upstreamChart }))
  return {
    "manifest, controller": podOf(manifests, "controllerplugin"),
    "manifest, node": podOf(manifests, "nodeplugin"),
    "chart, controller": podOf(chart, "controllerplugin"),
    "chart, node": podOf(chart, "nodeplugin"),
    "chart with every switch, controller": podOf(switched, "controllerplugin"),
    "chart with every switch, node": podOf(switched, "nodeplugin")
  }
}

/** Of these words, those of a pod that runs with a cloud.conf of one cloud. */
const withOneCloud = ["manifest, controller", "manifest, node", "chart, controller", "chart, node"]
const names = [...withOneCloud, "chart with every switch, controller", "chart with every switch, node"]

const driverIn = (name: string): Container => {
  const pod = podsOfUpstream()[name]
  return pod === undefined ? assert.fail(`there is no pod ${name}`) : driverOf(pod)
}

/** The arguments as kubelet fills them in: `$(NAME)`. */
const expanded = ({ args, env = [] }: Container): ReadonlyArray<string> => {
  const values = new Map(env.map(({ name, value }) => [name, value]))
  return args.map((arg) => arg.replace(/\$\((\w+)\)/g, (whole, name) => values.get(name) ?? whole))
}

const unreachable = "[Global]\nauth-url = http://127.0.0.1:9\nuser-id = u\npassword = p\ntenant-id = t\n"

describe("the pods of upstream's manifests and chart", () => {
  beforeAll(makeProgram)

  for (const name of names) {
    upstream(
      `P-41 give arguments that are accepted: ${name}`,
      Effect.sync(() => {
        const driver = driverIn(name)
        assert.notProperty(driver, "command")
        const [program, ...args] = expanded(driver)
        assert.strictEqual(program, "/bin/cinder-csi-plugin")
        const options = Either.getOrThrow(parseOptions(args, {}))
        assert.strictEqual(options._tag, "Options")
        if (options._tag !== "Options") return
        assert.deepStrictEqual(options.endpoint, { _tag: "Unix", path: "/csi/csi.sock" })
        assert.strictEqual(options.provideControllerService, name.endsWith("controller"))
        assert.deepStrictEqual(options.cloudConfig, ["/etc/config/cloud.conf"])
        assert.deepStrictEqual(options.warnings, [])
      })
    )
  }

  for (const name of withOneCloud) {
    upstream(
      `P-41 serve with these arguments, and answer the probe: ${name}`,
      Effect.gen(function* () {
        const root = yield* temporaryFolder
        const config = kubeconfigText("https://127.0.0.1:9", { token: "t" })
        yield* filesIn(root, { "cloud.conf": unreachable, "ca.pem": ca, config })
        const inRoot = (arg: string) =>
          arg.replace("unix://csi/", `unix://${root}/`).replace("/etc/config/", `${root}/`)
        const running = yield* runProgram(expanded(driverIn(name)).slice(1).map(inRoot), {
          KUBECONFIG: join(root, "config")
        })
        const csi = yield* makeCsiClient(`unix:${join(root, "csi.sock")}`)
        const answer = yield* csi.probe({}, { timeout: "1 second" }).pipe(
          Effect.retry(Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(200))),
          Effect.orElse(() => Effect.dieMessage(running.output()))
        )
        assert.notStrictEqual(answer.ready, false)
        const { name: driver } = yield* csi.getPluginInfo({})
        assert.strictEqual(driver, "cinder.csi.openstack.org")
      })
    )
  }

  upstream(
    "P-41 ask for life as ours do, at the port of the sidecar",
    Effect.sync(() => {
      const ours = driverOf(podOf(objectsOf(kustomize("base")), "nodeplugin"))
      for (const name of names) {
        assert.deepStrictEqual(driverIn(name).livenessProbe?.httpGet, ours.livenessProbe?.httpGet, name)
        assert.deepStrictEqual(driverIn(name).ports?.[0]?.containerPort, ours.ports?.[0]?.containerPort, name)
      }
    })
  )

  upstream(
    "P-8 have every mount that our pods have; a folder for temporary files is the container's own there",
    Effect.sync(() => {
      const base = objectsOf(kustomize("base"))
      const pods = podsOfUpstream()
      const mountsOf = (pod: PodSpec) =>
        new Map(driverOf(pod).volumeMounts?.map(({ mountPath, mountPropagation }) => [mountPath, mountPropagation]))
      for (const [name, pod] of Object.entries(pods)) {
        const theirs = mountsOf(pod)
        const ours = mountsOf(podOf(base, name.endsWith("controller") ? "controllerplugin" : "nodeplugin"))
        assert.isAbove(ours.size, 1)
        for (const [path, propagation] of ours) {
          if (path === "/tmp") {
            assert.notProperty(driverOf(pod).securityContext, "readOnlyRootFilesystem", name)
            continue
          }
          assert.isTrue(theirs.has(path), `${name}: ${path}`)
          assert.strictEqual(theirs.get(path), propagation, `${name}: ${path}`)
        }
      }
    })
  )

  upstream(
    "P-8 let the node mount and see its metadata service, and the controller read claims; nothing else is asked",
    Effect.sync(() => {
      for (const [name, pod] of Object.entries(podsOfUpstream())) {
        if (!name.endsWith("node")) continue
        assert.strictEqual(driverOf(pod).securityContext?.["privileged"], true, name)
        assert.propertyVal(pod, "hostNetwork", true, name)
      }
      for (const objects of [manifestsOfUpstream(), objectsOf(renderChart({}, { chart: upstreamChart }))]) {
        const rights = rolesOf(objects)
          .filter(({ metadata }) => metadata.name === "csi-provisioner-role")
          .flatMap(({ rules }) => rightsOf(rules))
        assert.include(rights, "get /persistentvolumeclaims")
      }
    })
  )
})
