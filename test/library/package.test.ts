import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { project } from "../support/pages.ts"
import { entries, makePackedApp, manifest, type PackedApp, run } from "./packedApp.ts"

let app: PackedApp
beforeAll(() => {
  app = makePackedApp()
}, 300_000)
afterAll(() => app?.remove())

const tsc = join(project, "node_modules", "typescript", "bin", "tsc")
const filesBelow = (folder: string, ending: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(ending))

/** Runs a module in the application and reads the JSON that it prints. */
const answerOf = (code: string) => JSON.parse(run(app.folder, process.execPath, "--input-type=module", "--eval", code))

describe("the package", () => {
  it("holds what its users need and nothing else", () => {
    const wanted =
      /^(dist\/.*\.(js|d\.ts)|build\/(cinder-csi-(plugin|kubernetes)\.cjs|THIRD-PARTY-NOTICES\.txt)|docs\/embedding\.md|docs\/examples\/(\w+\/\w+(\.test)?\.ts|(package|tsconfig)\.json)|package\.json|README\.md|LICENSE)$/
    assert.deepStrictEqual(
      app.files.map(({ path }) => path).filter((path) => !wanted.test(path) || /^dist\/.*test/.test(path)),
      []
    )
    for (const path of [
      "LICENSE",
      "README.md",
      "dist/main/index.js",
      "docs/embedding.md",
      "build/THIRD-PARTY-NOTICES.txt"
    ]) {
      assert.include(
        app.files.map((file) => file.path),
        path
      )
    }
    assert.isBelow(app.packedBytes, 2_000_000)
  })

  it("asks for exactly the packages that its modules import", () => {
    const dist = join(app.library, "dist")
    const imported = filesBelow(dist, ".js").flatMap((file) =>
      [...readFileSync(join(dist, file), "utf8").matchAll(/(?:\bfrom |\bimport\()"((?:@[\w-]+\/)?[a-z][\w:-]*)/g)].map(
        ([, name = ""]) => name
      )
    )
    assert.deepStrictEqual(
      [...new Set(imported)].filter((name) => !name.startsWith("node:")).sort(),
      Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).sort()
    )
  })

  it("shares the application's one copy of effect", () => {
    const copies = filesBelow(join(app.folder, "node_modules"), join("effect", "package.json")).filter((file) =>
      /(^|node_modules\/)effect\/package\.json$/.test(file)
    )
    assert.deepStrictEqual(copies, [join("effect", "package.json")])
  })

  it("can be imported at each entry", () => {
    const counts = answerOf(`
      const counts = {}
      for (const entry of ${JSON.stringify(entries)}) counts[entry] = Object.keys(await import(entry)).length
      console.log(JSON.stringify(counts))`)
    assert.deepStrictEqual(
      entries.filter((entry) => !(counts[entry] > 0)),
      []
    )
  })

  it("cannot be imported anywhere else", () => {
    const inner = filesBelow(join(app.library, "dist"), "CinderHttp.js").map((file) => `${manifest.name}/dist/${file}`)
    const codes = answerOf(`
      const codes = []
      for (const path of ${JSON.stringify(inner)}) await import(path).catch(({ code }) => codes.push(code))
      console.log(JSON.stringify(codes))`)
    assert.deepStrictEqual(codes, ["ERR_PACKAGE_PATH_NOT_EXPORTED"])
  })

  it("brings the program along", () => {
    assert.include(
      run(app.folder, process.execPath, join(app.library, manifest.bin["cinder-csi-plugin"]), "--version"),
      manifest.version
    )
  })
})

describe("the examples", () => {
  it("are understood by TypeScript as bundlers resolve, with every declaration checked", () => {
    writeFileSync(
      join(app.folder, "bundler.json"),
      JSON.stringify({
        extends: "./tsconfig.json",
        compilerOptions: {
          module: "esnext",
          moduleResolution: "bundler",
          // The declarations of @effect/platform speak of browsers too.
          lib: ["es2022", "dom", "dom.iterable"],
          skipLibCheck: false,
          noEmit: true
        },
        include: ["*/*.ts", "entries.ts"]
      })
    )
    writeFileSync(
      join(app.folder, "entries.ts"),
      entries.map((entry, index) => `export * as entry${index} from "${entry}"\n`).join("")
    )
    run(app.folder, process.execPath, tsc, "--project", "bundler.json")
  })

  it("are understood by TypeScript as Node resolves, and pass their tests", () => {
    run(app.folder, process.execPath, tsc)
    const said = run(app.folder, process.execPath, "--test", "--test-reporter=tap", "out/")
    const passed = Number(/^# pass (\d+)$/m.exec(said)?.[1])
    assert.strictEqual(passed, 7)
  })

  it("say what they lack", () => {
    const { status, stdout } = spawnSync(process.execPath, ["out/audited/main.js"], {
      cwd: app.folder,
      encoding: "utf8",
      env: {}
    })
    assert.strictEqual(status, 1)
    assert.include(stdout, "OS_AUTH_URL")
  })
})

interface Documented {
  readonly name: string
  readonly comment?: { readonly summary: ReadonlyArray<unknown> }
  readonly signatures?: ReadonlyArray<Documented>
  readonly children?: ReadonlyArray<Documented>
  readonly variant: string
}

describe("the pages of the API", () => {
  it("say something of every export", () => {
    run(project, "npm", "run", "--silent", "docs:api")
    const { children: modules = [] }: Documented = JSON.parse(readFileSync(join(project, "build", "api.json"), "utf8"))
    assert.isTrue(existsSync(join(project, "build", "api", "index.html")))
    assert.sameMembers(
      modules.map(({ name }) => name),
      [...entries]
    )
    const isSaid = ({ comment, signatures = [] }: Documented): boolean =>
      (comment?.summary.length ?? 0) > 0 || signatures.some(isSaid)
    // CSI's own names, whose words its specification has.
    const ofCsi = ["VolumeCapability_AccessMode_Mode", "VolumeUsage_Unit"]
    const silent = modules.flatMap((module) => [
      ...(isSaid(module) ? [] : [module.name]),
      ...(module.children ?? [])
        .filter((child) => child.variant === "declaration" && !ofCsi.includes(child.name) && !isSaid(child))
        .map((child) => `${module.name}: ${child.name}`)
    ])
    assert.deepStrictEqual(silent, [])
  })
})
