import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { workloadsOf } from "./support/objects.ts"
import { kustomize, objectsOf, problemsOf, project, proofs } from "./support/tools.ts"

const folder = join(project, "deploy", "kubernetes")
const foldersIn = (...path: ReadonlyArray<string>) =>
  readdirSync(join(folder, ...path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)

const overlays = foldersIn("overlays")

proofs("the manifests", () => {
  for (const path of [["base"], ...overlays.map((name) => ["overlays", name])]) {
    it(`${path.join("/")} is what an API server takes`, () => {
      const objects = objectsOf(kustomize(...path))
      assert.isAbove(objects.length, 15)
      assert.deepStrictEqual(problemsOf(objects), [])
    })
  }

  it("have an overlay for each component", () => {
    const used = overlays
      .map((name) => readFileSync(join(folder, "overlays", name, "kustomization.yaml"), "utf8"))
      .join()
    for (const component of foldersIn("components")) {
      assert.isTrue(existsSync(join(folder, "components", component, "kustomization.yaml")), component)
      assert.include(used, `components/${component}\n`)
    }
  })

  it("take the image from one place", () => {
    for (const overlay of overlays) {
      const ours = workloadsOf(objectsOf(kustomize("overlays", overlay)))
        .flatMap(({ spec }) => spec.template.spec.containers)
        .filter(({ args }) => args[0] === "/bin/cinder-csi-plugin")
      assert.isAbove(ours.length, 1)
      for (const { image } of ours) assert.strictEqual(image, "registry.example.com/cinder-csi-plugin:0.1.0")
    }
  })

  it("bring no kind of object that would replace the cluster's own secrets", () => {
    const secrets = overlays
      .flatMap((name) => objectsOf(kustomize("overlays", name)))
      .filter(({ kind }) => kind === "Secret")
    assert.deepStrictEqual(secrets.map(({ metadata }) => metadata.name).sort(), ["cloud-north", "cloud-south"])
  })
})
