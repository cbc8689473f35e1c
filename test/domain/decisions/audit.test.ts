import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { AuditFacts } from "../../../src/domain/AuditFacts.ts"
import { decideAudit, totalsOf } from "../../../src/domain/decisions/audit.ts"
import { description } from "../../../src/domain/decisions/plan.ts"
import { SnapshotId, snapshotStatuses } from "../../../src/domain/Snapshot.ts"
import { VolumeId, volumeStatuses } from "../../../src/domain/Volume.ts"
import {
  attached,
  backup,
  cloud,
  cluster,
  detailIn,
  factsOf,
  foundIn,
  hour,
  now,
  record,
  rules,
  server,
  snapshot,
  volume,
  wanted
} from "../../support/audit.ts"
import { ours, theirs } from "./facts.ts"

const marks = (name: string) => ({ "cinder.csi.openstack.org/cluster": name })
const orphan = [["orphan-volume", "volume-1"]] as const

describe("a volume of the cluster without a PersistentVolume", () => {
  it("is an orphan, with what it was made for and who has it", () => {
    const metadata = {
      ...marks("k8s"),
      "csi.storage.k8s.io/pvc/namespace": "shop",
      "csi.storage.k8s.io/pvc/name": "data"
    }
    assert.strictEqual(
      detailIn(factsOf({ volumes: [volume({ metadata })] })),
      "available, attached to nothing, made for claim shop/data"
    )
    assert.strictEqual(
      detailIn(factsOf({ volumes: [volume(attached())] })),
      "in-use, attached to server server-1 (name of server-1)"
    )
    assert.include(detailIn(factsOf({ volumes: [volume(attached(theirs))] })), "which is no node of this cluster")
  })

  it.each<readonly [string, Parameters<typeof volume>[0], ReadonlyArray<readonly [string, string]>]>([
    ["is found", {}, orphan],
    ["is found when the hour is over", { createdAt: now - hour }, orphan],
    ["is left out while it may just be made", { createdAt: now - hour + 1 }, []],
    ["is left out when another cluster made it", { metadata: marks("other") }, []],
    ["is left out when nobody's mark is on it", { metadata: {} }, []],
    ["is left out when its description is another, as of a copy", { description: "restored by hand" }, []],
    ["is left out while it is made, which may take longer", { status: "creating", updatedAt: now }, []],
    ["is left out while it is being deleted", { status: "deleting", updatedAt: now }, []],
    ["is found in use", attached(), orphan]
  ])("%s", (_, change, found) => assert.deepStrictEqual(foundIn(factsOf({ volumes: [volume(change)] })), found))

  it("is none that Kubernetes names, before or after the clouds were asked, or in a pod itself", () => {
    const volumes = [volume()]
    const attachments = [wanted({ attached: false, volumeName: undefined, volumeId: VolumeId("volume-1") })]
    assert.deepStrictEqual(foundIn(factsOf({ volumes }, { volumes: [record()] })), [])
    assert.deepStrictEqual(foundIn(factsOf({ volumes }, { attachments })), [])
    for (const kubernetes of [
      { before: cluster({ volumes: [record()] }), after: cluster() },
      { before: cluster(), after: cluster({ volumes: [record()] }) }
    ]) {
      assert.deepStrictEqual(foundIn(factsOf({ volumes }, {}, { kubernetes })), [])
    }
  })

  it("cannot be told without Kubernetes, which is said", () => {
    const { findings, notes } = decideAudit(factsOf({ volumes: [volume()] }, {}, { kubernetes: undefined }))
    assert.deepStrictEqual(findings, [])
    assert.include(notes.join(), "Kubernetes was not asked")
  })
})

describe("snapshots and backups of the cluster", () => {
  it.each<readonly [string, Parameters<typeof factsOf>, ReadonlyArray<readonly [string, string]>]>([
    ["are orphans without a VolumeSnapshotContent", [{ snapshots: [snapshot()] }], [["orphan-snapshot", "snapshot-1"]]],
    ["are none with one", [{ snapshots: [snapshot()] }, { snapshots: [{ name: "c", handle: "snapshot-1" }] }], []],
    [
      "are orphans with a content of another",
      [{ snapshots: [snapshot()] }, { snapshots: [{ name: "c", handle: "other" }] }],
      [["orphan-snapshot", "snapshot-1"]]
    ],
    ["are left out when they are young", [{ snapshots: [snapshot({ createdAt: now - hour + 1 })] }], []],
    ["are left out when another cluster made them", [{ snapshots: [snapshot({ metadata: marks("other") })] }], []],
    ["are left out when people made them", [{ snapshots: [snapshot({ description: "mine" })] }], []],
    ["are left out while they go", [{ snapshots: [snapshot({ status: "deleting" })] }], []],
    ["are orphans as backups too", [{ backups: [backup({ snapshotId: undefined })] }], [["orphan-backup", "backup-1"]]],
    [
      "are none as backups with a content",
      [{ backups: [backup()] }, { snapshots: [{ name: "c", handle: "backup-1" }] }],
      []
    ],
    [
      "are not looked for where the cluster knows no contents",
      [{ snapshots: [snapshot()], backups: [backup({ snapshotId: undefined })] }, { snapshots: undefined }],
      []
    ],
    [
      "that failed are broken and orphans",
      [{ snapshots: [snapshot({ status: "error" })] }],
      [
        ["orphan-snapshot", "snapshot-1"],
        ["broken", "snapshot-1"]
      ]
    ],
    [
      "that are cut for longer than the grace are stuck",
      [{ snapshots: [snapshot({ status: "creating" })] }],
      [["stuck", "snapshot-1"]]
    ],
    [
      "that are copied get the time that their size needs",
      [{ backups: [backup({ status: "creating", sizeGiB: 1000, createdAt: now - 5 * hour })] }],
      []
    ],
    [
      "that are copied for longer are stuck",
      [{ backups: [backup({ status: "creating", sizeGiB: 1000, createdAt: now - 7 * hour })] }],
      [["stuck", "backup-1"]]
    ]
  ])("%s", (_, facts, found) => assert.deepStrictEqual(foundIn(factsOf(...facts)), found))

  it("of a cloud that does not show what is written on backups are not looked for, which is said", () =>
    assert.include(decideAudit(factsOf({ backups: undefined })).notes.join(), "orphan backups were not looked for"))
})

describe("a snapshot that was cut for a backup", () => {
  const temporary = snapshot({ metadata: { ...marks("k8s"), "cinder.csi.openstack.org/temporary": "true" } })
  const contents = { snapshots: [{ name: "c", handle: "backup-1" }] }

  it.each<readonly [string, Parameters<typeof factsOf>[0], ReadonlyArray<readonly [string, string]>]>([
    [
      "is found, and is no orphan",
      { snapshots: [temporary], backups: [backup()] },
      [["temporary-snapshot", "snapshot-1"]]
    ],
    ["is found without its backup", { snapshots: [temporary] }, [["temporary-snapshot", "snapshot-1"]]],
    [
      "is known by its backup where the Go driver cut it",
      { snapshots: [snapshot()], backups: [backup()] },
      [["temporary-snapshot", "snapshot-1"]]
    ],
    [
      "is left alone while it is copied",
      { snapshots: [temporary], backups: [backup({ status: "creating", createdAt: now })] },
      []
    ],
    ["is left alone while Cinder says so", { snapshots: [{ ...temporary, status: "backing-up" }] }, []],
    ["is left alone when it is young", { snapshots: [{ ...temporary, createdAt: now }] }, []],
    [
      "is left alone when another cluster made it",
      { snapshots: [{ ...temporary, metadata: { ...temporary.metadata, ...marks("x") } }] },
      []
    ]
  ])("%s", (_, inCloud, found) => assert.deepStrictEqual(foundIn(factsOf(inCloud, contents)), found))
})

describe("the state of a volume", () => {
  it.each(volumeStatuses.map((status) => [status] as const))("%s is told when it has lasted", (status) => {
    const expected = status.startsWith("error")
      ? "broken"
      : ["available", "in-use"].includes(status)
        ? undefined
        : "stuck"
    const inCluster = { volumes: [record()] }
    const kinds = (updatedAt: number) => foundIn(factsOf({ volumes: [volume({ status, updatedAt })] }, inCluster))
    assert.deepStrictEqual(kinds(now - hour), expected === undefined ? [] : [[expected, "volume-1"]])
    assert.deepStrictEqual(kinds(now - hour + 1), [])
  })

  it("is told of a volume that the cluster was given too, and of nobody else's", () => {
    const broken = volume({ status: "error", metadata: {}, description: "" })
    assert.deepStrictEqual(foundIn(factsOf({ volumes: [broken] }, { volumes: [record()] })), [["broken", "volume-1"]])
    assert.deepStrictEqual(foundIn(factsOf({ volumes: [broken] })), [])
  })
})

describe("several volumes of one name", () => {
  const second = (change: Parameters<typeof volume>[0] = {}) =>
    volume({ id: VolumeId("volume-2"), createdAt: 1, ...change })
  const third = VolumeId("volume-3")
  const records = {
    volumes: [
      record(),
      record({ name: "pv-2", volumeId: VolumeId("volume-2") }),
      record({ name: "pv-3", volumeId: third })
    ]
  }

  it("are told together, with the one that would be taken", () => {
    const facts = factsOf({ volumes: [volume(), second()] }, records, { rules: { ...rules, everyCloud: false } })
    assert.deepStrictEqual(foundIn(facts), [["duplicate-name", "volume-1"]])
    assert.strictEqual(
      detailIn(facts),
      "2 volumes: volume-1 (available, PersistentVolume pvc-1), volume-2 (available, PersistentVolume pv-2); " +
        "a claim of this name would take volume-1, the oldest that serves, if it is what is asked for"
    )
  })

  it("of which the oldest is broken have the next one taken", () => {
    const facts = factsOf({ volumes: [volume({ status: "error", updatedAt: now }), second()] }, records)
    const { detail } = decideAudit(facts).findings.find(({ kind }) => kind === "duplicate-name") ?? {}
    assert.include(detail, "would take volume-2")
  })

  it.each<readonly [string, Parameters<typeof factsOf>[0]]>([
    ["of which one is nobody's", { volumes: [volume(), second({ metadata: {} })] }],
    ["of which one goes", { volumes: [volume(), second({ status: "deleting", updatedAt: now })] }],
    ["of which one is young", { volumes: [volume(), second({ createdAt: now })] }],
    ["without a name", { volumes: [volume({ name: "" }), second({ name: "" })] }]
  ])("%s are left alone", (_, inCloud) =>
    assert.deepStrictEqual(
      foundIn(factsOf(inCloud, records)).filter(([kind]) => kind === "duplicate-name"),
      []
    )
  )
})

describe("an audit", () => {
  it("finds nothing where everything belongs together", () => {
    const volumes = [volume(attached())]
    const servers = new Map([[ours, server(ours, VolumeId("volume-1"))]])
    const snapshots = [snapshot()]
    const facts = factsOf(
      { volumes, servers, snapshots },
      { volumes: [record()], attachments: [wanted()], snapshots: [{ name: "c", handle: "snapshot-1" }] }
    )
    assert.deepStrictEqual(decideAudit(facts), { findings: [], notes: [] })
  })

  it("looks at each cloud by itself", () => {
    const clouds = [
      cloud({ volumes: [volume()] }),
      cloud({ name: "b", volumes: [volume({ id: VolumeId("volume-2") })] })
    ]
    const { findings } = decideAudit(factsOf({}, {}, { clouds }))
    assert.deepStrictEqual(
      findings.map(({ kind, cloud: name }) => [kind, name]),
      [
        ["orphan-volume", ""],
        ["orphan-volume", "b"]
      ]
    )
  })

  it("tells the largest of a kind first, and sums up", () => {
    const sized = (id: string, sizeGiB: number) => volume({ id: VolumeId(id), name: id, sizeGiB })
    const { findings } = decideAudit(
      factsOf({ volumes: [sized("a", 1), sized("b", 5)], snapshots: [snapshot({ id: SnapshotId("s"), sizeGiB: 3 })] })
    )
    assert.deepStrictEqual(
      findings.map(({ about }) => about.id),
      ["b", "a", "s"]
    )
    assert.deepStrictEqual(totalsOf(findings), [
      { kind: "orphan-volume", count: 2, sizeGiB: 6 },
      { kind: "orphan-snapshot", count: 1, sizeGiB: 3 }
    ])
  })

  it("says which servers Nova gave no answer about, and of which cloud", () =>
    assert.deepStrictEqual(decideAudit(factsOf({ name: "b", unseenServers: 2 })).notes, [
      'Nova of cloud "b" gave no answer about 2 servers with volumes'
    ]))

  it("never calls an orphan what Kubernetes names or another cluster made, whatever else is so", () => {
    const anyVolume = fc.record({
      status: fc.constantFrom(...volumeStatuses),
      named: fc.boolean(),
      mark: fc.constantFrom("k8s", "other", ""),
      text: fc.constantFrom(description, "mine"),
      age: fc.integer({ min: 0, max: 3 * hour })
    })
    fc.assert(
      fc.property(fc.array(anyVolume, { maxLength: 6 }), fc.constantFrom(...snapshotStatuses), (all, status) => {
        const volumes = all.map(({ status: state, mark, text, age }, index) =>
          volume({
            id: VolumeId(`v${index}`),
            name: `n${index}`,
            status: state,
            metadata: marks(mark),
            description: text,
            createdAt: now - age
          })
        )
        const records = all.flatMap(({ named }, index) =>
          named ? [record({ name: `pv${index}`, volumeId: VolumeId(`v${index}`) })] : []
        )
        const facts: AuditFacts = factsOf({ volumes, snapshots: [snapshot({ status })] }, { volumes: records })
        for (const [kind, id] of foundIn(facts)) {
          if (kind !== "orphan-volume") continue
          const { named, mark, text, age } = all[Number(id.slice(1))] ?? {}
          assert.deepStrictEqual([named, mark, text, (age ?? 0) >= hour], [false, "k8s", description, true])
        }
      })
    )
  })
})
