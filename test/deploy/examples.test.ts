import { readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { loadCloudConf } from "../../src/adapters/config/loadCloudConf.ts"
import { hintAnnotations } from "../../src/domain/decisions/hints.ts"
import { readSnapshotParameters, readVolumeParameters } from "../../src/domain/decisions/parameters.ts"
import { filesIn } from "../support/kubernetes/access.ts"
import { live, temporaryFolder } from "../support/wiredDriver.ts"
import { objectOf, titleOf } from "./support/objects.ts"
import { type KubernetesObject, kustomize, objectsIn, objectsOf, problemsOf, project, proofs } from "./support/tools.ts"

const folder = join(project, "deploy", "examples")
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yaml"))
const all = () => files.flatMap((file) => objectsIn(join(folder, file)))
const ofKind = (kind: string) => all().filter((object) => object.kind === kind)

interface Class extends KubernetesObject {
  readonly provisioner?: string
  readonly driver?: string
  readonly deletionPolicy?: string
  readonly parameters?: Readonly<Record<string, string>>
}
const classes = (kind: string): ReadonlyArray<Class> => ofKind(kind)

/** What csi-provisioner and csi-snapshotter hand on of a class's parameters: the names of secrets are their own. */
const handedOn = ({ parameters = {} }: Class, calls: RegExp) =>
  Object.fromEntries(Object.entries(parameters).filter(([key]) => !calls.test(key)))
const volumeSecrets = /^csi\.storage\.k8s\.io\/(provisioner|controller-publish|controller-expand)-secret-name(space)?$/
const snapshotSecrets = /^csi\.storage\.k8s\.io\/snapshotter(-list)?-secret-name(space)?$/

/** Every value under this key, at any depth. */
const valuesOf = (key: string, within: unknown): ReadonlyArray<string> =>
  Array.isArray(within)
    ? within.flatMap((item) => valuesOf(key, item))
    : typeof within === "object" && within !== null
      ? Object.entries(within).flatMap(([name, value]) =>
          name === key && typeof value === "string" ? [value] : valuesOf(key, value)
        )
      : []

/** As kubectl sends them, which fills in the namespace that is missing. */
const sent = (object: KubernetesObject): KubernetesObject =>
  /Class$/.test(object.kind) ? object : { ...object, metadata: { namespace: "default", ...object.metadata } }

const namesOf = (objects: ReadonlyArray<KubernetesObject>) => objects.map(({ metadata }) => metadata.name)

proofs("the examples", () => {
  it("are what an API server takes, file by file", () => {
    assert.isAbove(files.length, 15)
    for (const file of files) {
      const objects = objectsIn(join(folder, file))
      assert.isNotEmpty(objects, file)
      assert.deepStrictEqual(problemsOf(objects.map(sent)), [], file)
    }
  })

  it("have classes of this driver, with parameters that it reads and takes", () => {
    for (const storageClass of classes("StorageClass")) {
      const title = titleOf(storageClass)
      assert.strictEqual(storageClass.provisioner, "cinder.csi.openstack.org", title)
      const parameters = Either.getOrThrow(readVolumeParameters(handedOn(storageClass, volumeSecrets), []))
      assert.deepStrictEqual(parameters.unknown, [], title)
    }
    for (const snapshotClass of classes("VolumeSnapshotClass")) {
      const title = titleOf(snapshotClass)
      assert.strictEqual(snapshotClass.driver, "cinder.csi.openstack.org", title)
      assert.include(["Delete", "Retain"], snapshotClass.deletionPolicy, title)
      const parameters = Either.getOrThrow(readSnapshotParameters(handedOn(snapshotClass, snapshotSecrets)))
      assert.deepStrictEqual(parameters.unknown, [], title)
    }
  })

  it("name classes, claims and snapshots that the examples have, or the overlay of two clouds", () => {
    const everything = [...all(), ...objectsOf(kustomize("overlays", "two-clouds"))]
    const known = (kind: string) => namesOf(everything.filter((object) => object.kind === kind))
    for (const [key, kind] of [
      ["storageClassName", "StorageClass"],
      ["volumeSnapshotClassName", "VolumeSnapshotClass"],
      ["claimName", "PersistentVolumeClaim"],
      ["persistentVolumeClaimName", "PersistentVolumeClaim"]
    ] as const) {
      const named = valuesOf(key, all())
      assert.isNotEmpty(named, key)
      for (const name of named) assert.include(known(kind), name, key)
    }
    for (const claim of ofKind("PersistentVolumeClaim")) {
      const { kind, name } = Object(Object(claim["spec"])["dataSource"])
      if (kind !== undefined) assert.include(known(kind), name, titleOf(claim))
    }
    for (const name of valuesOf("csi.storage.k8s.io/snapshotter-secret-name", all())) {
      assert.include(known("Secret"), name)
    }
  })

  it("have annotations that the driver reads", () => {
    const annotations = ofKind("PersistentVolumeClaim").flatMap(({ metadata }) =>
      Object.keys(metadata.annotations ?? {})
    )
    assert.deepStrictEqual([...new Set(annotations)].sort(), [...hintAnnotations].sort())
  })

  it("install no two classes of one name", () => {
    const names = [
      ...namesOf(ofKind("StorageClass")),
      ...namesOf(ofKind("VolumeSnapshotClass")).map((name) => `snapshots of ${name}`)
    ]
    assert.deepStrictEqual(names, [...new Set(names)])
  })

  live(
    "have a cloud.conf in each Secret that the driver reads without a warning",
    Effect.gen(function* () {
      const secrets = files.filter((file) => file.startsWith("secrets/"))
      assert.isAbove(secrets.length, 2)
      for (const file of secrets) {
        const secret = objectOf(objectsIn(join(folder, file)), "Secret", "cloud-config")
        const { ["cloud.conf"]: text, ...others } = Object(secret["stringData"])
        const root = yield* filesIn(yield* temporaryFolder, { "cloud.conf": text, ...others })
        const conf = yield* loadCloudConf([join(root, "cloud.conf")], { missingFiles: "skip" })
        assert.deepStrictEqual(conf.warnings, [], file)
        assert.isAbove(conf.clouds.size, 0, file)
        for (const [name, cloud] of conf.clouds) assert.isTrue(Either.isRight(cloud), `${file}: ${name}`)
        for (const path of text.match(/\/etc\/config\/\S+/g) ?? []) assert.property(others, path.slice(12), file)
      }
    })
  )
})
