import { assert, describe, it } from "@effect/vitest"
import type { AuditFacts, AuditRules, ClusterReading } from "../../../src/domain/AuditFacts.ts"
import type { OwnVolumeSeen } from "../../../src/domain/ClusterObjects.ts"
import { decideAudit } from "../../../src/domain/decisions/audit.ts"
import {
  classOf,
  cloud,
  cluster,
  detailIn,
  factsOf,
  foundIn,
  hour,
  now,
  record,
  rules,
  volume
} from "../../support/audit.ts"

const facts = (
  seen: Parameters<typeof volume>[0] = {},
  recorded: Partial<OwnVolumeSeen> = {},
  inCluster: Partial<ClusterReading> = {},
  change: Partial<AuditRules> = {}
): AuditFacts =>
  factsOf(
    { volumes: [volume(seen)] },
    { volumes: [record(recorded)], ...inCluster },
    { rules: { ...rules, ...change } }
  )

const none: ReadonlyArray<readonly [string, string]> = []

describe("a PersistentVolume whose volume is gone", () => {
  const gone = (change: Partial<OwnVolumeSeen> = {}, more: Partial<AuditRules> = {}) =>
    factsOf({}, { volumes: [record(change)] }, { rules: { ...rules, ...more } })

  it("is found, with the claim that waits for it", () => {
    assert.deepStrictEqual(foundIn(gone()), [["missing-volume", "pvc-1"]])
    assert.strictEqual(detailIn(gone()), "Cinder has no volume volume-1, Bound, claim shop/data")
  })

  it.each<readonly [string, AuditFacts]>([
    ["while it is young", gone({ createdAt: now - hour + 1 })],
    ["where a cloud was not asked", gone({}, { everyCloud: false })],
    [
      "that came meanwhile",
      factsOf({}, {}, { kubernetes: { before: cluster(), after: cluster({ volumes: [record()] }) } })
    ],
    [
      "that went meanwhile",
      factsOf({}, {}, { kubernetes: { before: cluster({ volumes: [record()] }), after: cluster() } })
    ],
    [
      "that is another one of the name now",
      factsOf(
        {},
        {},
        {
          kubernetes: {
            before: cluster({ volumes: [record({ uid: "first" })] }),
            after: cluster({ volumes: [record({ uid: "second" })] })
          }
        }
      )
    ],
    [
      "whose volume another cloud has",
      factsOf({}, { volumes: [record()] }, { clouds: [cloud(), cloud({ name: "b", volumes: [volume()] })] })
    ]
  ])("is no finding %s", (_, found) => assert.deepStrictEqual(foundIn(found), none))

  it("is not looked for where a cloud was not asked, which is said", () =>
    assert.include(decideAudit(gone({}, { everyCloud: false })).notes.join(), "not every cloud"))
})

describe("a released PersistentVolume", () => {
  const released: Partial<OwnVolumeSeen> = { phase: "Released", reclaimPolicy: "Retain" }
  it.each<readonly [string, Partial<OwnVolumeSeen>, string | undefined]>([
    ["is found", released, "Released, policy Retain, claim shop/data"],
    [
      "is found where Kubernetes could not delete it, with the reason",
      { phase: "Failed", problem: "in use" },
      "Failed, policy Delete, claim shop/data: in use"
    ],
    ["is left out when it was released a moment ago", { ...released, phaseSince: now - hour + 1 }, undefined],
    [
      "counts from its making where Kubernetes does not tell",
      { ...released, phaseSince: undefined },
      "Released, policy Retain, claim shop/data"
    ],
    ["is none while it is bound", { reclaimPolicy: "Retain" }, undefined]
  ])("%s", (_, change, detail) => {
    assert.strictEqual(detailIn(facts({}, change)), detail)
    assert.deepStrictEqual(foundIn(facts({}, change)), detail === undefined ? none : [["released-volume", "pvc-1"]])
  })

  it("takes the GiB of its volume", () =>
    assert.strictEqual(decideAudit(facts({ sizeGiB: 7, updatedAt: now }, released)).findings[0]?.sizeGiB, 7))
})

describe("a size that differs", () => {
  it.each<readonly [string, AuditFacts, string | undefined]>([
    ["is found", facts({ sizeGiB: 2 }), "PersistentVolume pvc-1 says 1 GiB, Cinder 2"],
    [
      "is found the other way round",
      facts({}, { capacityBytes: 3n * 1024n ** 3n }),
      "PersistentVolume pvc-1 says 3 GiB, Cinder 1"
    ],
    ["is none within the GiB", facts({}, { capacityBytes: 1_000_000_000n }), undefined],
    ["is left out while the volume changes", facts({ sizeGiB: 2, updatedAt: now }), undefined],
    ["is left out while it is extended", facts({ sizeGiB: 2, status: "extending", updatedAt: now }), undefined],
    ["is left out where the record is unreadable", facts({ sizeGiB: 2 }, { capacityBytes: undefined }), undefined]
  ])("%s", (_, found, detail) => {
    assert.strictEqual(detailIn(found), detail)
    assert.deepStrictEqual(foundIn(found), detail === undefined ? none : [["size-drift", "volume-1"]])
  })
})

describe("a zone that differs", () => {
  const moved = { zone: "az-2" }
  it.each<readonly [string, AuditFacts, string | undefined]>([
    ["is found", facts(moved), "PersistentVolume pvc-1 lets pods run in nova; the volume is in az-2"],
    ["is none where one of several fits", facts(moved, { zones: ["nova", "az-2"] }), undefined],
    ["is none where pods may run anywhere", facts(moved, { zones: [] }), undefined],
    ["is none where zones are asked for and not heeded", facts(moved, {}, {}, { ignoreVolumeZone: true }), undefined],
    ["is none where the volume tells no zone", facts({ zone: "" }), undefined],
    ["is none where the label stands for the zone", facts({ zone: "my zone" }, { zones: ["my-zone"] }), undefined]
  ])("%s", (_, found, detail) => {
    assert.strictEqual(detailIn(found), detail)
    assert.deepStrictEqual(foundIn(found), detail === undefined ? none : [["zone-drift", "volume-1"]])
  })

  it("heeds the map of zones", () => {
    const mapped = (zone: string) =>
      factsOf(
        {},
        { volumes: [record()] },
        { clouds: [cloud({ volumes: [volume({ zone })], zoneMap: new Map([["nova", "az-2"]]) })] }
      )
    assert.deepStrictEqual(foundIn(mapped("az-2")), none)
    assert.deepStrictEqual(foundIn(mapped("nova")), [["zone-drift", "volume-1"]])
  })
})

describe("a type that differs from the class", () => {
  const classes = (volumeType: string | undefined) => ({ classes: [classOf(volumeType)] })
  it.each<readonly [string, AuditFacts, string | undefined]>([
    ["is found", facts({ volumeType: "slow" }), "StorageClass fast asks for fast; the volume is of type slow"],
    ["is none but for the case", facts({ volumeType: "FAST" }), undefined],
    ["is none where the class asks for none", facts({ volumeType: "slow" }, {}, classes(undefined)), undefined],
    [
      "cannot be told by an id",
      facts({ volumeType: "slow" }, {}, classes("6a65bc1b-3b2a-4c3d-8e5f-6a65bc1b3b2a")),
      undefined
    ],
    ["cannot be told without the class", facts({ volumeType: "slow" }, {}, { classes: [] }), undefined],
    ["is left out while the volume changes", facts({ volumeType: "slow", updatedAt: now }), undefined]
  ])("%s", (_, found, detail) => {
    assert.strictEqual(detailIn(found), detail)
    assert.deepStrictEqual(foundIn(found), detail === undefined ? none : [["type-drift", "volume-1"]])
  })
})

describe("a volume of the cluster's that another cluster made", () => {
  it.each<readonly [string, Record<string, string>, ReadonlyArray<readonly [string, string]>]>([
    ["is found", { "cinder.csi.openstack.org/cluster": "other" }, [["other-cluster", "volume-1"]]],
    ["is none where it bears no mark", {}, none]
  ])("%s", (_, metadata, found) => assert.deepStrictEqual(foundIn(facts({ metadata })), found))
})
