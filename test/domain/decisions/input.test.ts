import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { accessModes, type VolumeCapability } from "../../../src/domain/Capability.ts"
import { readAppendedMetadata } from "../../../src/domain/decisions/appendedMetadata.ts"
import { checkCapabilities, sharingRisk, unservedBy } from "../../../src/domain/decisions/capabilities.ts"
import { checkName } from "../../../src/domain/decisions/names.ts"
import { readSnapshotParameters, readVolumeParameters } from "../../../src/domain/decisions/parameters.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { blockOn, mountOn } from "../../support/controllerOnWorld.ts"

const problem = <A>(checked: Either.Either<A, { readonly message: string }>): string =>
  Either.match(checked, { onLeft: ({ message }) => message, onRight: () => "fine" })

describe("a name", () => {
  it.each([
    { what: "128 bytes", name: "n".repeat(128) },
    { what: "128 bytes in 64 letters", name: "é".repeat(64) },
    { what: "128 bytes in 32 emoji", name: "🐳".repeat(32) },
    { what: "tab, line feed and carriage return", name: "a\tb\nc\rd" }
  ])("may have $what", ({ name }) => {
    assert.strictEqual(problem(checkName("name", name)), "fine")
  })

  it.each([
    { what: "nothing", name: "", says: "name must not be empty" },
    { what: "129 bytes", name: "n".repeat(129), says: "name has 129 bytes, more than the 128 allowed" },
    { what: "130 bytes in 65 letters", name: "é".repeat(65), says: "name has 130 bytes, more than the 128 allowed" },
    ...[0x00, 0x08, 0x0b, 0x0c, 0x0e, 0x1f, 0x7f, 0x9f].map((code) => ({
      what: `U+${code.toString(16)}`,
      name: `a${String.fromCodePoint(code)}`,
      says: `name holds the control character U+${code.toString(16).toUpperCase().padStart(4, "0")}`
    }))
  ])("may not have $what", ({ name, says }) => {
    assert.strictEqual(problem(checkName("name", name)), says)
  })
})

describe("capabilities", () => {
  const tableOf = (capability: VolumeCapability, options = {}) => ({
    single: problem(checkCapabilities([capability], options)) === "fine",
    onMultiattach: unservedBy({ multiattach: true }, [capability], options) === undefined,
    onOthers: unservedBy({ multiattach: false }, [capability], options) === undefined
  })
  const all = { single: true, onMultiattach: true, onOthers: true }
  const shared = { single: true, onMultiattach: true, onOthers: false }
  const none = { single: false, onMultiattach: false, onOthers: false }

  it.each([
    { capability: mountOn("SINGLE_NODE_WRITER"), is: all },
    { capability: mountOn("SINGLE_NODE_WRITER", ""), is: all },
    { capability: mountOn("SINGLE_NODE_SINGLE_WRITER", "xfs"), is: all },
    { capability: mountOn("SINGLE_NODE_MULTI_WRITER"), is: all },
    { capability: mountOn("SINGLE_NODE_READER_ONLY"), is: all },
    { capability: mountOn("MULTI_NODE_READER_ONLY"), is: shared },
    { capability: mountOn("MULTI_NODE_SINGLE_WRITER"), is: none },
    { capability: mountOn("MULTI_NODE_MULTI_WRITER"), is: none },
    { capability: mountOn("SINGLE_NODE_WRITER", "ntfs"), is: none },
    { capability: blockOn("SINGLE_NODE_WRITER"), is: all },
    { capability: blockOn("MULTI_NODE_READER_ONLY"), is: shared },
    { capability: blockOn("MULTI_NODE_SINGLE_WRITER"), is: shared },
    { capability: blockOn("MULTI_NODE_MULTI_WRITER"), is: shared }
  ])("$capability.mode, $capability.access", ({ capability, is }) => {
    assert.deepStrictEqual(tableOf(capability), is)
  })

  it("must name at least one and are refused if one of them is", () => {
    assert.strictEqual(problem(checkCapabilities([], {})), "volume_capabilities must name at least one")
    assert.notStrictEqual(problem(checkCapabilities([mountOn(), mountOn("MULTI_NODE_MULTI_WRITER")], {})), "fine")
  })

  it.each(["MULTI_NODE_SINGLE_WRITER", "MULTI_NODE_MULTI_WRITER"] as const)(
    "of a file system that several nodes write (%s) are refused with a way out, and allowed by the switch",
    (mode) => {
      const refused = problem(checkCapabilities([mountOn(mode)], {}))
      assert.include(refused, "volumeMode Block")
      assert.include(refused, "multi-writer-filesystem")
      assert.deepStrictEqual(tableOf(mountOn(mode), { multiWriterFileSystem: true }), shared)
      assert.deepStrictEqual(tableOf(mountOn(mode, "ntfs"), { multiWriterFileSystem: true }), none)
    }
  )

  it("are at risk where several nodes may write one file system, and nowhere else", () => {
    const atRisk = accessModes
      .flatMap((mode) => [mountOn(mode), blockOn(mode)])
      .filter((one) => sharingRisk(VolumeId("v"), one))
    assert.deepStrictEqual(atRisk, [mountOn("MULTI_NODE_SINGLE_WRITER"), mountOn("MULTI_NODE_MULTI_WRITER")])
  })
})

describe("parameters of a StorageClass", () => {
  it("are read, kept as metadata or let through", () => {
    const parameters = {
      type: "ssd",
      availability: "az1",
      multiattach: "yes",
      "csi.storage.k8s.io/pv/name": "pvc-1",
      appendVolumeMetadata: '{"team": "storage", "cost centre": ""}',
      "mkfs-options": "-E nodiscard",
      fsType: "ext4",
      "csi.storage.k8s.io/fstype": "ext4"
    }
    assert.deepStrictEqual(Either.getOrThrow(readVolumeParameters(parameters, [mountOn()])), {
      volumeType: "ssd",
      availability: "az1",
      metadata: { "csi.storage.k8s.io/pv/name": "pvc-1", team: "storage", "cost centre": "" },
      context: { "mkfs-options": "-E nodiscard" },
      claim: undefined,
      unknown: ["multiattach"]
    })
  })

  it("may not say from which backup a volume comes", () => {
    const parameters = { appendVolumeMetadata: '{"src_backup_id": "b"}' }
    assert.include(problem(readVolumeParameters(parameters, [])), 'has the key "src_backup_id"')
  })

  it.each([
    { capability: mountOn("SINGLE_NODE_WRITER", "ext4"), fine: true },
    { capability: mountOn("SINGLE_NODE_WRITER", ""), fine: true },
    { capability: mountOn("SINGLE_NODE_WRITER", "xfs"), fine: false },
    { capability: blockOn(), fine: true }
  ])("hold options for the mkfs of $capability.access, fine: $fine", ({ capability, fine }) => {
    const read = readVolumeParameters({ mkfsOptions: "-E nodiscard" }, [capability])
    assert.strictEqual(Either.isRight(read), fine)
  })

  it.each([
    { parameters: { type: "t".repeat(256) }, says: `parameters["type"] is longer than 255 characters` },
    { parameters: { availability: "z".repeat(256) }, says: `parameters["availability"] is longer than 255 characters` }
  ])("refuse a bad value: $says", ({ parameters, says }) => {
    assert.strictEqual(problem(readVolumeParameters(parameters, [mountOn()])), says)
  })

  it("leave the choice to the cloud where they are empty", () => {
    const read = readVolumeParameters({ type: "", availability: "" }, [mountOn()])
    assert.deepStrictEqual(read, readVolumeParameters({}, [mountOn()]))
  })
})

describe("metadata that a class adds", () => {
  const key = "appendVolumeMetadata"
  const said = (text: string) => problem(readAppendedMetadata({ [key]: text }, ["own"]))

  it.each([
    { text: "", adds: {} },
    { text: "{}", adds: {} },
    { text: ' { "a": "1" , "b c/d.e:f_g-h": "\u00fc" } ', adds: { a: "1", "b c/d.e:f_g-h": "ü" } },
    { text: JSON.stringify({ ["k".repeat(255)]: "v".repeat(255) }), adds: { ["k".repeat(255)]: "v".repeat(255) } }
  ])("is read from $text", ({ text, adds }) => {
    assert.deepStrictEqual(Either.getOrThrow(readAppendedMetadata({ [key]: text }, ["own"])), adds)
  })

  it.each(["team=storage", "{", "[]", '["a"]', "null", '"text"', "7", "{'team': 'storage'}"])(
    "is no JSON object: %s",
    (text) =>
      assert.strictEqual(
        said(text),
        `parameters["appendVolumeMetadata"] is no JSON object; write one of texts, such as '{"team": "storage"}'`
      )
  )

  it.each([
    { text: '{"a": 1}', says: /has no text as the value of "a"; put the value in double quotes/ },
    { text: '{"a": null}', says: /has no text as the value of "a"/ },
    { text: '{"a": {"b": "c"}}', says: /has no text as the value of "a"/ },
    { text: '{"": "b"}', says: /has the key ""; a key is 1 to 255 letters, digits, spaces and _ - : \. \// },
    { text: '{"a;b": "c"}', says: /has the key "a;b"/ },
    { text: '{"ü": "c"}', says: /has the key "ü"/ },
    { text: JSON.stringify({ ["k".repeat(256)]: "" }), says: /has the key "k{64}"; a key is 1 to 255/ },
    { text: JSON.stringify({ a: "v".repeat(256) }), says: /more than 255 characters at "a"/ },
    { text: '{"cinder.csi.openstack.org/cluster": "b"}', says: /keys that begin with cinder\.csi\.openstack\.org\// },
    { text: '{"own": "b"}', says: /has the key "own", which has a meaning of its own/ },
    { text: '{"csi.storage.k8s.io/pvc/name": "b"}', says: /keys that begin with csi\.storage\.k8s\.io\// }
  ])("is refused: $text", ({ text, says }) => assert.match(said(text), says))
})

describe("parameters of a VolumeSnapshotClass", () => {
  it("may add the key type to snapshots, not to backups, where it tells what they are", () => {
    const append = { appendVolumeMetadata: '{"type": "nightly"}' }
    assert.strictEqual(problem(readSnapshotParameters(append)), "fine")
    assert.include(problem(readSnapshotParameters({ ...append, type: "backup" })), 'has the key "type"')
  })

  it("keep metadata of the class and of Kubernetes", () => {
    const fromKubernetes = { "csi.storage.k8s.io/volumesnapshot/name": "nightly" }
    const read = readSnapshotParameters({ ...fromKubernetes, appendVolumeMetadata: '{"team": "storage"}' })
    const expected = { backup: undefined, metadata: { ...fromKubernetes, team: "storage" }, unknown: [] }
    assert.deepStrictEqual(Either.getOrThrow(read), expected)
  })

  it("speak of backups", () => {
    const backupOf = (parameters: Readonly<Record<string, string>>) =>
      Either.getOrThrow(readSnapshotParameters({ type: "backup", ...parameters })).backup
    assert.deepStrictEqual(backupOf({}), { zone: undefined, secondsPerGiB: 20 })
    const given = { availability: "az2", "backup-max-duration-seconds-per-gb": "300" }
    assert.deepStrictEqual(backupOf(given), { zone: "az2", secondsPerGiB: 300 })
  })

  it.each([
    {},
    { type: "" },
    { type: "snapshot" },
    { type: "backup" },
    { "force-create": "true" },
    { "force-create": "False" },
    { colour: "red" }
  ])("may be %o", (parameters) => {
    assert.strictEqual(problem(readSnapshotParameters(parameters)), "fine")
  })

  it.each([
    { parameters: { type: "Snapshot" }, says: `parameters["type"] must be "snapshot" or "backup"` },
    ...["", "-1", "1.5", "20s", "fast"].map((text) => ({
      parameters: { "backup-max-duration-seconds-per-gb": text },
      says: `parameters["backup-max-duration-seconds-per-gb"] must be a whole number of seconds, such as 20`
    })),
    {
      parameters: { type: "backup", availability: "z".repeat(256) },
      says: `parameters["availability"] is longer than 255 characters`
    },
    { parameters: { "force-create": "maybe" }, says: `parameters["force-create"] must be true or false` },
    { parameters: { "force-create": "" }, says: `parameters["force-create"] must be true or false` }
  ])("refuse a bad value: $says", ({ parameters, says }) => {
    assert.strictEqual(problem(readSnapshotParameters(parameters)), says)
  })
})
