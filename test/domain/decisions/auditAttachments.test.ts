import { assert, describe, it } from "@effect/vitest"
import type { AuditFacts, CloudReading, ClusterReading } from "../../../src/domain/AuditFacts.ts"
import type { ServerId } from "../../../src/domain/Server.ts"
import { VolumeId, volumeStatuses } from "../../../src/domain/Volume.ts"
import {
  attached,
  cluster,
  detailIn,
  factsOf,
  foundIn,
  hour,
  now,
  record,
  server,
  volume,
  wanted
} from "../../support/audit.ts"
import { ours, theirs } from "./facts.ts"

const id = VolumeId("volume-1")
const unlisted: ReadonlyArray<VolumeId> | undefined = undefined

/** Servers as Nova lists them, each with what it says to be attached. */
const nova = (...rows: ReadonlyArray<readonly [ServerId, ReadonlyArray<VolumeId> | undefined]>) =>
  new Map(rows.map(([one, ids]) => [one, { ...server(one), volumeIds: ids }] as const))

/** The volume in use on node-1 as everybody sees it, changed as said. */
const facts = (
  inCloud: Partial<CloudReading> = {},
  inCluster: Partial<ClusterReading> = {},
  change: Partial<AuditFacts> = {}
): AuditFacts =>
  factsOf(
    { volumes: [volume(attached())], servers: nova([ours, [id]]), ...inCloud },
    { volumes: [record()], attachments: [wanted()], ...inCluster },
    change
  )

describe("an attachment that all witnesses show", () => {
  it("is no finding", () => assert.deepStrictEqual(foundIn(facts()), []))

  it("is none either where Nova does not tell what is attached to a server", () => {
    assert.deepStrictEqual(foundIn(facts({ servers: nova([ours, unlisted]) })), [])
    assert.deepStrictEqual(foundIn(facts({ servers: new Map() })), [])
  })
})

describe("a record of a server that Nova does not have", () => {
  const vanished = { volumes: [volume(attached(theirs))], servers: nova([ours, []]), missingServers: new Set([theirs]) }

  it("is found, with the attachment's id", () => {
    const found = facts(vanished, { attachments: [] })
    assert.deepStrictEqual(foundIn(found), [["vanished-server", "volume-1"]])
    assert.strictEqual(
      detailIn(found),
      "in-use: attachment attachment-server-2 is of server server-2, which Nova does not have"
    )
  })

  it("is found without Kubernetes too", () =>
    assert.deepStrictEqual(foundIn(facts(vanished, {}, { kubernetes: undefined })), [["vanished-server", "volume-1"]]))

  it.each<readonly [string, Partial<CloudReading>]>([
    ["is left out while the volume changes", { volumes: [volume({ ...attached(theirs), updatedAt: now })] }],
    [
      "is left out while it is detached",
      { volumes: [volume({ ...attached(theirs), status: "detaching", updatedAt: now })] }
    ]
  ])("%s", (_, change) => assert.deepStrictEqual(foundIn(facts({ ...vanished, ...change }, { attachments: [] })), []))

  it("is not said of a server that is only in no list", () =>
    assert.deepStrictEqual(
      foundIn(facts({ ...vanished, missingServers: new Set() }, { attachments: [] })).map(([kind]) => kind),
      ["unasked-attachment"]
    ))

  it("is not said of what is neither of the cluster nor given to it", () => {
    const foreign = { ...vanished, volumes: [volume({ ...attached(theirs), metadata: {} })] }
    assert.deepStrictEqual(foundIn(facts(foreign, { attachments: [], volumes: [] })), [])
  })
})

describe("an attachment that nothing of the cluster asks for", () => {
  it.each<readonly [string, Partial<CloudReading>, string]>([
    ["is found as both services show it", {}, "Cinder and Nova show it"],
    ["is found as Cinder alone shows it", { servers: nova([ours, []]) }, "Cinder shows it, Nova does not"],
    ["is found as Nova alone shows it", { volumes: [volume()] }, "Nova shows it, Cinder does not"],
    ["is found where Nova does not tell", { servers: nova([ours, unlisted]) }, "Cinder shows it, Nova does not tell"]
  ])("%s", (_, inCloud, seen) => {
    const found = facts(inCloud, { attachments: [] })
    assert.deepStrictEqual(foundIn(found), [["unasked-attachment", "volume-1"]])
    assert.strictEqual(
      detailIn(found),
      `attached to server server-1 (name of server-1) without a VolumeAttachment (${seen})`
    )
  })

  it("is the one on the wrong server alone", () => {
    const multi = volume({ ...attached(), multiattach: true })
    const both = { ...multi, attachments: [...multi.attachments, ...volume(attached(theirs)).attachments] }
    const found = facts({ volumes: [both], servers: nova([ours, [id]], [theirs, [id]]) })
    assert.deepStrictEqual(foundIn(found), [["unasked-attachment", "volume-1"]])
    assert.include(detailIn(found), "server-2")
  })

  it.each<readonly [string, AuditFacts]>([
    [
      "that was asked for before",
      facts(
        {},
        {},
        {
          kubernetes: {
            before: cluster({ volumes: [record()], attachments: [wanted({ attached: false })] }),
            after: cluster({ volumes: [record()] })
          }
        }
      )
    ],
    [
      "that was asked for meanwhile",
      facts(
        {},
        {},
        {
          kubernetes: {
            before: cluster({ volumes: [record()] }),
            after: cluster({ volumes: [record()], attachments: [wanted({ attached: false })] })
          }
        }
      )
    ],
    [
      "that may be for a node whose server is not known",
      facts({}, { attachments: [wanted({ nodeName: "node-9", attached: false })] })
    ],
    ["of a volume that changes", facts({ volumes: [volume({ ...attached(), updatedAt: now })] }, { attachments: [] })],
    [
      "of a volume that is no record's, which is an orphan",
      facts({ volumes: [volume({ ...attached(), createdAt: now })] }, { attachments: [], volumes: [] })
    ],
    ["of a volume that two PersistentVolumes name", facts({}, { volumes: [record(), record({ name: "pvc-2" })] })],
    [
      "that was asked for under a name that is another volume's now",
      facts(
        {},
        {},
        {
          kubernetes: {
            before: cluster({ volumes: [record()], attachments: [wanted({ attached: false })] }),
            after: cluster({ volumes: [record({ uid: "second", volumeId: VolumeId("volume-2"), createdAt: now })] })
          }
        }
      )
    ]
  ])("is none %s", (_, found) => assert.deepStrictEqual(foundIn(found), []))
})

describe("a VolumeAttachment that says attached", () => {
  it.each<readonly [string, Partial<CloudReading>, string]>([
    [
      "is found where nobody shows it",
      { volumes: [volume()], servers: nova([ours, []]) },
      "neither Cinder nor Nova shows it"
    ],
    ["is found where Nova alone shows it", { volumes: [volume()] }, "Nova shows it, Cinder does not"],
    ["is found where Cinder alone shows it", { servers: nova([ours, []]) }, "Cinder shows it, Nova does not"]
  ])("%s", (_, inCloud, seen) => {
    const found = facts(inCloud)
    assert.deepStrictEqual(foundIn(found), [["missing-attachment", "csi-1"]])
    assert.strictEqual(detailIn(found), `attached to node node-1, server server-1 (name of server-1); ${seen}`)
  })

  const nowhere = { volumes: [volume()], servers: nova([ours, []]) }
  const records = { volumes: [record()] }
  it.each<readonly [string, AuditFacts]>([
    ["and is young", facts(nowhere, { attachments: [wanted({ createdAt: now - hour + 1 })] })],
    ["and does not say so yet", facts(nowhere, { attachments: [wanted({ attached: false })] })],
    ["and goes", facts(nowhere, { attachments: [wanted({ deleting: true })] })],
    ["of a volume that changes", facts({ ...nowhere, volumes: [volume({ updatedAt: now })] })],
    [
      "since a moment ago",
      facts(
        nowhere,
        {},
        {
          kubernetes: {
            before: cluster({ ...records, attachments: [wanted({ attached: false })] }),
            after: cluster({ ...records, attachments: [wanted()] })
          }
        }
      )
    ],
    [
      "of the same name, and is another",
      facts(
        nowhere,
        {},
        {
          kubernetes: {
            before: cluster({ ...records, attachments: [wanted({ uid: "first" })] }),
            after: cluster({ ...records, attachments: [wanted({ uid: "second" })] })
          }
        }
      )
    ]
  ])("is no finding where it %s", (_, found) => assert.deepStrictEqual(foundIn(found), []))

  it.each(volumeStatuses.filter((status) => status !== "available" && status !== "in-use"))(
    "is not judged while the volume is %s",
    (status) => {
      const found = foundIn(facts({ volumes: [volume({ status })], servers: nova([ours, []]) }))
      assert.notInclude(
        found.map(([kind]) => kind),
        "missing-attachment"
      )
    }
  )

  it("is found on a node where the driver is not registered", () => {
    const found = facts({}, { attachments: [wanted({ nodeName: "node-9" })] })
    assert.deepStrictEqual(foundIn(found), [["unknown-node", "csi-1"]])
    assert.strictEqual(detailIn(found), "attached to node node-9, where this driver is not registered")
  })

  it("of a volume that a pod names itself is looked up by its id", () => {
    const own = wanted({ volumeName: undefined, volumeId: id })
    const found = facts({ volumes: [volume()], servers: nova([ours, []]) }, { attachments: [own], volumes: [] })
    assert.deepStrictEqual(foundIn(found), [["missing-attachment", "csi-1"]])
  })

  it("is told once where the server has vanished", () => {
    const gone = { servers: new Map(), missingServers: new Set([ours]) }
    assert.deepStrictEqual(foundIn(facts(gone)), [["vanished-server", "volume-1"]])
  })
})
