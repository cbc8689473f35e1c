import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Either, Redacted } from "effect"
import fc from "fast-check"
import { Auth } from "../../../src/adapters/config/auth.ts"
import { parseEntries, readCloudConf, requireClouds } from "../../../src/adapters/config/CloudConf.ts"
import type { ConfigFile } from "../../../src/adapters/config/configFile.ts"
import { describeProblem } from "../../../src/adapters/config/problems.ts"
import { reveal } from "./reveal.ts"

const parseCloudConf = (files: ReadonlyArray<ConfigFile>) =>
  Either.flatMap(parseEntries(files), (entries) =>
    readCloudConf(
      files.map(({ path }) => path),
      entries,
      new Map()
    )
  )
const file = (text: string, path = "cloud.conf") => ({ path, text })
const confOf = (...texts: ReadonlyArray<string>) =>
  Either.getOrThrow(
    parseCloudConf(texts.map((text, index) => file(text, index === 0 ? "cloud.conf" : `${index + 1}.conf`)))
  )
const warningsOf = (...texts: ReadonlyArray<string>) => confOf(...texts).warnings.map(describeProblem)
const cloudsOf = (text: string, names: ReadonlyArray<string>) => requireClouds(confOf(text), names)
const cloudOf = (lines: string) =>
  Either.getOrThrow(cloudsOf(`[Global]\nauth-url=http://keystone:5000\n${lines}`, [""])).get("")
const refusalOf = <A>(result: Either.Either<A, Error>) =>
  Either.match(result, { onLeft: ({ message }) => message, onRight: () => "accepted" })
const cloudRefusal = (lines: string) => refusalOf(cloudsOf(`[Global]\nauth-url=http://keystone:5000\n${lines}`, [""]))

const admin = { name: "admin", domain: { name: "default" } }

describe("the credentials in [Global]", () => {
  it("are those of upstream's example manifest", () =>
    assert.deepStrictEqual(
      reveal(
        Either.getOrThrow(
          cloudsOf(
            `[Global]
username = admin
password = nomoresecret
domain-name = default
auth-url = http://192.168.200.9/identity
tenant-id = cc34b11ff95d42309081d0bd46c0ff89
region = RegionOne`,
            [""]
          )
        ).get("")
      ),
      reveal({
        authUrl: "http://192.168.200.9/identity",
        auth: Auth.Password({
          user: admin,
          password: Redacted.make("nomoresecret"),
          scope: { id: "cc34b11ff95d42309081d0bd46c0ff89" }
        }),
        region: "RegionOne",
        interface: "public",
        tls: { caFile: undefined, client: undefined, insecure: false },
        zoneMap: {},
        files: ["cloud.conf"]
      })
    ))

  const p = Redacted.make("p")
  it.each<[string, string, Auth]>([
    [
      "user-id and the user's default project",
      "user-id=u\npassword=p",
      Auth.Password({ user: { id: "u" }, password: p, scope: undefined })
    ],
    [
      "user-id rather than username",
      "user-id=u\nusername=n\ndomain-id=d\npassword=p\ntenant-id=t\ntenant-name=tn",
      Auth.Password({ user: { id: "u" }, password: p, scope: { id: "t" } })
    ],
    [
      "domain-id for user and project",
      "username=n\ndomain-id=d\npassword=p\ntenant-name=t",
      Auth.Password({
        user: { name: "n", domain: { id: "d" } },
        password: p,
        scope: { name: "t", domain: { id: "d" } }
      })
    ],
    [
      "domains of their own before domain-id",
      "username=n\nuser-domain-name=a\ntenant-domain-id=b\ndomain-id=d\npassword=p\ntenant-name=t",
      Auth.Password({
        user: { name: "n", domain: { name: "a" } },
        password: p,
        scope: { name: "t", domain: { id: "b" } }
      })
    ],
    [
      "password before token and application credential",
      "token=x\napplication-credential-id=i\napplication-credential-secret=s\nuser-id=u\npassword=p\ntenant-id=t",
      Auth.Password({ user: { id: "u" }, password: p, scope: { id: "t" } })
    ],
    [
      "token before application credential",
      "token=x\napplication-credential-id=i\napplication-credential-secret=s\ntenant-id=t",
      Auth.Token({ token: Redacted.make("x"), scope: { id: "t" } })
    ],
    [
      "application credential by id before by name, without a project",
      "application-credential-id=i\napplication-credential-name=n\napplication-credential-secret=s\ntenant-id=t",
      Auth.ApplicationCredential({ credential: { id: "i" }, secret: Redacted.make("s") })
    ],
    [
      "application credential by name and user-id",
      "application-credential-name=n\nuser-id=u\napplication-credential-secret=s",
      Auth.ApplicationCredential({ credential: { name: "n", user: { id: "u" } }, secret: Redacted.make("s") })
    ],
    [
      "application credential by name, username and domain",
      "application-credential-name=n\nusername=admin\ndomain-name=default\napplication-credential-secret=s",
      Auth.ApplicationCredential({ credential: { name: "n", user: admin }, secret: Redacted.make("s") })
    ],
    [
      "trustee rather than user",
      "trust-id=t\ntrustee-id=e\ntrustee-password=p\nuser-id=u\npassword=q\ntenant-id=x",
      Auth.Trust({ user: { id: "e" }, password: p, trustId: "t" })
    ],
    [
      "user for a trust without a trustee",
      "trust-id=t\nuser-id=u\npassword=p",
      Auth.Trust({ user: { id: "u" }, password: p, trustId: "t" })
    ],
    [
      "an empty key as an absent one",
      "token=\nuser-id=u\nusername=\npassword=p",
      Auth.Password({ user: { id: "u" }, password: p, scope: undefined })
    ]
  ])("are taken: %s", (_, lines, auth) => assert.deepStrictEqual(reveal(cloudOf(lines)?.auth), reveal(auth)))

  it.each([
    ["auth-url", "auth-url=", "[Global] needs auth-url"],
    [
      "any method",
      "username=a",
      "[Global] needs credentials: password, token, application-credential-id or application-credential-name, or trust-id"
    ],
    ["a user", "", "[Global] needs user-id, or username with a domain, for password", "password=x"],
    [
      "the user's domain",
      "username=a",
      "[Global] needs user-domain-id, user-domain-name, domain-id or domain-name for username",
      "password=x"
    ],
    [
      "the project's domain",
      "user-id=a\ntenant-name=t",
      "[Global] needs tenant-domain-id, tenant-domain-name, domain-id or domain-name for tenant-name",
      "password=x"
    ],
    [
      "a project beside a domain",
      "username=a\ndomain-id=d",
      "[Global] needs tenant-id or tenant-name; with a domain alone the token would not reach volumes or servers",
      "password=x"
    ],
    [
      "the secret of an application credential",
      "application-credential-id=i",
      "[Global] needs application-credential-secret for application-credential-id"
    ],
    [
      "the application credential of a secret",
      "application-credential-secret=x",
      "[Global] needs application-credential-id or application-credential-name for application-credential-secret"
    ],
    [
      "the user of a named application credential",
      "application-credential-name=n",
      "[Global] needs user-id, or username with a domain, for application-credential-name",
      "application-credential-secret=s"
    ],
    [
      "the password of a trustee",
      "trust-id=t\ntrustee-id=e",
      "[Global] needs trustee-password or password for trust-id"
    ],
    [
      "the key of a client certificate",
      "user-id=a\ncert-file=/c",
      "[Global] needs key-file for cert-file",
      "password=x"
    ],
    ["the client certificate of a key", "user-id=a\nkey-file=/k", "[Global] needs cert-file for key-file", "password=x"]
  ])("are refused without %s", (_, lines, message, secret = "") =>
    assert.include(cloudRefusal(`${lines}\n${secret}`).split("\n"), `cloud.conf: ${message}`)
  )

  it("are refused with every bad value at once", () =>
    assert.strictEqual(
      refusalOf(
        cloudsOf("[Global]\nauth-url=keystone:5000\nos-endpoint-type=outside\npassword\ntls-insecure=perhaps", [""])
      ),
      [
        "cloud.conf:2: [Global] auth-url: is not a usable URL; write http://host:port/path or https://host:port/path, without user and password",
        "cloud.conf:4: [Global] password: needs a value, written behind =",
        'cloud.conf:3: [Global] os-endpoint-type: "outside" is not accepted; write public, internal or admin',
        'cloud.conf:5: [Global] tls-insecure: "perhaps" is not accepted; write true or false'
      ].join("\n")
    ))

  it("say which of them are not used", () =>
    assert.deepStrictEqual(
      warningsOf("[Global]\nauth-url=http://k\nuser-id=u\npassword=p\ntoken=t\ntrustee-id=e\nclouds-file=/c"),
      [
        "cloud.conf:5: [Global] token: is not used, because password is set",
        "cloud.conf:6: [Global] trustee-id: has no effect without trust-id",
        "cloud.conf:7: [Global] clouds-file: has no effect without use-clouds"
      ]
    ))

  it("warn that a token cannot be renewed", () =>
    assert.deepStrictEqual(warningsOf("[Global]\nauth-url=http://k\ntoken=t\ntenant-id=x"), [
      "cloud.conf:3: [Global] token: cannot be renewed: the driver loses the cloud when it expires"
    ]))
})

describe("TLS settings", () => {
  it("hold the bundle and the client's certificate", () =>
    assert.deepStrictEqual(cloudOf("user-id=u\npassword=p\nca-file=/ca\ncert-file=/c\nkey-file=/k")?.tls, {
      caFile: "/ca",
      client: { certFile: "/c", keyFile: "/k" },
      insecure: false
    }))

  it.each([
    ["true", true],
    ["false", false],
    ["", false],
    ["True", false],
    ["yes", false],
    ["1", false]
  ])("switch verification off for the exact text true alone: %s", (text, insecure) =>
    assert.strictEqual(cloudOf(`user-id=u\npassword=p\ntls-insecure=${text}`)?.tls.insecure, insecure)
  )

  it("warn when verification stays on although the text looks like true", () =>
    assert.deepStrictEqual(warningsOf("[Global]\nauth-url=http://k\nuser-id=u\npassword=p\ntls-insecure=yes"), [
      "cloud.conf:5: [Global] tls-insecure: does not switch verification off: only the exact text true does"
    ]))
})

describe("the map of zones", () => {
  const mapOf = (text: string) => [...(cloudOf(`user-id=u\npassword=p\navailability-zone-map=${text}`)?.zoneMap ?? [])]

  it.each([
    ["", []],
    ["az1=ceph", [["az1", "ceph"]]],
    [
      "az1=ceph, az2 = ceph",
      [
        ["az1", "ceph"],
        ["az2", "ceph"]
      ]
    ],
    ["my zone=rack 1", [["my zone", "rack 1"]]],
    ['"rack #1=ceph; fast"', [["rack #1", "ceph; fast"]]]
  ])("is read: %s", (text, pairs) => assert.deepStrictEqual(mapOf(text), pairs))

  it("is empty where nothing is said", () => assert.strictEqual(cloudOf("user-id=u\npassword=p")?.zoneMap.size, 0))

  const refusalFor = (text: string) =>
    refusalOf(cloudsOf(`[Global]\nauth-url=http://k\nuser-id=u\npassword=p\navailability-zone-map=${text}`, [""]))

  it.each(["az1", "az1=", "=ceph", "az1=ceph,", "az1=ceph=lvm", "az1:ceph", ","])("is refused: %s", (text) =>
    assert.strictEqual(
      refusalFor(text),
      `cloud.conf:5: [Global] availability-zone-map: "${text}" is not accepted; ` +
        "write nova-zone=cinder-zone, and a comma between two of them"
    )
  )

  it.each([
    ["az1=ceph, az1=lvm", '"az1" (label "az1")'],
    ["my zone=ceph, my-zone=ceph", '"my-zone" (label "my-zone")']
  ])("is refused where two names are one to nodes: %s", (text, named) =>
    assert.strictEqual(
      refusalFor(text),
      `cloud.conf:5: [Global] availability-zone-map: "${text}" has Nova's zone ${named} twice; ` +
        "name each once, as nova-zone=cinder-zone, and a comma between two of them"
    )
  )
})

describe("several clouds", () => {
  const two = `[Global "north"]
auth-url=https://north/v3
application-credential-id=n
application-credential-secret=s
os-endpoint-type=Internal
[Global "South"]
auth-url=https://south
user-id=u
password=p`

  it("are found by their names, case and all", () => {
    const clouds = Either.getOrThrow(cloudsOf(two, ["north", "South"]))
    assert.deepStrictEqual(
      [...clouds].map(([name, { authUrl, interface: type }]) => [name, authUrl, type]),
      [
        ["north", "https://north/v3", "internal"],
        ["South", "https://south", "public"]
      ]
    )
  })

  it("are missed with a list of those that are there", () =>
    assert.strictEqual(
      refusalOf(cloudsOf(two, ["north", "south", ""])),
      'found no [Global "south"] settings in cloud.conf, only [Global "north"], [Global "South"]\n' +
        'found no [Global] settings in cloud.conf, only [Global "north"], [Global "South"]'
    ))

  it("do not stop each other: a broken one matters to those who ask for it", () => {
    const broken = `${two}\n[Global "east"]\nauth-url=https://east`
    assert.isTrue(Either.isRight(cloudsOf(broken, ["north"])))
    assert.include(refusalOf(cloudsOf(broken, ["north", "east"])), 'cloud.conf: [Global "east"] needs credentials')
  })

  it("take nothing from plain [Global]", () =>
    assert.include(
      refusalOf(cloudsOf('[Global]\nauth-url=http://k\nuser-id=u\npassword=p\n[Global "a"]\nregion=r', ["a"])),
      '[Global "a"] needs auth-url'
    ))
})

describe("a node without credentials", () => {
  it.each([
    ["no file", []],
    ["an empty file", [""]],
    ["a file without [Global]", ["[BlockStorage]\nrescan-on-resize=yes"]],
    ["a file whose [Global] is of no use", ["[Global]\nuse-clouds=maybe"]],
    ["a file whose [Global] leaves its credentials to clouds.yaml", ["[Global]\nuse-clouds=true"]]
  ])("starts with %s", (_, texts) => assert.isTrue(Either.isRight(parseCloudConf(texts.map((text) => file(text))))))

  it("learns that the controller would need [Global]", () =>
    assert.strictEqual(refusalOf(requireClouds(confOf(), [""])), "found no [Global] settings in any file"))
})

describe("[BlockStorage] and [Metadata]", () => {
  it("have defaults", () => {
    const { blockStorage, metadata } = confOf("")
    assert.deepStrictEqual(blockStorage, {
      nodeVolumeAttachLimit: 256,
      nodeVolumeAttachLimitFromGuest: true,
      rescanOnResize: false,
      formatConcurrency: 1,
      formatNoise: false,
      uuidGuard: "refuse",
      ignoreVolumeAz: false,
      ignoreVolumeMicroversion: false,
      multiWriterFileSystem: false,
      removeStaleAttachments: false,
      singleNodeMultiWriter: true,
      removeStartupTaint: false
    })
    assert.deepStrictEqual(metadata, { searchOrder: ["configDrive", "metadataService"], requestTimeout: undefined })
  })

  it.each([
    ["true", true],
    ["YES", true],
    ["On", true],
    ["1", true],
    ["false", false],
    ["no", false],
    ["OFF", false],
    ["0", false]
  ])("read the boolean %s", (text, value) =>
    assert.strictEqual(confOf(`[blockstorage]\nRescan-On-Resize = ${text}`).blockStorage.rescanOnResize, value)
  )

  it("read a bare key as true", () =>
    assert.deepStrictEqual(confOf("[BlockStorage]\nignore-volume-az\nignore-volume-microversion").blockStorage, {
      nodeVolumeAttachLimit: 256,
      nodeVolumeAttachLimitFromGuest: true,
      rescanOnResize: false,
      formatConcurrency: 1,
      formatNoise: false,
      uuidGuard: "refuse",
      ignoreVolumeAz: true,
      ignoreVolumeMicroversion: true,
      multiWriterFileSystem: false,
      removeStaleAttachments: false,
      singleNodeMultiWriter: true,
      removeStartupTaint: false
    }))

  it.each(["1", " 7 ", "16"])("read the number %j of file systems made at a time", (text) =>
    assert.strictEqual(
      confOf(`[BlockStorage]\nformat-concurrency = ${text}`).blockStorage.formatConcurrency,
      Number(text)
    )
  )

  it.each(["0", "17", "-1", "1.5", "0x2", "two", ""])("refuse %j file systems made at a time", (text) => {
    const refused = parseCloudConf([file(`[BlockStorage]\nformat-concurrency = "${text}"`)])
    assert.include(refusalOf(refused), "write a whole number from 1 to 16")
  })

  it.each(["refuse", "WARN", "off"])("read the guard %s of file systems' UUIDs, in any case", (text) =>
    assert.strictEqual(
      confOf(`[BlockStorage]\nfilesystem-uuid-guard = ${text}\nformat-noise`).blockStorage.uuidGuard,
      text.toLowerCase()
    )
  )

  it("have the switches of the access modes", () => {
    const { blockStorage } = confOf("[BlockStorage]\nmulti-writer-filesystem=true\nsingle-node-multi-writer=false")
    assert.deepStrictEqual([blockStorage.multiWriterFileSystem, blockStorage.singleNodeMultiWriter], [true, false])
  })

  it.each([
    ["0", 0],
    ["25", 25],
    ["0x10", 16],
    ["256", 256],
    ["257", 256],
    ["-1", 256]
  ])("read the attach limit %s as the Go driver does", (text, limit) =>
    assert.strictEqual(
      confOf(`[BlockStorage]\nnode-volume-attach-limit=${text}`).blockStorage.nodeVolumeAttachLimit,
      limit
    )
  )

  it.each([
    ["", true],
    ["node-volume-attach-limit = 20", false],
    ["node-volume-attach-limit = 0", false],
    ["node-volume-attach-limit = 20\nnode-volume-attach-limit-from-guest", true],
    ["node-volume-attach-limit-from-guest = false", false]
  ])("let the guest lower the attach limit with %j: %s", (lines, value) =>
    assert.strictEqual(confOf(`[BlockStorage]\n${lines}`).blockStorage.nodeVolumeAttachLimitFromGuest, value)
  )

  it("warn of an attach limit that is replaced", () => {
    assert.deepStrictEqual(warningsOf("[BlockStorage]\nnode-volume-attach-limit=1000"), [
      "cloud.conf:2: [BlockStorage] node-volume-attach-limit: is outside 0 to 256, so 256 is used"
    ])
    assert.deepStrictEqual(warningsOf("[BlockStorage]\nnode-volume-attach-limit=0x100"), [])
  })

  it.each([
    ["metadataService", ["metadataService"]],
    [" metadataService , configDrive ", ["metadataService", "configDrive"]],
    ["configdrive,configDrive", ["configDrive"]],
    ["", ["configDrive", "metadataService"]]
  ])("read the search order %s", (text, order) =>
    assert.deepStrictEqual<ReadonlyArray<string>>(
      confOf(`[Metadata]\nsearch-order=${text}`).metadata.searchOrder,
      order
    )
  )

  it.each([
    ["5s", "5 seconds"],
    ["1m30s", "90 seconds"],
    ["1.5h", "90 minutes"],
    ["250ms", "250 millis"]
  ] as const)("read the time %s", (text, duration) =>
    assert.deepStrictEqual(
      confOf(`[Metadata]\nrequest-timeout=${text}`).metadata.requestTimeout,
      Duration.decode(duration)
    )
  )

  it("refuse bad values with file, line, section, key and what is accepted", () =>
    assert.strictEqual(
      refusalOf(
        parseCloudConf([
          file("[BlockStorage]\nrescan-on-resize=maybe\nnode-volume-attach-limit=many"),
          file("[Metadata]\nrequest-timeout=5\nsearch-order=configDrive,dns", "/etc/other.conf")
        ])
      ),
      [
        'cloud.conf:3: [BlockStorage] node-volume-attach-limit: "many" is not accepted; write a whole number from 1 to 256, or 0 for no limit',
        'cloud.conf:2: [BlockStorage] rescan-on-resize: "maybe" is not accepted; write true, yes, on or 1, or false, no, off or 0',
        '/etc/other.conf:3: [Metadata] search-order: "configDrive,dns" is not accepted; write configDrive, metadataService, or both with a comma between them',
        '/etc/other.conf:2: [Metadata] request-timeout: "5" is not accepted; write a duration such as 5s, 1m30s or 500ms'
      ].join("\n")
    ))
})

describe("several files", () => {
  it("merge key by key, and the last value wins", () => {
    const conf = confOf(
      "[Global]\nauth-url=http://a\nuser-id=u\npassword=old\n[BlockStorage]\nrescan-on-resize=maybe\nrescan-on-resize=yes",
      "[global]\npassword=new\n[BlockStorage]\nignore-volume-az=yes"
    )
    assert.deepStrictEqual(
      reveal(Either.getOrThrow(requireClouds(conf, [""])).get("")?.auth),
      reveal(Auth.Password({ user: { id: "u" }, password: Redacted.make("new"), scope: undefined }))
    )
    assert.isTrue(conf.blockStorage.rescanOnResize && conf.blockStorage.ignoreVolumeAz)
  })

  it("report the place of the value that counts", () =>
    assert.include(
      refusalOf(
        parseCloudConf([
          file("[BlockStorage]\nrescan-on-resize=1"),
          file("\n\n[BlockStorage]\nrescan-on-resize=2", "b.conf")
        ])
      ),
      "b.conf:4: [BlockStorage] rescan-on-resize"
    ))

  it("report each file that breaks the grammar", () =>
    assert.strictEqual(
      refusalOf(parseCloudConf([file("a=1"), file("[Global", "b.conf")])),
      "cloud.conf:1:1: a key stands before the first [section]\n" +
        'b.conf:1:8: expected ] behind the section name; a subsection is written in quotes: [Global "name"]'
    ))
})

describe("unknown settings", () => {
  it("are accepted with a hint", () =>
    assert.deepStrictEqual(
      warningsOf(
        "[Global]\npasword=x\nendpoint-type=public\nsomething=1\n[BlockStorge]\nrescan-on-resize=1\n" +
          '[BlockStorage "a"]\nrescan-on-resize=1\n[BlockStorage]\nbs-version=v3\n[constructor]\na=1'
      ),
      [
        "cloud.conf:2: [Global] pasword: is not known and has no effect; did you mean password?",
        "cloud.conf:3: [Global] endpoint-type: is not known and has no effect; did you mean os-endpoint-type?",
        "cloud.conf:4: [Global] something: is not known and has no effect",
        "cloud.conf:6: [blockstorge] rescan-on-resize: has no effect, since this driver knows no such section; did you mean [BlockStorage]?",
        'cloud.conf:8: [BlockStorage "a"] rescan-on-resize: has no effect, since this driver knows no such section; did you mean [BlockStorage]?',
        "cloud.conf:10: [BlockStorage] bs-version: is obsolete and has no effect",
        "cloud.conf:12: [constructor] a: has no effect, since this driver knows no such section"
      ]
    ))

  it("of the cloud controller manager pass in silence", () =>
    assert.deepStrictEqual(
      warningsOf(
        '[LoadBalancer]\nuse-octavia=true\n[LoadBalancerClass "a"]\nx=1\n[Networking]\nipv6-support-disabled=true\n[Route]\nrouter-id=r'
      ),
      []
    ))

  it("without a value are not repeated, as they may be the rest of a secret", () =>
    assert.deepStrictEqual(warningsOf("[Global]\npassword = abc\nHUNTER2"), [
      "cloud.conf:3: [Global] has a line that is no known key and has no value"
    ]))
})

describe("secrets", () => {
  const keys = ["password", "token", "application-credential-secret", "trustee-password"]
  const secret = fc.stringMatching(/^[A-Z][A-Z0-9]{11,20}$/)
  const others = fc.subarray([
    "auth-url=http://k",
    "auth-url=http://user:HUNTERHUNTER2@k",
    "user-id=u",
    "trust-id=t",
    "application-credential-id=i",
    "tls-insecure=maybe",
    "os-endpoint-type=x",
    "use-clouds",
    "unknown=1"
  ])

  it("appear in no error, no warning and no print of the configuration", () =>
    fc.assert(
      fc.property(fc.array(secret, { minLength: 4, maxLength: 4 }), others, (secrets, lines) => {
        const text = ["[Global]", ...keys.map((key, index) => `${key} = "${secrets[index]}"`), ...lines].join("\n")
        const conf = confOf(text)
        const clouds = requireClouds(conf, [""])
        const prints = [conf, [...conf.clouds], clouds].flatMap((value) => [
          inspect(value, { depth: 20, showHidden: true }),
          JSON.stringify(value),
          String(value)
        ])
        const shown = [...prints, refusalOf(clouds), ...conf.warnings.map(describeProblem)].join("\n")
        for (const hidden of [...secrets, "HUNTERHUNTER2"]) assert.notInclude(shown, hidden)
      })
    ))
})

describe("any text", () => {
  it("makes a configuration or an error, and nothing else", () => {
    const piece = fc.constantFrom(
      "[Global]\n",
      '[Global "__proto__"]\n',
      "[BlockStorage]\n",
      "[Metadata]\n",
      "password",
      "constructor",
      "node-volume-attach-limit",
      "request-timeout",
      "search-order",
      "availability-zone-map",
      "=",
      "=1",
      "\n",
      "\n",
      '"',
      "\\",
      "#",
      " ",
      "5s",
      "-",
      "a"
    )
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join("")),
        (text) => {
          Either.map(parseCloudConf([file(text)]), (conf) => requireClouds(conf, ["", "__proto__"]))
        }
      )
    )
  })
})
