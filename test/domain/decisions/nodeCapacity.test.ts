import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { type CapacityFacts, decideNodeCapacity } from "../../../src/domain/decisions/nodeCapacity.ts"
import type { DiskBus, PciSlot, PluggedDisk, PlugPlaces } from "../../../src/domain/PlugPlaces.ts"
import type { Mount } from "../../../src/ports/HostMounter.ts"
import { mountOf, rawMount } from "./hostFixtures.ts"

const blk: DiskBus = { _tag: "VirtioBlk" }
const scsi: DiskBus = { _tag: "VirtioScsi", controller: "host2" }
const sata: DiskBus = { _tag: "Other", name: "ahci" }

const volume: PluggedDisk = { name: "vdb", number: "252:16", bus: blk, isVolume: true, isMounted: false }
const local: PluggedDisk = { name: "vda", number: "252:0", bus: blk, isVolume: false, isMounted: true }
const volumesOn = (bus: DiskBus, count: number): ReadonlyArray<PluggedDisk> =>
  Array.from({ length: count }, (_, index) => ({ ...volume, bus, name: `disk${index}`, number: `8:${index * 16}` }))

const slots = (taken: number, free: number, isPort = true): ReadonlyArray<PciSlot> =>
  Array.from({ length: taken + free }, (_, index) => ({ address: `slot ${index}`, isPort, isFree: index >= taken }))

const base: PlugPlaces = { disks: [local], slots: [], scsiDevices: new Map() }
const staging = "/var/lib/kubelet/plugins/kubernetes.io/csi/cinder.csi.openstack.org/0f/globalmount"
const pod = "/var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/pvc-1/mount"
const rawStaging = "/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices/pvc-1/dev/1"

interface Row {
  readonly situation: string
  readonly places: Partial<PlugPlaces>
  readonly mounts?: ReadonlyArray<Mount>
  readonly configured?: number
  readonly limit: number
  readonly says: string
}

const table: ReadonlyArray<Row> = [
  {
    situation: "free ports and no volume yet",
    places: { slots: slots(3, 5) },
    limit: 5,
    says: "0 attached, 5 free of 8 PCI Express ports for hot-plug (virtio-blk)"
  },
  {
    situation: "volumes and free ports",
    places: { disks: [local, ...volumesOn(blk, 2)], slots: slots(5, 3) },
    limit: 5,
    says: "2 attached, 3 free of 8 PCI Express ports for hot-plug (virtio-blk)"
  },
  {
    situation: "volumes and no port left",
    places: { disks: [local, ...volumesOn(blk, 5)], slots: slots(8, 0) },
    limit: 5,
    says: "5 attached, 0 free"
  },
  {
    situation: "no volume and no port left",
    places: { slots: slots(8, 0) },
    limit: 1,
    says: "1 is the least that can be said"
  },
  {
    situation: "ports, and slots of conventional PCI beside them",
    places: { slots: [...slots(3, 5), ...slots(0, 31, false)] },
    limit: 5,
    says: "5 free of 8 PCI Express ports"
  },
  {
    situation: "conventional PCI alone",
    places: { slots: slots(4, 26, false) },
    limit: 26,
    says: "26 free of 30 PCI slots"
  },
  {
    situation: "virtio-blk, and no slot that takes more",
    places: { disks: [local, volume] },
    limit: 256,
    says: "as configured: disks are on virtio-blk, and the kernel shows no slot for more"
  },
  {
    situation: "virtio-scsi, with an optical drive and a local disk on it",
    places: { disks: volumesOn(scsi, 3), scsiDevices: new Map([["host2", 5]]), slots: slots(0, 2) },
    limit: 254,
    says: "3 attached, 251 free of 256 units of virtio-scsi host2"
  },
  {
    situation: "a full controller",
    places: { disks: volumesOn(scsi, 250), scsiDevices: new Map([["host2", 300]]) },
    limit: 250,
    says: "250 attached, 0 free"
  },
  {
    situation: "volumes on another bus than the root disk",
    places: { disks: [{ ...local, bus: sata }, volume], slots: slots(2, 4) },
    limit: 5,
    says: "(virtio-blk)"
  },
  {
    situation: "another bus",
    places: { disks: [{ ...local, bus: sata }], slots: slots(2, 4) },
    limit: 256,
    says: "as configured: disks are on ahci, whose free places cannot be counted"
  },
  {
    situation: "volumes on two buses",
    places: { disks: [volume, ...volumesOn(scsi, 1)], slots: slots(2, 4) },
    limit: 256,
    says: "as configured: disks are on virtio-blk and virtio-scsi host2"
  },
  { situation: "no disk", places: { disks: [] }, limit: 256, says: "no disk shows the bus" },
  {
    situation: "no disk and no limit set",
    places: { disks: [] },
    configured: 0,
    limit: 0,
    says: "as configured"
  },
  {
    situation: "no limit set",
    places: { disks: [local, volume], slots: slots(2, 4) },
    configured: 0,
    limit: 5,
    says: "1 attached, 4 free"
  },
  {
    situation: "fewer configured",
    places: { disks: [local, volume], slots: slots(2, 4) },
    configured: 3,
    limit: 3,
    says: "3 configured as the most"
  },
  {
    situation: "a volume on which the machine has a file system mounted, such as the root disk",
    places: { disks: [{ ...volume, isMounted: true }], slots: slots(2, 4) },
    limit: 4,
    says: "0 attached, 4 free of 6 PCI Express ports for hot-plug (virtio-blk); vdb used by the machine itself"
  },
  {
    situation: "a volume that shows in the mount table alone",
    places: { disks: [volume], slots: slots(2, 4) },
    mounts: [mountOf("/var/lib/containers")],
    limit: 4,
    says: "vdb used by the machine itself"
  },
  {
    situation: "a staged volume",
    places: { disks: [{ ...volume, isMounted: true }], slots: slots(2, 4) },
    mounts: [mountOf(staging)],
    limit: 5,
    says: "1 attached"
  },
  {
    situation: "a volume that a pod has, with a part of it mounted once more",
    places: { disks: [volume], slots: slots(2, 4) },
    mounts: [mountOf(pod), mountOf("/var/lib/kubelet/pods/1/volume-subpaths/pvc-1/app/0")],
    limit: 5,
    says: "1 attached"
  },
  {
    situation: "a raw volume on which its pod has a file system mounted",
    places: { disks: [{ ...volume, isMounted: true }], slots: slots(2, 4) },
    mounts: [rawMount(rawStaging)],
    limit: 5,
    says: "1 attached"
  }
]

const decide = ({ configured = 256, mounts = [], places }: Pick<Row, "configured" | "mounts" | "places">) =>
  decideNodeCapacity({ places: { ...base, ...places }, mounts, configured })

describe("decideNodeCapacity", () => {
  for (const row of table) {
    it(`${row.situation}: ${row.limit}`, () => {
      const { evidence, limit } = decide(row)
      assert.strictEqual(limit, row.limit)
      assert.include(evidence, row.says)
    })
  }

  interface Machine {
    readonly attached: number
    readonly others: number
    readonly free: number
    readonly isPort: boolean
    readonly configured: number
  }
  const machine: fc.Arbitrary<Machine> = fc.record({
    attached: fc.nat(30),
    others: fc.nat(10),
    free: fc.nat(30),
    isPort: fc.boolean(),
    configured: fc.nat(256)
  })
  const factsOf = ({ attached, configured, free, isPort, others }: Machine): CapacityFacts => ({
    places: { ...base, disks: [local, ...volumesOn(blk, attached)], slots: slots(attached + others + 1, free, isPort) },
    mounts: [],
    configured
  })
  const limitOf = (facts: CapacityFacts) => decideNodeCapacity(facts).limit

  it("says the same when a volume takes a free place", () =>
    fc.assert(
      fc.property(machine, (one) => {
        fc.pre(one.free > 0)
        const after = { ...one, attached: one.attached + 1, free: one.free - 1 }
        assert.strictEqual(limitOf(factsOf(after)), limitOf(factsOf(one)))
      })
    ))

  it("says one less when something else takes a free place", () =>
    fc.assert(
      fc.property(machine, (one) => {
        fc.pre(one.free > 0)
        const unbounded = { ...one, configured: 0 }
        const after = { ...unbounded, others: one.others + 1, free: one.free - 1 }
        assert.strictEqual(limitOf(factsOf(after)), Math.max(1, limitOf(factsOf(unbounded)) - 1))
      })
    ))

  it("says never fewer than are attached, and never more than is configured", () =>
    fc.assert(
      fc.property(machine, (one) => {
        const limit = limitOf(factsOf(one))
        assert.isAtLeast(limit, 1)
        if (one.configured > 0) assert.isAtMost(limit, one.configured)
        assert.isAtLeast(limit, one.configured > 0 ? Math.min(one.attached, one.configured) : one.attached)
      })
    ))
})
