import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { inspect } from "node:util"
import { assert, describe } from "@effect/vitest"
import { Effect, Exit, Layer, type Scope } from "effect"
import type { KubernetesOptions } from "../../../src/adapters/kubernetes/KubernetesHttp.ts"
import { layerClaims } from "../../../src/main/claimsLayer.ts"
import { parseOptions } from "../../../src/main/options.ts"
import { Claims } from "../../../src/ports/Claims.ts"
import { ca, client, otherCa } from "../../support/certificates.ts"
import { filesIn, kubeconfigText, podAt } from "../../support/kubernetes/access.ts"
import { type KubernetesApi, kubernetesApi, refusal } from "../../support/kubernetes/kubernetesApi.ts"
import { live, temporaryFolder } from "../../support/wiredDriver.ts"

const claim = { namespace: "shop", name: "data" }
const path = "/api/v1/namespaces/shop/persistentvolumeclaims/data"
const hints = { "cinder.csi.openstack.org/affinity": "a" }
const token = "secret-token-1"
const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

type Pod = Pick<KubernetesOptions, "serviceHost" | "servicePort" | "serviceAccountFolder">

/** The port as `main` wires it, with these flags and in this pod. */
const claimsWith = (flags: ReadonlyArray<string>, pod?: Pod) =>
  Effect.gen(function* () {
    const options = yield* parseOptions(
      ["--endpoint=unix:///s", "--provide-controller-service=false", "--pvc-annotations", ...flags],
      {}
    )
    if (options._tag !== "Options") return yield* Effect.dieMessage("these are flags of a serving driver")
    return yield* Effect.flatMap(Layer.build(layerClaims(options, pod)), (built) => Effect.provide(Claims, built))
  })

/** An API with one claim, and the port as in a pod of its cluster. */
const inPod = <A, E>(
  test: (api: KubernetesApi, claims: Claims["Type"], pod: Pod) => Effect.Effect<A, E, Scope.Scope>,
  flags: ReadonlyArray<string> = []
) =>
  Effect.gen(function* () {
    const api = yield* kubernetesApi()
    api.tokens.add(token)
    api.putClaim(claim, hints)
    const pod = yield* podAt(yield* temporaryFolder, api.port, token)
    return yield* test(api, yield* claimsWith(flags, pod), pod)
  })

const withKubeconfig = (text: (api: KubernetesApi) => string, flags: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const api = yield* kubernetesApi()
    api.tokens.add(token)
    api.putClaim(claim, hints)
    const files = { config: text(api), "ca.pem": ca, token, "client.pem": client.cert, "client.key": client.key }
    const root = yield* filesIn(yield* temporaryFolder, files)
    const claims = yield* claimsWith([`--kubeconfig=${join(root, "config")}`, ...flags])
    return { api, annotations: yield* claims.annotations(claim) }
  })

describe("a claim in a pod's own cluster", () => {
  live(
    "is read by itself, with the service account's token and authority",
    inPod((api, claims) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* claims.annotations(claim), hints)
        assert.deepStrictEqual(
          api.seen.map(({ method, path, headers }) => [method, path, headers.authorization]),
          [["GET", path, `Bearer ${token}`]]
        )
        assert.match(api.seen[0]?.headers["user-agent"] ?? "", /^cinder-csi-plugin\//)
      })
    )
  )

  live(
    "may have no annotations",
    inPod((api, claims) =>
      Effect.gen(function* () {
        api.putClaim(claim)
        assert.deepStrictEqual(yield* claims.annotations(claim), {})
      })
    )
  )

  live(
    "is read with the token of the hour",
    inPod((api, claims, { serviceAccountFolder }) =>
      Effect.gen(function* () {
        yield* claims.annotations(claim)
        api.tokens.delete(token)
        api.tokens.add("secret-token-2")
        yield* Effect.promise(() => writeFile(join(serviceAccountFolder, "token"), "secret-token-2"))
        assert.deepStrictEqual(yield* claims.annotations(claim), hints)
      })
    )
  )

  live(
    "is read with the authority of the hour, and not from a server that another one vouches for",
    inPod((_, claims, { serviceAccountFolder }) =>
      Effect.gen(function* () {
        const authority = (text: string) => Effect.promise(() => writeFile(join(serviceAccountFolder, "ca.crt"), text))
        yield* authority(client.cert)
        const error = yield* Effect.flip(claims.annotations(claim))
        assert.match(
          error.message,
          /^cannot read claim shop\/data: https:\/\/127.0.0.1:\d+ did not answer: .*certificate/
        )
        yield* authority(ca)
        assert.deepStrictEqual(yield* claims.annotations(claim), hints)
      })
    )
  )

  live(
    "costs no request at the start of the driver",
    inPod((api) => Effect.sync(() => assert.deepStrictEqual(api.seen, [])))
  )
})

describe("a claim by a kubeconfig", () => {
  live(
    "is read with a token",
    Effect.gen(function* () {
      const { annotations } = yield* withKubeconfig(({ url }) => kubeconfigText(url, { token }))
      assert.deepStrictEqual(annotations, hints)
    })
  )

  live(
    "is read with a token file beside it, and an authority in it",
    Effect.gen(function* () {
      const authority = { "certificate-authority-data": Buffer.from(ca).toString("base64") }
      const { annotations } = yield* withKubeconfig(({ url }) => kubeconfigText(url, { tokenFile: "token" }, authority))
      assert.deepStrictEqual(annotations, hints)
    })
  )

  live(
    "is read with a client certificate",
    Effect.gen(function* () {
      const { api, annotations } = yield* withKubeconfig(({ url }) =>
        kubeconfigText(url, { "client-certificate": "client.pem", "client-key": "client.key" })
      )
      assert.deepStrictEqual(annotations, hints)
      assert.deepStrictEqual(
        api.seen.map(({ clientName, headers }) => [clientName, headers.authorization]),
        [["client", undefined]]
      )
    })
  )

  live(
    "is read at the address of --master where that is given",
    Effect.gen(function* () {
      const other = yield* kubernetesApi()
      other.tokens.add(token)
      other.putClaim(claim, { from: "master" })
      const { api, annotations } = yield* withKubeconfig(
        ({ url }) => kubeconfigText(url, { token }),
        [`--master=${other.url}/`]
      )
      assert.deepStrictEqual(annotations, { from: "master" })
      assert.deepStrictEqual(api.seen, [])
    })
  )
})

describe("a claim at --master alone", () => {
  live(
    "is asked for without credentials",
    Effect.gen(function* () {
      const api = yield* kubernetesApi({ tls: false })
      api.tokens.add("")
      api.putClaim(claim, hints)
      const claims = yield* claimsWith([`--master=127.0.0.1:${api.port}`])
      assert.deepStrictEqual(yield* claims.annotations(claim), hints)
      assert.strictEqual(api.seen[0]?.headers.authorization, undefined)
    })
  )
})

describe("a way to the API that cannot be used is refused at start", () => {
  live(
    "an address that is none, without a word of the password in it",
    Effect.gen(function* () {
      for (const address of [
        "ftp://host",
        "http://me:sesame@host",
        "two words",
        "https://host:99999",
        "http://host/?a"
      ]) {
        const { message } = yield* Effect.flip(claimsWith([`--master=${address}`]))
        assert.include(message, "--master is no address of the Kubernetes API; write https://host:port")
        assert.notInclude(message, "sesame")
        const inConfig = yield* Effect.flip(withKubeconfig(() => kubeconfigText(address, { token })))
        assert.match(inConfig.message, /config: the server is no address of the Kubernetes API; write https/)
        assert.notInclude(inConfig.message, "sesame")
      }
    })
  )

  live(
    "PEM that holds nothing, and a key of another certificate",
    Effect.gen(function* () {
      const data = (text: string) => Buffer.from(text).toString("base64")
      const authority = yield* Effect.flip(
        withKubeconfig(({ url }) => kubeconfigText(url, { token }, { "certificate-authority-data": data(broken) }))
      )
      assert.include(authority.message, "certificate-authority-data in")
      assert.include(authority.message, "holds no certificate in PEM form")
      for (const [cert, key] of [
        [broken, client.key],
        [otherCa, client.key],
        [client.cert, broken]
      ] as const) {
        const user = { "client-certificate-data": data(cert), "client-key-data": data(key) }
        const { message } = yield* Effect.flip(withKubeconfig(({ url }) => kubeconfigText(url, user)))
        assert.include(message, "client-certificate and client-key do not belong together, or are not in PEM form")
      }
    })
  )
})

describe("a pod whose authority cannot be used", () => {
  for (const [what, text] of [
    ["holds no certificate", "no certificate"],
    ["is no certificate between its lines", broken],
    ["is empty", ""]
  ] as const) {
    live(
      `is refused at start: its file ${what}`,
      Effect.gen(function* () {
        const pod = yield* podAt(yield* temporaryFolder, 1, token)
        yield* Effect.promise(() => writeFile(join(pod.serviceAccountFolder, "ca.crt"), text))
        const { message } = yield* Effect.flip(claimsWith([], pod))
        assert.include(message, "ca.crt holds no certificate in PEM form")
      })
    )
  }
})

describe("a claim that is not shown", () => {
  live(
    "because it is gone is told apart from one that could not be read",
    inPod((_, claims) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(claims.annotations({ namespace: "shop", name: "gone" }))
        assert.deepStrictEqual([error._tag, error.message], ["ClaimNotFound", "Kubernetes has no claim shop/gone"])
      })
    )
  )

  live(
    "because no claim can have the name costs no request",
    inPod((api, claims) =>
      Effect.gen(function* () {
        for (const name of ["..", "a/b", "a?b", ""]) {
          assert.strictEqual(
            (yield* Effect.flip(claims.annotations({ namespace: "shop", name })))._tag,
            "ClaimNotFound"
          )
        }
        assert.deepStrictEqual(api.seen, [])
      })
    )
  )

  live(
    "for want of a right says which role has it",
    inPod((api, claims) =>
      Effect.gen(function* () {
        api.rights.claims = false
        const error = yield* Effect.flip(claims.annotations(claim))
        assert.strictEqual(error._tag, "ClaimUnreadable")
        assert.include(error.message, 'answered 403: persistentvolumeclaims "data" is forbidden: User')
        assert.include(
          error.message,
          "; let the controller's service account get persistentvolumeclaims, as the role of csi-provisioner does"
        )
        assert.strictEqual(api.seen.length, 1)
      })
    )
  )

  live(
    "for want of a valid token says what to check",
    inPod((api, claims) =>
      Effect.gen(function* () {
        api.tokens.clear()
        const error = yield* Effect.flip(claims.annotations(claim))
        assert.strictEqual(error._tag, "ClaimUnreadable")
        assert.include(error.message, "answered 401: Unauthorized; check the token of the controller's service account")
      })
    )
  )

  live(
    "at first is asked for again, three times in all",
    inPod((api, claims) =>
      Effect.gen(function* () {
        api.upset.push({ cut: "before" }, refusal(429, "TooManyRequests", "slow down"))
        assert.deepStrictEqual(yield* claims.annotations(claim), hints)
        const broken = refusal(500, "InternalError", "etcdserver: leader changed")
        api.upset.push(broken, broken, broken)
        const error = yield* Effect.flip(claims.annotations(claim))
        assert.strictEqual(error._tag, "ClaimUnreadable")
        assert.include(error.message, "answered 500: etcdserver: leader changed")
        assert.strictEqual(api.seen.length, 6)
      })
    )
  )

  for (const [what, reply] of [
    ["a page of a proxy", { status: 200, body: "<html>welcome</html>" }],
    ["some other object", { status: 200, body: { kind: "Pod", metadata: {} } }],
    [
      "a claim with annotations of another kind",
      { status: 200, body: { kind: "PersistentVolumeClaim", metadata: { annotations: [] } } }
    ],
    ["a path that nobody serves", { status: 404, body: "404 page not found\n" }]
  ] as const) {
    live(
      `but ${what} is never a claim without annotations`,
      inPod((api, claims) =>
        Effect.gen(function* () {
          api.upset.push(reply)
          assert.strictEqual((yield* Effect.flip(claims.annotations(claim)))._tag, "ClaimUnreadable")
        })
      )
    )
  }

  live(
    "keeps the token out of the message, whatever the server says",
    inPod((api, claims) =>
      Effect.gen(function* () {
        api.upset.push(refusal(403, "Forbidden", `no right for ${token}\nat all`))
        const error = yield* Effect.flip(claims.annotations(claim))
        assert.include(error.message, "no right for <redacted> at all")
        assert.notInclude(inspect(error, { depth: 20, showHidden: true }), token)
      })
    )
  )

  live(
    "ends with its caller",
    inPod((api, claims) =>
      Effect.gen(function* () {
        api.upset.push({ hang: true })
        const fiber = yield* Effect.fork(claims.annotations(claim))
        yield* api.arrival("GET", path, 1)
        yield* fiber.interruptAsFork(fiber.id())
        const exit = yield* fiber.await
        assert.isTrue(Exit.isInterrupted(exit))
      })
    )
  )
})

describe("a configuration that cannot be used", () => {
  const refused = (files: Readonly<Record<string, string>>, says: string, pod?: Pod) =>
    live(
      `ends the start: ${says}`,
      Effect.gen(function* () {
        const root = yield* filesIn(yield* temporaryFolder, files)
        const flags = "config" in files ? [`--kubeconfig=${join(root, "config")}`] : []
        const error = yield* Effect.flip(claimsWith(flags, pod))
        assert.strictEqual(
          error.message.replaceAll(`${root}/`, ""),
          `--pvc-annotations needs the Kubernetes API: ${says}`
        )
        assert.notInclude(inspect(error, { depth: 20, showHidden: true }), token)
      })
    )
  const url = "https://127.0.0.1:6443"

  refused(
    {},
    "this is no pod, as KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give --kubeconfig or --master"
  )
  refused({ config: `users:\n- {token: ${token}\n` }, "config is not YAML at line 3")
  refused({ config: `- ${token}` }, "config is no kubeconfig")
  refused({ config: `users: ${token}` }, "config is no kubeconfig: users is of the wrong kind")
  refused({ config: "{}" }, "config has no current-context")
  refused({ config: "current-context: a" }, 'config has no context "a", the current one')
  refused(
    { config: kubeconfigText(url, { exec: { command: "aws" }, token }, {}) },
    "config uses exec, which is not supported; use a token, a tokenFile or a client certificate"
  )
  refused({ config: kubeconfigText("", { token }, {}) }, "config names no server")
  refused({ config: kubeconfigText(url, { token }), "ca.pem": "nonsense" }, "ca.pem holds no certificate in PEM form")
  refused(
    { config: kubeconfigText(url, { "client-certificate": "c" }, {}), c: client.cert },
    "config needs client-certificate and client-key, or neither"
  )
  refused(
    { config: kubeconfigText(url, { tokenFile: "empty" }, {}), empty: "\n" },
    "empty is empty and should hold a token"
  )
})
