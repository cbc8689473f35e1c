import { chmod, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Exit, Redacted, type Scope } from "effect"
import { parse } from "yaml"
import { requireClouds } from "../../src/adapters/config/CloudConf.ts"
import { loadCloudConf } from "../../src/adapters/config/loadCloudConf.ts"
import { exitCodeOf } from "../../src/main/Ending.ts"
import { runSecret } from "../../src/main/secret/secret.ts"
import { ca, client, server } from "../support/certificates.ts"
import { printing } from "../support/printed.ts"
import { temporaryFolder } from "../support/wiredDriver.ts"

const sentinel = 'sentinel-4711"; # \\ ü'
const quoted = sentinel.replaceAll("\\", "\\\\").replaceAll('"', '\\"')

const cloudConf = (more = "", section = "[Global]") => `${section}
auth-url = https://keystone.example:5000/v3
application-credential-id = 0a1b
application-credential-secret = "${quoted}"
${more}
`

const textOf = (exit: Exit.Exit<unknown, unknown>) => (exit._tag === "Failure" ? String(exit.cause) : "")

/** A folder with the files, and the command run in it: `@` in its arguments is the folder. */
const inFolder = <A, E>(
  texts: Readonly<Record<string, string | Uint8Array>>,
  test: (
    run: (
      args: string,
      surroundings?: Partial<{ readonly terminal: boolean; readonly stdin: string }>
    ) => Effect.Effect<{ readonly code: number; readonly out: string; readonly told: string }>,
    root: string
  ) => Effect.Effect<A, E, Scope.Scope>
) =>
  Effect.gen(function* () {
    const root = yield* temporaryFolder
    yield* Effect.promise(() =>
      Promise.all(Object.entries(texts).map(([name, text]) => writeFile(join(root, name), text)))
    )
    return yield* test(
      (args, { terminal = false, stdin } = {}) =>
        printing(
          runSecret(args === "" ? [] : args.replaceAll("@", root).split(" "), {
            stdin: Effect.succeed(new TextEncoder().encode(stdin ?? "")),
            stdinIsTerminal: stdin === undefined,
            stdoutIsTerminal: terminal
          })
        ).pipe(
          Effect.map(({ exit, out, errors }) => ({ code: exitCodeOf(exit), out, told: `${errors}${textOf(exit)}` })),
          Effect.tap(({ told }) => assert.notInclude(told, "sentinel")),
          Effect.provide(NodeFileSystem.layer)
        ),
      root
    )
  }).pipe(Effect.scoped)

const dataOf = (manifest: string): ReadonlyMap<string, Buffer> =>
  new Map(
    Object.entries<string>(parse(manifest).data).map(([key, text]) => [key, Buffer.from(text, "base64")] as const)
  )

describe("the Secret", () => {
  it.live("brings back each byte of cloud.conf, which loads in the driver as it was written", () =>
    inFolder({ "my.conf": `\uFEFF${cloudConf("region = Één # comment\r")}` }, (run, root) =>
      Effect.gen(function* () {
        const { code, out, told } = yield* run("--cloud-config=@/my.conf")
        assert.deepStrictEqual([code, told], [0, ""])
        const { data: _, ...manifest } = parse(out)
        assert.deepStrictEqual(manifest, {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: "cloud-config", namespace: "kube-system" },
          type: "Opaque"
        })
        const bytes = dataOf(out).get("cloud.conf")
        assert.deepStrictEqual(bytes, yield* Effect.promise(() => readFile(join(root, "my.conf"))))
        const unpacked = join(root, "cloud.conf")
        yield* Effect.promise(() => writeFile(unpacked, bytes ?? ""))
        const cloudsYaml = { file: undefined, cloud: undefined, folders: [] }
        const conf = yield* Effect.provide(
          loadCloudConf([unpacked], { missingFiles: "refuse", cloudsYaml }),
          NodeFileSystem.layer
        )
        const cloud = (yield* requireClouds(conf, [""])).get("")
        assert.strictEqual(cloud?.region, "Één")
        assert.strictEqual(
          cloud?.auth._tag === "ApplicationCredential" ? Redacted.value(cloud.auth.secret) : undefined,
          sentinel
        )
      })
    )
  )

  it.live("takes the names that it is given, and the file from standard input", () =>
    inFolder({}, (run) =>
      Effect.gen(function* () {
        const { code, out } = yield* run("--name=other --namespace=storage", { stdin: cloudConf() })
        assert.strictEqual(code, 0)
        assert.deepStrictEqual(parse(out).metadata, { name: "other", namespace: "storage" })
        assert.strictEqual(dataOf(out).get("cloud.conf")?.toString(), cloudConf())
      })
    )
  )

  it.live("holds several files under their own names, which are checked together", () =>
    inFolder({ "a.conf": cloudConf(), "b.conf": '[Global]\nregion = "two"' }, (run) =>
      Effect.gen(function* () {
        const { code, out } = yield* run("--cloud-config=@/a.conf,@/b.conf")
        assert.strictEqual(code, 0)
        assert.deepStrictEqual([...dataOf(out).keys()], ["a.conf", "b.conf"])
        assert.strictEqual((yield* run("--cloud-config=@/b.conf")).code, 1)
      })
    )
  )
})

describe("a cloud.conf that the driver could not use makes no Secret:", () => {
  it.live.each<readonly [string, string, string]>([
    ["broken grammar", `${cloudConf()}password = "sentinel`, "bad.conf:6:12: the quote is not closed on this line"],
    ["a bad value", cloudConf("os-endpoint-type = secret"), "bad.conf:5: [Global] os-endpoint-type"],
    ["no credentials", "[Global]\nauth-url = https://a", "bad.conf: [Global] needs credentials"],
    ["no cloud", "[BlockStorage]\nrescan-on-resize = true", "found no [Global] settings"],
    ["a bad second cloud", `${cloudConf()}${'[Global "b"]\nregion = x'}`, '[Global "b"] needs auth-url']
  ])("%s", ([, text, problem]) =>
    inFolder({ "bad.conf": text }, (run, root) =>
      Effect.gen(function* () {
        for (const more of ["", " --check", " --output=@/secret.yaml", " --show"]) {
          const { code, out, told } = yield* run(`--cloud-config=@/bad.conf${more}`)
          assert.deepStrictEqual([code, out], [1, ""])
          assert.include(told, problem)
          assert.include(told, join(root, "bad.conf"))
        }
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(root)), ["bad.conf"])
      })
    )
  )

  it.live("text that is not UTF-8", () =>
    inFolder({ "bad.conf": new Uint8Array([0xff]) }, (run) =>
      Effect.gen(function* () {
        assert.include((yield* run("--cloud-config=@/bad.conf")).told, "bad.conf: is not UTF-8 text")
      })
    )
  )
})

describe("what the file says beside", () => {
  it.live("is warned of: unknown keys, with what was meant", () =>
    inFolder({ "cloud.conf": cloudConf("reigon = x") }, (run, root) =>
      Effect.gen(function* () {
        const { code, told } = yield* run("--cloud-config=@/cloud.conf")
        assert.strictEqual(code, 0)
        assert.strictEqual(
          told,
          `warning: ${root}/cloud.conf:5: [Global] reigon: is not known and has no effect; did you mean region?`
        )
      })
    )
  )

  it.live("is told of files that the pods need: those that belong in the Secret, and those that do not", () =>
    inFolder(
      { "cloud.conf": cloudConf("ca-file = /etc/config/ca.pem\ncert-file = /etc/tls/c.pem\nkey-file = k.pem") },
      (run) =>
        Effect.gen(function* () {
          const { code, told } = yield* run("--cloud-config=@/cloud.conf")
          assert.strictEqual(code, 0)
          assert.deepStrictEqual(told.split("\n"), [
            "warning: [Global] ca-file: /etc/config/ca.pem is not in this Secret; add it with --file=ca.pem=PATH",
            "warning: [Global] cert-file: /etc/tls/c.pem is not part of this Secret: the pods must have it there, and it was not checked",
            "warning: [Global] key-file: k.pem is not part of this Secret: the pods must have it there, and it was not checked"
          ])
        })
    )
  )

  const withCertificates = cloudConf(
    "ca-file = /etc/config/ca.pem\ncert-file = /etc/config/c.pem\nkey-file = /etc/config/k.pem"
  )

  it.live("goes into the Secret when it is given, and is checked as the driver does", () =>
    inFolder(
      {
        "cloud.conf": withCertificates,
        "ca.pem": ca,
        "c.pem": client.cert,
        "k.pem": client.key,
        "other.pem": server.key
      },
      (run, root) =>
        Effect.gen(function* () {
          const files = "--cloud-config=@/cloud.conf --file=@/ca.pem --file=@/c.pem"
          const { code, out, told } = yield* run(`${files} --file=k.pem=@/k.pem`)
          assert.deepStrictEqual([code, told], [0, ""])
          assert.strictEqual(dataOf(out).get("ca.pem")?.toString(), ca)
          assert.deepStrictEqual([...dataOf(out).keys()], ["cloud.conf", "ca.pem", "c.pem", "k.pem"])
          const wrongKey = yield* run(`${files} --file=k.pem=@/other.pem`)
          assert.deepStrictEqual([wrongKey.code, wrongKey.out], [1, ""])
          assert.include(wrongKey.told, `${root}/c.pem: [Global] cert-file: is no certificate in PEM form`)
          const noCa = yield* run(`${files.replace("@/ca.pem", "ca.pem=@/k.pem")} --file=@/k.pem`)
          assert.include(noCa.told, `${root}/k.pem: [Global] ca-file: holds no certificate`)
        })
    )
  )

  it.live("sees the pods' folder where it is told, and nothing else of this machine", () =>
    inFolder({ "cloud.conf": cloudConf("ca-file = @/ca.pem"), "ca.pem": ca }, (run, root) =>
      Effect.gen(function* () {
        yield* Effect.promise(() => writeFile(join(root, "cloud.conf"), cloudConf(`ca-file = ${root}/ca.pem`)))
        assert.include((yield* run("--cloud-config=@/cloud.conf")).told, "it was not checked")
        const { code, told } = yield* run("--cloud-config=@/cloud.conf --file=@/ca.pem --mount=@/")
        assert.deepStrictEqual([code, told], [0, ""])
      })
    )
  )

  const clouds = `clouds:
  north:
    auth_type: v3applicationcredential
    auth: {auth_url: "https://a", application_credential_id: i, application_credential_secret: "sentinel"}
`
  const usingClouds = "[Global]\nuse-clouds = true\nclouds-file = /etc/config/clouds.yaml\n"

  it.live("is read from a clouds.yaml of the Secret, and told to be unchecked without", () =>
    inFolder({ "cloud.conf": usingClouds, "clouds.yaml": clouds, "bad.yaml": "clouds: [sentinel" }, (run, root) =>
      Effect.gen(function* () {
        const { code, told } = yield* run("--cloud-config=@/cloud.conf --file=@/clouds.yaml --check")
        assert.deepStrictEqual([code, told], [0, ""])
        const without = yield* run("--cloud-config=@/cloud.conf --check")
        assert.strictEqual(without.code, 0)
        assert.include(
          without.told,
          "/etc/config/clouds.yaml is not in this Secret; add it with --file=clouds.yaml=PATH"
        )
        assert.include(without.out, "no cloud was checked")
        const bad = yield* run("--cloud-config=@/cloud.conf --file=clouds.yaml=@/bad.yaml")
        assert.strictEqual(bad.code, 1)
        assert.include(bad.told, `${root}/bad.yaml:1:`)
      })
    )
  )
})

describe("the Secret goes", () => {
  const one = { "cloud.conf": cloudConf() }

  it.live("to no terminal unasked", () =>
    inFolder(one, (run) =>
      Effect.gen(function* () {
        const { code, out, told } = yield* run("--cloud-config=@/cloud.conf", { terminal: true })
        assert.deepStrictEqual([code, out], [2, ""])
        assert.include(told, "standard output is a terminal")
        assert.include((yield* run("--cloud-config=@/cloud.conf --show", { terminal: true })).out, "kind: Secret")
        const checked = yield* run("--cloud-config=@/cloud.conf --check", { terminal: true })
        assert.strictEqual(checked.out, "cloud.conf can be used: [Global]")
      })
    )
  )

  it.live("to a file that its owner alone can read, and never over one that is there", () =>
    inFolder(one, (run, root) =>
      Effect.gen(function* () {
        const path = join(root, "secret.yaml")
        const modeOf = Effect.promise(async () => ((await stat(path)).mode & 0o777).toString(8))
        const content = Effect.promise(() => readFile(path, "utf8"))
        const { code, out, told } = yield* run("--cloud-config=@/cloud.conf --output=@/secret.yaml", { terminal: true })
        assert.deepStrictEqual([code, out], [0, ""])
        assert.include(told, `Secret kube-system/cloud-config is in ${path}`)
        assert.strictEqual(yield* modeOf, "600")
        assert.strictEqual(
          dataOf(yield* content)
            .get("cloud.conf")
            ?.toString(),
          cloudConf()
        )

        yield* Effect.promise(() => writeFile(path, "mine"))
        yield* Effect.promise(() => chmod(path, 0o644))
        const again = yield* run("--cloud-config=@/cloud.conf --output=@/secret.yaml")
        assert.strictEqual(again.code, 2)
        assert.include(again.told, "is there already; --replace")
        assert.strictEqual(yield* content, "mine")
        assert.strictEqual((yield* run("--cloud-config=@/cloud.conf --output=@/secret.yaml --replace")).code, 0)
        assert.strictEqual(yield* modeOf, "600")
        assert.include(yield* content, "kind: Secret")
        assert.deepStrictEqual((yield* Effect.promise(() => readdir(root))).sort(), ["cloud.conf", "secret.yaml"])
      })
    )
  )

  it.live("through no link, and nowhere by halves", () =>
    inFolder({ ...one, target: "mine" }, (run, root) =>
      Effect.gen(function* () {
        yield* Effect.promise(() => symlink(join(root, "target"), join(root, "link")))
        yield* Effect.promise(() => symlink(join(root, "absent"), join(root, "dangling")))
        for (const name of ["link", "dangling"]) {
          assert.strictEqual((yield* run(`--cloud-config=@/cloud.conf --output=@/${name}`)).code, 2)
        }
        assert.strictEqual((yield* run("--cloud-config=@/cloud.conf --output=@/link --replace")).code, 0)
        assert.strictEqual(yield* Effect.promise(() => readFile(join(root, "target"), "utf8")), "mine")
        const folder = yield* run("--cloud-config=@/cloud.conf --output=@/ --replace")
        assert.strictEqual(folder.code, 2)
        const none = yield* run("--cloud-config=@/cloud.conf --output=@/none/secret.yaml")
        assert.include(none.told, "cannot be written")
        const names = (yield* Effect.promise(() => readdir(root))).sort()
        assert.deepStrictEqual(names, ["cloud.conf", "dangling", "link", "target"])
      })
    )
  )
})

describe("what cannot be done ends with 2:", () => {
  it.live.each<readonly [string, string]>([
    ["--deep", "--help shows what it takes"],
    ["--cloud-config=@/none", "none cannot be read"],
    ["", "name the file with --cloud-config"],
    ["--cloud-config=@/cloud.conf --name=No", "--name takes a name"],
    ["--cloud-config=@/cloud.conf --namespace=a.b", "--namespace takes a name"],
    ["--cloud-config=@/cloud.conf --file=a/b=@/cloud.conf", "cannot be a key of a Secret"],
    ["--cloud-config=@/cloud.conf --file=..=@/cloud.conf", "cannot be a key of a Secret"],
    ["--cloud-config=@/cloud.conf --file=cloud.conf=@/cloud.conf", "two files would be cloud.conf"],
    ["--cloud-config=@/cloud.conf --file=big=@/big", "a Secret holds 1048576 bytes at most"],
    ["--cloud-config=@/cloud.conf --replace", "--replace goes with --output"],
    ["--cloud-config=@/cloud.conf --check --output=@/s", "--check makes no Secret"],
    ["--cloud-config=@/cloud.conf --mount=etc", "--mount takes the folder"]
  ])("%s", ([args, problem]) =>
    inFolder({ "cloud.conf": cloudConf(), big: "x".repeat(1_048_577) }, (run) =>
      Effect.gen(function* () {
        const { code, out, told } = yield* run(args)
        assert.deepStrictEqual([code, out], [2, ""])
        assert.include(told, problem)
      })
    )
  )

  it.live("--help teaches", () =>
    inFolder({}, (run) =>
      Effect.gen(function* () {
        const { code, out } = yield* run("--help")
        assert.strictEqual(code, 0)
        for (const flag of ["kubectl apply", "--file", "--check", "--output", "--show"]) assert.include(out, flag)
      })
    )
  )
})
