import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Redacted } from "effect"
import fc from "fast-check"
import { Auth } from "../../../src/adapters/config/auth.ts"
import type { Cloud } from "../../../src/adapters/config/Cloud.ts"
import { requireClouds } from "../../../src/adapters/config/CloudConf.ts"
import { loadCloudConf } from "../../../src/adapters/config/loadCloudConf.ts"
import { cloudsYamlSearch } from "../../../src/adapters/config/loadYamlCloud.ts"
import { describeProblem } from "../../../src/adapters/config/problems.ts"
import { inFolder } from "./inFolder.ts"
import { reveal } from "./reveal.ts"

interface Given {
  /** Below the folder, by path; `home` is the home folder and `run` the working one. */
  readonly files: Readonly<Record<string, string>>
  /** Of `[Global]`; FOLDER stands for the folder. */
  readonly global?: string
  readonly env?: Readonly<Record<string, string>>
  readonly name?: string
}

/** The cloud, or the error's text, and all warnings; the folder's path is left out of both. */
const load = ({ files, global = "use-clouds", env = {}, name = "" }: Given) =>
  inFolder((folder, write) =>
    Effect.gen(function* () {
      const put = (text: string) => text.replaceAll("FOLDER", folder)
      for (const [path, text] of Object.entries(files)) yield* write(path, put(text))
      const conf = yield* write("cloud.conf", global.startsWith("[") ? put(global) : put(`[Global]\n${global}\n`))
      const search = cloudsYamlSearch(Object.fromEntries(Object.entries(env).map(([key, text]) => [key, put(text)])))
      const loaded = yield* loadCloudConf([conf], {
        missingFiles: "refuse",
        cloudsYaml: { ...search, folders: ["run", "home/.config/openstack", "etc"].map((one) => `${folder}/${one}`) }
      })
      const short = (text: string) => text.replaceAll(`${folder}/`, "")
      return {
        loaded,
        cloud: Either.map(requireClouds(loaded, [name]), (clouds) => clouds.get(name)),
        message: Either.match(requireClouds(loaded, [name]), {
          onLeft: (error) => short(error.message),
          onRight: () => "accepted"
        }),
        warnings: loaded.warnings.map((warning) => short(describeProblem(warning))),
        short
      }
    })
  )

const indented = (text: string, by: number) =>
  text
    .split("\n")
    .map((line) => `${" ".repeat(by)}${line}`)
    .join("\n")

/** A clouds.yaml with one entry. */
const entry = (auth: string, more = "", name = "north") =>
  `clouds:\n  ${name}:\n    auth:\n      auth_url: https://keystone\n${indented(auth, 6)}\n${indented(more, 4)}\n`

const inRun = (text: string) => ({ "run/clouds.yaml": text })
const cloudFrom = (given: Given): Effect.Effect<Cloud, unknown> =>
  Effect.flatMap(load(given), ({ cloud, message }) =>
    Either.match(cloud, {
      onLeft: () => Effect.die(message),
      onRight: (found) => Effect.orDie(Effect.fromNullable(found))
    })
  )

const secret = (text: string) => Redacted.make(text)
const password = "username: n\npassword: p\nproject_id: t\nuser_domain_id: d"

describe("an entry of clouds.yaml", () => {
  it.live.each<[string, string, Auth]>([
    [
      "names with their domains",
      "username: n\npassword: p\nuser_domain_name: ud\nproject_name: t\nproject_domain_id: pd",
      Auth.Password({
        user: { name: "n", domain: { name: "ud" } },
        password: secret("p"),
        scope: { name: "t", domain: { id: "pd" } }
      })
    ],
    [
      "the older word tenant",
      "user_id: u\npassword: p\ntenant_name: t\nproject_domain_name: pd",
      Auth.Password({ user: { id: "u" }, password: secret("p"), scope: { name: "t", domain: { name: "pd" } } })
    ],
    [
      "project rather than tenant",
      "user_id: u\npassword: p\ntenant_id: old\nproject_id: t",
      Auth.Password({ user: { id: "u" }, password: secret("p"), scope: { id: "t" } })
    ],
    [
      "one domain for both",
      "username: n\npassword: p\nproject_name: t\ndomain_name: d",
      Auth.Password({
        user: { name: "n", domain: { name: "d" } },
        password: secret("p"),
        scope: { name: "t", domain: { name: "d" } }
      })
    ],
    [
      "default_domain where no domain is named",
      "username: n\npassword: p\nproject_name: t\nuser_domain_name: ud\ndefault_domain: dd",
      Auth.Password({
        user: { name: "n", domain: { name: "ud" } },
        password: secret("p"),
        scope: { name: "t", domain: { id: "dd" } }
      })
    ],
    [
      "an application credential",
      "application_credential_id: i\napplication_credential_secret: s",
      Auth.ApplicationCredential({ credential: { id: "i" }, secret: secret("s") })
    ],
    [
      "an application credential by name",
      "application_credential_name: a\nuser_id: u\napplication_credential_secret: s",
      Auth.ApplicationCredential({ credential: { name: "a", user: { id: "u" } }, secret: secret("s") })
    ],
    ["a token", "token: x\nproject_id: t", Auth.Token({ token: secret("x"), scope: { id: "t" } })],
    [
      "a trust",
      "user_id: u\npassword: p\ntrust_id: tr",
      Auth.Trust({ user: { id: "u" }, password: secret("p"), trustId: "tr" })
    ],
    [
      "digits as they are written, and what looks like another type",
      "user_id: 0123\npassword: 1e3\nproject_id: true",
      Auth.Password({ user: { id: "0123" }, password: secret("1e3"), scope: { id: "true" } })
    ],
    [
      "an empty value and null as absent",
      "user_id: u\nusername:\npassword: p\nproject_id: ~\nproject_name: null\ntoken: ''",
      Auth.Password({ user: { id: "u" }, password: secret("p"), scope: undefined })
    ],
    [
      "quoted text that looks like null",
      "user_id: u\npassword: 'null'",
      Auth.Password({ user: { id: "u" }, password: secret("null"), scope: undefined })
    ]
  ])("logs in with %s", ([, auth, expected]) =>
    Effect.map(cloudFrom({ files: inRun(entry(auth)) }), (cloud) =>
      assert.deepStrictEqual(reveal(cloud.auth), reveal(expected))
    )
  )

  it.live.each<[string, string, Partial<Cloud>]>([
    ["region_name", "region_name: R", { region: "R" }],
    ["interface", "interface: internal", { interface: "internal" }],
    ["endpoint_type rather than interface", "interface: internal\nendpoint_type: adminURL", { interface: "admin" }],
    ["nothing else", "", { region: undefined, interface: "public" }],
    [
      "cacert, cert and key",
      "cacert: /ca\ncert: /c\nkey: /k",
      { tls: { caFile: "/ca", client: { certFile: "/c", keyFile: "/k" }, insecure: false } }
    ],
    ["verify: false", "verify: false", { tls: { caFile: undefined, client: undefined, insecure: true } }],
    ["verify: True", "verify: True", { tls: { caFile: undefined, client: undefined, insecure: false } }],
    ["the only region", "regions: [R]", { region: "R" }],
    [
      "the values of its region",
      "regions:\n- A\n- name: B\n  values:\n    interface: internal\nregion_name: B",
      { region: "B", interface: "internal" }
    ],
    ["an anchor", "x: &x internal\ninterface: *x", { interface: "internal" }],
    [
      "a merge key",
      "x: &x {interface: internal, region_name: A}\n<<: *x\nregion_name: B",
      {
        interface: "internal",
        region: "B"
      }
    ]
  ])("reads %s", ([, more, expected]) =>
    Effect.map(cloudFrom({ files: inRun(entry(password, more)) }), (cloud) => assert.deepInclude(cloud, expected))
  )

  it.live("takes region values for the region that cloud.conf names", () =>
    Effect.map(
      cloudFrom({
        files: inRun(entry(password, "regions:\n- A\n- name: B\n  values:\n    auth: {user_domain_id: e}")),
        global: "use-clouds\nregion=B"
      }),
      (cloud) => {
        assert.strictEqual(cloud.region, "B")
        assert.deepInclude(reveal(cloud.auth), { user: { name: "n", domain: { id: "e" } } })
      }
    )
  )
})

describe("auth_type", () => {
  const both = "user_id: u\npassword: p\napplication_credential_id: i\napplication_credential_secret: s\ntoken: x"

  it.live.each([
    ["password", "Password"],
    ["v3password", "Password"],
    ["token", "Token"],
    ["v3token", "Token"],
    ["v3applicationcredential", "ApplicationCredential"]
  ])("%s chooses from what is there", ([type, tag]) =>
    Effect.map(cloudFrom({ files: inRun(entry(both, `auth_type: ${type}`)) }), ({ auth }) =>
      assert.strictEqual(auth._tag, tag)
    )
  )

  it.live("is said to be of no use where its credentials are missing", () =>
    Effect.map(
      load({ files: inRun(entry("user_id: u\npassword: p", "auth_type: v3token")) }),
      ({ message, warnings }) => {
        assert.strictEqual(message, "accepted")
        assert.deepStrictEqual(warnings, [
          'run/clouds.yaml:7: cloud "north" auth_type: asks for v3token, whose credentials are missing, so those that are there are used'
        ])
      }
    )
  )
})

describe("cloud.conf beside clouds.yaml", () => {
  it.live.each<[string, string, string, unknown]>([
    [
      "wins key by key",
      "region_name: R",
      "password=q\nregion=S",
      {
        region: "S",
        auth: Auth.Password({ user: { name: "n", domain: { id: "d" } }, password: secret("q"), scope: { id: "t" } })
      }
    ],
    [
      "leaves an empty key to clouds.yaml",
      "region_name: R",
      "password=\nregion=",
      {
        region: "R",
        auth: Auth.Password({ user: { name: "n", domain: { id: "d" } }, password: secret("p"), scope: { id: "t" } })
      }
    ],
    [
      "wins with the other word for the same thing",
      "",
      "user-id=u\ntenant-name=x\ntenant-domain-name=y",
      {
        auth: Auth.Password({
          user: { id: "u" },
          password: secret("p"),
          scope: { name: "x", domain: { name: "y" } }
        })
      }
    ],
    [
      "wins with another way to log in",
      "auth_type: password",
      "application-credential-id=i\napplication-credential-secret=s",
      { auth: Auth.ApplicationCredential({ credential: { id: "i" }, secret: secret("s") }) }
    ],
    ["keeps verification where it says so", "verify: false", "tls-insecure=false", { tls: { insecure: false } }]
  ])("%s", ([, more, global, expected]) =>
    Effect.map(cloudFrom({ files: inRun(entry(password, more)), global: `use-clouds\n${global}` }), (cloud) =>
      assert.containSubset(reveal(cloud), reveal(expected))
    )
  )

  it.live("reads it when cloud.conf only names the cloud, and not when use-clouds is false", () =>
    Effect.gen(function* () {
      const files = inRun(entry(password))
      assert.strictEqual((yield* cloudFrom({ files, global: "cloud=north" })).authUrl, "https://keystone")
      const off = yield* load({
        files: inRun("\tno yaml"),
        global: "use-clouds=false\ncloud=north\nauth-url=http://k\nuser-id=u\npassword=p"
      })
      assert.strictEqual(off.message, "accepted")
      assert.deepStrictEqual(off.warnings, ["cloud.conf:3: [Global] cloud: has no effect without use-clouds"])
    })
  )

  it.live("gives each section its own cloud from its own file", () =>
    Effect.gen(function* () {
      const { loaded } = yield* load({
        files: {
          "a.yaml": entry("user_id: ua\npassword: p"),
          "b.yaml": entry("user_id: ub\npassword: p", "region_name: B", "south")
        },
        global:
          '[Global "a"]\nuse-clouds\nclouds-file=FOLDER/a.yaml\n[Global "b"]\nuse-clouds\nclouds-file=FOLDER/b.yaml\ncloud=south\n' +
          '[Global "c"]\nuse-clouds\nclouds-file=FOLDER/none.yaml'
      })
      const clouds = Either.getOrThrow(requireClouds(loaded, ["a", "b"]))
      assert.deepStrictEqual(
        [...clouds.values()].map(({ auth, region }) => [reveal("user" in auth ? auth.user : undefined), region]),
        [
          [{ id: "ua" }, undefined],
          [{ id: "ub" }, "B"]
        ]
      )
      assert.isTrue(Either.isLeft(requireClouds(loaded, ["c"])))
    })
  )
})

describe("the files", () => {
  const named = (user: string) => entry(`user_id: ${user}\npassword: p`)
  const places: ReadonlyArray<[string, string]> = [
    ["run/clouds.yaml", "run"],
    ["home/.config/openstack/clouds.yaml", "home"],
    ["etc/clouds.yaml", "etc"],
    ["run/clouds.yml", "run-yml"],
    ["home/.config/openstack/clouds.yml", "home-yml"],
    ["etc/clouds.yml", "etc-yml"]
  ]

  it.live.each(places.map((_, index) => index))("are looked for in OpenStack's order: place %i", (index) =>
    Effect.map(
      cloudFrom({ files: Object.fromEntries(places.slice(index).map(([path, user]) => [path, named(user)])) }),
      ({ auth }) => assert.containSubset(auth, { user: { id: places[index]?.[1] } })
    )
  )

  it.live("are named by OS_CLIENT_CONFIG_FILE, and by clouds-file before it", () =>
    Effect.gen(function* () {
      const files = { "run/clouds.yaml": named("run"), "env.yaml": named("env"), "key.yaml": named("key") }
      const env = { OS_CLIENT_CONFIG_FILE: "FOLDER/env.yaml" }
      assert.containSubset((yield* cloudFrom({ files, env })).auth, { user: { id: "env" } })
      const byKey = yield* cloudFrom({ files, env, global: "use-clouds\nclouds-file=FOLDER/key.yaml" })
      assert.containSubset(byKey.auth, { user: { id: "key" } })
    })
  )

  it.live("are looked for elsewhere where a folder cannot be entered, such as the home of a user without one", () =>
    Effect.gen(function* () {
      const found = yield* cloudFrom({ files: { home: "is no folder", "etc/clouds.yaml": entry(password) } })
      assert.strictEqual(found.authUrl, "https://keystone")
      const named = yield* cloudFrom({
        files: { home: "is no folder", "config/clouds.yaml": entry(password) },
        global: "use-clouds\nclouds-file = FOLDER/config/clouds.yaml"
      })
      assert.strictEqual(named.authUrl, "https://keystone")
    })
  )

  it.live("have secure.yaml over them and clouds-public.yaml below", () =>
    Effect.gen(function* () {
      const given = {
        files: {
          "config/clouds.yaml":
            "clouds:\n  north:\n    profile: provider\n    auth:\n      username: n\n      password: open\n      project_name: t",
          "config/secure.yaml": "clouds:\n  north:\n    auth:\n      password: hidden",
          "etc/clouds-public.yml":
            "public-clouds:\n  provider:\n    auth:\n      auth_url: https://provider\n      username: nobody\n      domain_id: d\n    region_name: P"
        },
        global: "use-clouds\nclouds-file=FOLDER/config/clouds.yaml"
      }
      const cloud = yield* cloudFrom(given)
      assert.containSubset(reveal(cloud), {
        authUrl: "https://provider",
        region: "P",
        auth: reveal({
          user: { name: "n", domain: { id: "d" } },
          password: secret("hidden"),
          scope: { name: "t", domain: { id: "d" } }
        })
      })
      const { short } = yield* load(given)
      assert.deepStrictEqual(
        cloud.files.map((path) => short(path).replace(/^.*?(?=cloud\.conf|config\/|etc\/)/, "")),
        ["cloud.conf", "config/clouds.yaml", "config/secure.yaml", "etc/clouds-public.yml"]
      )
    })
  )

  it.live("may leave the whole entry to secure.yaml", () =>
    Effect.map(
      cloudFrom({ files: { "run/clouds.yaml": "clouds:\n", "run/secure.yaml": entry(password) } }),
      ({ authUrl }) => assert.strictEqual(authUrl, "https://keystone")
    )
  )
})

describe("the cloud's name", () => {
  const two = `${entry("user_id: un\npassword: p")}  south:\n    auth: {auth_url: "https://s", user_id: us, password: p}\n`

  it.live.each<[string, string, Record<string, string>, string]>([
    ["the key cloud", "cloud=south", {}, "us"],
    ["OS_CLOUD", "", { OS_CLOUD: "south" }, "us"],
    ["the key cloud before OS_CLOUD", "cloud=north", { OS_CLOUD: "south" }, "un"]
  ])("comes from %s", ([, key, env, user]) =>
    Effect.map(cloudFrom({ files: inRun(two), global: `use-clouds\n${key}`, env }), ({ auth }) =>
      assert.containSubset(auth, { user: { id: user } })
    )
  )

  it.live.each<[string, string, string, string]>([
    [
      "several and none chosen",
      two,
      "",
      'lists the clouds "north", "south"; choose one with the key cloud, or with OS_CLOUD'
    ],
    ["another one", two, "cloud=east", 'has no cloud "east", only "north", "south"'],
    ["none", "clouds: {}", "", "lists no cloud below the key clouds"],
    ["no keys", "clouds: {north: text}", "", 'has a cloud "north" without keys of its own']
  ])("is refused where there is %s", ([, yaml, key, message]) =>
    Effect.map(load({ files: inRun(yaml), global: `use-clouds\n${key}` }), (read) =>
      assert.strictEqual(read.message, `run/clouds.yaml: ${message}`)
    )
  )
})

describe("a clouds.yaml that cannot be used", () => {
  it.live.each<[string, Given, string]>([
    [
      "is nowhere",
      { files: {} },
      "clouds.yaml: is in none of run, home/.config/openstack, etc; name it with the key clouds-file"
    ],
    [
      "is not where clouds-file says",
      { files: inRun(entry(password)), global: "use-clouds\nclouds-file=FOLDER/none" },
      "none: does not exist, and clouds-file or OS_CLIENT_CONFIG_FILE names it"
    ],
    [
      "has a bad value in several places",
      {
        files: inRun(
          entry(
            "username: [n]",
            "interface: outside\nverify: perhaps\nauth_type: v2password\nidentity_api_version: 2.0"
          )
        )
      },
      [
        'run/clouds.yaml:5: cloud "north" auth.username: needs a single value',
        'run/clouds.yaml:7: cloud "north" verify: "perhaps" is not accepted; write true or false',
        'run/clouds.yaml:9: cloud "north" identity_api_version: "2.0" is not accepted; write 3',
        'run/clouds.yaml:8: cloud "north" auth_type: "v2password" is not accepted; write one of password, v3password, token, v3token, v3applicationcredential'
      ].join("\n")
    ],
    [
      "names no interface that there is",
      { files: inRun(entry(password, "interface: outside")) },
      'run/clouds.yaml:9: cloud "north" interface: "outside" is not accepted; write public, internal or admin'
    ],
    [
      "has an unusable URL",
      { files: inRun("clouds: {north: {auth: {auth_url: keystone, user_id: u, password: p}}}") },
      'run/clouds.yaml:1: cloud "north" auth.auth_url: is not a usable URL; write http://host:port/path or https://host:port/path, without user and password'
    ],
    [
      "lacks something",
      { files: inRun(entry("username: n\npassword: p")) },
      'cloud.conf: [Global] with cloud "north" of run/clouds.yaml needs user-domain-id, user-domain-name, domain-id or domain-name for username'
    ],
    [
      "has text for auth",
      { files: inRun("clouds:\n  north:\n    auth: text") },
      'run/clouds.yaml:3: cloud "north" auth: needs keys of its own, such as auth_url'
    ],
    [
      "has something else than names for regions and a profile",
      { files: inRun(entry(password, "regions: South\nprofile: [p]")) },
      [
        'run/clouds.yaml:9: cloud "north" regions: needs a list of names, or of keys with a name',
        'run/clouds.yaml:10: cloud "north" profile: needs a single value'
      ].join("\n")
    ],
    [
      "has a region without a name",
      { files: inRun(entry(password, "regions: [South, {values: {}}]")) },
      'run/clouds.yaml:9: cloud "north" regions: needs a list of names, or of keys with a name'
    ],
    [
      "names a profile that is nowhere",
      { files: inRun(entry(password, "profile: p")) },
      'run/clouds.yaml: has the profile "p", but no clouds-public.yaml is in run, home/.config/openstack, etc'
    ],
    [
      "names a profile that is not in clouds-public.yaml",
      {
        files: { ...inRun(entry(password, "profile: p")), "run/clouds-public.yaml": "public-clouds: {q: {}}" }
      },
      'run/clouds-public.yaml: has no profile "p" below the key public-clouds, only "q"'
    ],
    ["repeats a key", { files: inRun("clouds: {}\nclouds: {}") }, "run/clouds.yaml:2:1: repeats a key"],
    [
      "is indented with tabs",
      { files: inRun("clouds:\n\tnorth: {}") },
      "run/clouds.yaml:2:1: is indented with a tab; write spaces"
    ],
    ["is a list", { files: inRun("- a") }, "run/clouds.yaml:1: is no YAML of keys and values"],
    [
      "refers to nothing",
      { files: inRun("clouds:\n  north: *none") },
      "run/clouds.yaml:2: has an alias to no anchor above it"
    ],
    [
      "grows without end",
      { files: inRun("clouds:\n  north: &a\n    regions:\n    - *a") },
      "run/clouds.yaml: holds more, or deeper nested, settings than a list of clouds needs"
    ]
  ])("%s", ([, given, message]) => Effect.map(load(given), (read) => assert.strictEqual(read.message, message)))

  it.live("says what has no effect, once, with the key that was probably meant", () =>
    Effect.map(
      load({
        files: inRun(
          entry(
            `${password}\npasswrd: x\nsystem_scope: all\ntoken: x`,
            "auth_type: password\nregoin_name: R\nregions: [A, B]\nvolume_api_version: 3"
          )
        )
      }),
      ({ warnings }) =>
        assert.deepStrictEqual(warnings, [
          'run/clouds.yaml:14: cloud "north" region_name: is not chosen from A, B, so the first in the catalogue is used',
          'run/clouds.yaml:13: cloud "north" regoin_name: is not known and has no effect; did you mean region_name?',
          'run/clouds.yaml:9: cloud "north" auth.passwrd: is not known and has no effect; did you mean auth.password?',
          'run/clouds.yaml:10: cloud "north" auth.system_scope: is not known and has no effect',
          'run/clouds.yaml:11: cloud "north" auth.token: is not used, because auth_type is password'
        ])
    )
  )

  const pieces = fc.constantFrom(
    "clouds:\n",
    "  north:\n",
    "    auth:\n",
    "      password: HUNTERHUNTER2\n",
    "      token: HUNTERHUNTER2\n",
    "HUNTERHUNTER2\n",
    "\t",
    '"HUNTERHUNTER2',
    ": ",
    "- ",
    "*HUNTERHUNTER2\n",
    "&a ",
    "{",
    "}",
    "!x "
  )
  it.live("shows no secret, however broken it is", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(pieces, { maxLength: 12 }), (parts) =>
          Effect.runPromise(
            Effect.map(load({ files: inRun(parts.join("")) }), ({ loaded, message, warnings }) => {
              const shown = [message, ...warnings, inspect([...loaded.clouds], { depth: 20 }), JSON.stringify(loaded)]
              assert.notInclude(shown.join("\n"), "HUNTERHUNTER2")
            })
          )
        ),
        { numRuns: 300 }
      )
    )
  )
})
