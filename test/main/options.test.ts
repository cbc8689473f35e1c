import { assert, describe, it } from "@effect/vitest"
import { Duration, Either } from "effect"
import fc from "fast-check"
import { noProxies } from "../../src/adapters/openstack/proxies.ts"
import { flagNames } from "../../src/main/flags.ts"
import { helpText } from "../../src/main/help.ts"
import { type Options, parseOptions } from "../../src/main/options.ts"
import { readOtlp } from "../../src/main/otlp.ts"

const node = ["--endpoint=unix:///csi/csi.sock", "--provide-controller-service=false"]
const parse = (argv: ReadonlyArray<string>, env: Record<string, string> = {}) => parseOptions(argv, env)
const optionsOf = (argv: ReadonlyArray<string>, env: Record<string, string> = {}): Options => {
  const parsed = Either.getOrThrow(parse(argv, env))
  if (parsed._tag === "Options") return parsed
  return assert.fail(`${parsed._tag} in place of options`)
}
/** With what every command line needs in front. */
const nodeOptions = (...argv: ReadonlyArray<string>) => optionsOf([...node, ...argv])
const refusalOf = (argv: ReadonlyArray<string>, env: Record<string, string> = {}) =>
  Either.match(parse(argv, env), { onLeft: ({ message }) => message, onRight: () => "accepted" })
const nodeRefusal = (...argv: ReadonlyArray<string>) => refusalOf([...node, ...argv])

describe("a command line of upstream's deployments", () => {
  it("starts the controller of the manifests", () =>
    assert.deepStrictEqual(
      optionsOf([
        "/bin/cinder-csi-plugin",
        "--endpoint=unix://csi/csi.sock",
        "--cloud-config=/etc/config/cloud.conf",
        "--cluster=kubernetes",
        "--pvc-annotations",
        "--v=1"
      ]),
      {
        _tag: "Options",
        endpoint: { _tag: "Unix", path: "/csi/csi.sock" },
        provideControllerService: true,
        provideNodeService: true,
        httpEndpoint: undefined,
        cloudConfig: ["/etc/config/cloud.conf"],
        cloudsYaml: { file: undefined, cloud: undefined, folders: [".", "/etc/openstack"] },
        cloudNames: [""],
        cluster: "kubernetes",
        userAgent: [],
        proxies: noProxies,
        withTopology: true,
        additionalTopology: {},
        pvcAnnotations: true,
        nodeName: "",
        kubernetes: {
          kubeconfig: "",
          master: "",
          queriesPerSecond: 5,
          burst: 10,
          minResyncPeriod: Duration.hours(12),
          serviceHost: "",
          servicePort: ""
        },
        otlp: readOtlp({}),
        verbosity: 1,
        warnings: []
      }
    ))

  it("starts the node of the chart", () => {
    const options = optionsOf([
      "/bin/cinder-csi-plugin",
      "-v=2",
      "--endpoint=unix://csi/csi.sock",
      "--provide-controller-service=false",
      "--cloud-config=/etc/kubernetes/cloud.conf"
    ])
    assert.deepStrictEqual(
      [options.provideControllerService, options.provideNodeService, options.verbosity, options.warnings],
      [false, true, 2, []]
    )
  })

  it("starts a node without cloud.conf", () => assert.deepStrictEqual(nodeOptions().cloudConfig, []))
})

describe("the spelling of flags", () => {
  it.each<[string, ReadonlyArray<string>, Partial<Options>]>([
    ["--flag=value", ["--cluster=a"], { cluster: "a" }],
    ["--flag value", ["--cluster", "a"], { cluster: "a" }],
    ["a value that looks like a flag", ["--cluster", "--v"], { cluster: "--v" }],
    ["a value with an equals sign", ["--cluster=a=b"], { cluster: "a=b" }],
    ["an empty value", ["--cluster="], { cluster: "" }],
    ["underscores", ["--with_topology=false"], { withTopology: false }],
    ["a bare boolean", ["--pvc-annotations"], { pvcAnnotations: true }],
    [
      "a boolean's other spellings",
      ["--pvc-annotations=T", "--with-topology=0"],
      { pvcAnnotations: true, withTopology: false }
    ],
    ["-v 2", ["-v", "2"], { verbosity: 2 }],
    ["-v=2", ["-v=2"], { verbosity: 2 }],
    ["-v2", ["-v2"], { verbosity: 2 }],
    ["--v 2", ["--v", "2"], { verbosity: 2 }],
    ["the last of several", ["--cluster=a", "--cluster=b"], { cluster: "b" }],
    ["lists with commas", ["--cloud-name=a,b"], { cloudNames: ["a", "b"] }],
    ["lists given several times", ["--cloud-name=a", "--cloud_name", "b"], { cloudNames: ["a", "b"] }],
    ["lists with literal quotes", ['--cloud-name="region-one"'], { cloudNames: ["region-one"] }],
    ["lists with commas and quotes in quotes", ['--cloud-name="a,b","c""d"'], { cloudNames: ["a,b", 'c"d'] }],
    ["plain [Global] beside a named cloud", ["--cloud-name=,north"], { cloudNames: ["", "north"] }],
    ["plain [Global] in literal quotes", ['--cloud-name=""'], { cloudNames: [""] }],
    ["an empty list, which is the default", ["--cloud-name="], { cloudNames: [""] }],
    ["the line end that a YAML block leaves", ["--cloud-config=/a\n"], { cloudConfig: ["/a"] }],
    ["files without the empty ones", ["--cloud-config=/a,,/b"], { cloudConfig: ["/a", "/b"] }],
    ["repeated texts, commas and all", ["--user-agent=a,b", "--user-agent", "c"], { userAgent: ["a,b", "c"] }],
    ["maps", ["--additional-topology=a=1,b=2"], { additionalTopology: { a: "1", b: "2" } }],
    [
      "maps given several times",
      ["--additional-topology", "a=1", "--additional-topology=b=,a=3"],
      { additionalTopology: { a: "3", b: "" } }
    ],
    ["a single pair with commas in its value", ["--additional-topology=a=1,2"], { additionalTopology: { a: "1,2" } }],
    ["--help=false and --version=0, which ask for nothing", ["--help=false", "--version=0", "-v1"], { verbosity: 1 }],
    ["a level with a leading zero, which stays decimal", ["--v=010"], { verbosity: 10 }],
    ["the metrics' address", ["--http-endpoint=:8080"], { httpEndpoint: { host: undefined, port: 8080 } }],
    ["an IPv6 address", ["--http-endpoint=[::1]:8080"], { httpEndpoint: { host: "::1", port: 8080 } }]
  ])("allows %s", (_, argv, expected) => assert.deepInclude(nodeOptions(...argv), expected))

  it.each([
    ["10", 10],
    ["0", 0],
    ["0x1F", 31],
    ["0b11", 3],
    ["0o17", 15],
    ["017", 15]
  ])("reads the whole number %s as Go does", (text, burst) =>
    assert.strictEqual(nodeOptions(`--kube-api-burst=${text}`).kubernetes.burst, burst)
  )

  it.each([
    ["5", 5],
    [".5", 0.5],
    ["1e2", 100],
    ["-2.5E-1", -0.25]
  ])("reads the number %s as Go does", (text, rate) =>
    assert.strictEqual(nodeOptions(`--kube-api-qps=${text}`).kubernetes.queriesPerSecond, rate)
  )

  it("reads back any list that is written in quotes", () =>
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", minLength: 1 }), { minLength: 1 }), (names) => {
        const written = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(",")
        assert.deepStrictEqual(nodeOptions("--cloud-name", written).cloudNames, names)
      })
    ))
})

describe("a command line that cannot be served", () => {
  it.each([
    [["--cloud-conf=/secret"], "unknown flag --cloud-conf; did you mean --cloud-config?"],
    [["--toplogy"], "unknown flag --toplogy; --help lists the flags"],
    [["--with-topolgy=false"], "unknown flag --with-topolgy; did you mean --with-topology?"],
    [["-endpoint=/x"], "unknown flag -endpoint; it is written with two dashes: --endpoint"],
    [["-psecret"], "unknown flag -p; --help lists the flags"],
    [["--cluster"], "--cluster: needs a value"],
    [["-v"], "--v: needs a value"],
    [["--v=0x2"], '--v: "0x2" is not accepted; write a whole number'],
    [["--kube-api-burst=09"], '--kube-api-burst: "09" is not accepted; write a whole number'],
    [["--help=perhaps"], '--help: "perhaps" is not accepted; write true or false'],
    [["-v="], '--v: "=" is not accepted; write a whole number'],
    [["--v=much"], '--v: "much" is not accepted; write a whole number'],
    [["--v=much", "--v=1"], '--v: "much" is not accepted; write a whole number'],
    [["--with-topology=maybe"], '--with-topology: "maybe" is not accepted; write true or false'],
    [["--kube-api-burst=-1"], '--kube-api-burst: "-1" is not accepted; write a whole number from 0'],
    [["--kube-api-qps=fast"], '--kube-api-qps: "fast" is not accepted; write a number'],
    [["--min-resync-period=12"], '--min-resync-period: "12" is not accepted; write a time such as 90s or 12h'],
    [['--cloud-name=a"b'], '--cloud-name: "a\\"b" is not accepted; write a,b or "a","b", with each quote closed'],
    [["--additional-topology=zone"], '--additional-topology: "zone" is not accepted; write key=value,key=value'],
    [["--additional-topology="], '--additional-topology: "" is not accepted; write key=value,key=value'],
    [
      ["--http-endpoint=8080"],
      '--http-endpoint: "8080" is not accepted; write host:port or :port, with a port up to 65535'
    ],
    [
      ["--provide-node-service=false"],
      "nothing to serve: --provide-controller-service and --provide-node-service are both false"
    ],
    [
      ["--provide-controller-service"],
      "--cloud-config is needed to serve the controller; a node alone needs --provide-controller-service=false"
    ]
  ])("is refused with its flag and what is accepted: %s", (argv, message) =>
    assert.strictEqual(nodeRefusal(...argv), message)
  )

  it("is refused without an endpoint", () =>
    assert.strictEqual(
      refusalOf(["--provide-controller-service=false"]),
      "--endpoint is needed: where to serve CSI, such as --endpoint=unix:///csi/csi.sock"
    ))

  it("never makes the reader throw", () => {
    const flag = fc.constantFrom(
      ...flagNames.map((name) => `--${name}`),
      "--",
      "-",
      "-v",
      "-h",
      "--=",
      "---",
      "--no_such",
      "--__proto__",
      "constructor"
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(flag, fc.constantFrom("", "="), fc.string())), (parts) => {
        parse(parts.map(([name, equals, text]) => (equals === "" ? name : `${name}=${text}`)))
      })
    )
  })
})

describe("the endpoint", () => {
  it.each([
    ["unix://csi/csi.sock", "/csi/csi.sock"],
    ["unix:///csi/csi.sock", "/csi/csi.sock"],
    ["unix:/csi/csi.sock", "/csi/csi.sock"],
    ["UNIX://csi/csi.sock", "/csi/csi.sock"],
    ["/csi/csi.sock", "/csi/csi.sock"]
  ])("may be the socket %s", (endpoint, path) =>
    assert.deepStrictEqual(nodeOptions("--endpoint", endpoint).endpoint, { _tag: "Unix", path })
  )

  it.each([
    ["tcp://127.0.0.1:10000", { host: "127.0.0.1", port: 10000 }],
    ["TCP://localhost:0", { host: "localhost", port: 0 }],
    ["tcp://[::]:80", { host: "::", port: 80 }],
    ["tcp://:80", { host: undefined, port: 80 }]
  ])("may be the address %s", (endpoint, address) =>
    assert.deepStrictEqual(nodeOptions("--endpoint", endpoint).endpoint, { _tag: "Tcp", address })
  )

  it.each(["unix://", "csi/csi.sock", "unix:csi.sock", "http://localhost:80", "//csi/csi.sock"])(
    "is refused: %s",
    (endpoint) =>
      assert.strictEqual(
        nodeRefusal("--endpoint", endpoint),
        `--endpoint: "${endpoint}" is not accepted; write unix:///path/to.sock or tcp://host:port`
      )
  )

  it.each(["tcp://localhost", "tcp://localhost:99999", "tcp://::1:80"])("is refused: %s", (endpoint) =>
    assert.include(nodeRefusal("--endpoint", endpoint), "is not accepted; write host:port or :port")
  )

  it("is refused when the kernel could not bind its path", () => {
    assert.strictEqual(nodeOptions("--endpoint", `/${"a".repeat(106)}`).endpoint._tag, "Unix")
    assert.strictEqual(
      nodeRefusal("--endpoint", `/${"é".repeat(54)}`),
      "--endpoint: the socket's path is 109 bytes long, and Linux allows 107"
    )
  })

  it("comes from CSI_ENDPOINT when the flag is absent", () => {
    const env = { CSI_ENDPOINT: "unix:///env.sock" }
    const argv = ["--provide-controller-service=false"]
    assert.deepStrictEqual(optionsOf(argv, env).endpoint, { _tag: "Unix", path: "/env.sock" })
    assert.deepStrictEqual(optionsOf([...argv, "--endpoint=/flag.sock"], env).endpoint, {
      _tag: "Unix",
      path: "/flag.sock"
    })
    assert.include(refusalOf(argv, { CSI_ENDPOINT: "env.sock" }), 'CSI_ENDPOINT: "env.sock" is not accepted')
  })
})

describe("what has no effect", () => {
  it("is accepted and said", () =>
    assert.deepStrictEqual(
      nodeOptions("--nodeid=a", "--node-service-no-os-client", "--vmodule=a=1", "--with-topology", "false").warnings,
      [
        "--nodeid has no effect: the id is read from the instance's metadata",
        "--node-service-no-os-client has no effect: the node service never calls OpenStack",
        "--vmodule has no effect: this driver has no Go source files",
        '"false" has no effect; a boolean is written --flag=false'
      ]
    ))

  it("is told with what keeps the driver from starting, where it may be a mistyped sub-command", () => {
    const missing =
      "--cloud-config is needed to serve the controller; a node alone needs --provide-controller-service=false"
    assert.strictEqual(
      refusalOf(["docter"]),
      `${missing}; "docter" was not taken for a sub-command: --help lists them, and they stand first`
    )
    assert.strictEqual(refusalOf(["/bin/cinder-csi-plugin", "--with-topology", "false"]), missing)
  })

  it("includes all that stands behind two dashes", () =>
    assert.deepStrictEqual(nodeOptions("--", "--no-such-flag").warnings.length, 1))
})

describe("KUBECONFIG", () => {
  it("wins over --kubeconfig", () =>
    assert.deepInclude(optionsOf([...node, "--kubeconfig=/flag"], { KUBECONFIG: "/env" }).kubernetes, {
      kubeconfig: "/env"
    }))
})

describe("--help and --version", () => {
  it.each([
    [["--help"], "HelpRequested"],
    [["-h"], "HelpRequested"],
    [["/bin/cinder-csi-plugin", "--with-topology=maybe", "--help"], "HelpRequested"],
    [["--version"], "VersionRequested"]
  ])("ask for no service: %s", (argv, tag) => assert.strictEqual(Either.getOrThrow(parse(argv))._tag, tag))

  it("tells of every flag, with its default", () => {
    for (const name of flagNames) assert.include(helpText, `--${name}`)
    assert.include(
      helpText,
      "--min-resync-period TIME\n      Accepted without effect: claims are read one by one, when a volume is made (default 12h)"
    )
  })

  it("gives examples that work", () => {
    const examples = [...helpText.matchAll(/^ {2}cinder-csi-plugin (--(?:.*\\\n)*.*)$/gm)].map(([, line = ""]) =>
      line.replaceAll("\\\n", " ").trim().split(/\s+/)
    )
    assert.strictEqual(examples.length, 2)
    for (const argv of examples) assert.deepStrictEqual(optionsOf(argv).warnings, [])
  })
})
