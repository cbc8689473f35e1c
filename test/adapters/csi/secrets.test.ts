import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { cloudOf, type SecretReference } from "../../../src/adapters/csi/secrets.ts"

const clouds = (...names: ReadonlyArray<string>) => new Map(names.map((name) => [name, `cloud ${name}`]))

const answer = (
  secrets: Record<string, string>,
  served: ReadonlyArray<string>,
  reference: SecretReference = "provisioner"
) =>
  Either.match(cloudOf(new Map(Object.entries(secrets)), clouds(...served), reference), {
    onLeft: ({ message }) => message,
    onRight: (cloud) => cloud
  })

describe("the cloud of a call", () => {
  it.each<[string, Record<string, string>, string]>([
    ["is plain [Global] without secrets", {}, "cloud "],
    ["is plain [Global] when its key is empty", { cloud: "" }, "cloud "],
    ["is the one that the key cloud names", { cloud: "north" }, "cloud north"],
    ["depends on no other key", { Cloud: "north", name: "north", password: "x" }, "cloud "]
  ])("%s", (_, secrets, expected) => assert.strictEqual(answer(secrets, ["", "north"]), expected))

  it("must be served", () => {
    assert.strictEqual(
      answer({ cloud: "nroth\n", password: "hunter2" }, ["", "north"]),
      'secrets.cloud is "nroth\\n", which is not served, only plain [Global], "north" (--cloud-name)'
    )
  })

  it.each<[SecretReference, string]>([
    ["provisioner", "StorageClass"],
    ["controller-publish", "StorageClass"],
    ["controller-expand", "StorageClass"],
    ["snapshotter", "VolumeSnapshotClass"],
    ["snapshotter-list", "VolumeSnapshotClass"]
  ])("must be named where there is no plain [Global]: the %s secret", (reference, object) => {
    assert.strictEqual(
      answer({}, ["north", "south"], reference),
      `secrets.cloud is missing and plain [Global] is not served, only "north", "south" (--cloud-name): name one in a secret ` +
        `that the ${object} refers to by csi.storage.k8s.io/${reference}-secret-name and csi.storage.k8s.io/${reference}-secret-namespace`
    )
  })
})
