import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type Disk, promises, proofOf, describe as say } from "../../../src/adapters/host/identity.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"

const id = "1c2f4b7e-9d3a-4e51-8a6b-0f1e2d3c4b5a"
const volume = VolumeId(id)

const disk = (from: string, text: string): Disk => ({
  name: "vdb",
  number: "253:16",
  instance: "1",
  isSilent: false,
  serials: [{ from, text }],
  backingFile: undefined
})

const looped = (backingFile: string): Disk => ({ ...disk("serial", ""), serials: [], backingFile })

describe("the identity of a disk", () => {
  it.each([
    ["serial", "1c2f4b7e-9d3a-4e51-8"],
    ["unit serial", id],
    ["unit serial", "1c2f4b7e-9d3a-4e51-8"],
    ["serial", "1C2F4B7E-9D3A-4E51-8"],
    ["wwid", `t10.QEMU    QEMU HARDDISK   ${id}`],
    ["wwid", "naa.1c2f4b7e9d3a4e518a6b0f1e2d3c4b5a"],
    ["wwid", `uuid.${id}`],
    ["serial", "1c2f4b7e-9d3a-4e51-8\0\0"]
  ])("is proved by a %s of %j", (from, text) => {
    assert.isDefined(proofOf(volume, disk(from, text), "serial"))
  })

  it.each([
    "",
    "1c2f4b7e",
    "1c2f4b7e-9d3a-4e51",
    "1c2f4b7e-9d3a-4e51-9",
    `${id}0`,
    `x${id}`,
    `1c2f4b7e-9d3a-4e51-8 other`
  ])("is not proved by a serial of %j", (text) => {
    assert.isUndefined(proofOf(volume, disk("serial", text), "serial"))
  })

  it("is proved by the name of a loop device's file only where that counts", () => {
    const loop = looped(`/var/lib/volumes/volume-${id}`)
    assert.strictEqual(proofOf(volume, loop, "loop-backing-file"), `backing file /var/lib/volumes/volume-${id}`)
    assert.isUndefined(proofOf(volume, loop, "serial"))
  })

  it.each([`/v/volume-${id}.bak`, `/v/${id}`, `/volume-${id}/x`, `/v/volume-${id} (deleted)`])(
    "is not proved by a file named %s",
    (file) => {
      assert.isUndefined(proofOf(volume, looped(file), "loop-backing-file"))
    }
  )

  it("is never proved for an id that is no UUID, even by a disk whose serial is that very text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const odd = VolumeId(text)
        assert.isUndefined(proofOf(odd, disk("serial", text), "serial"))
        assert.isUndefined(proofOf(odd, looped(`/v/volume-${text}`), "loop-backing-file"))
        assert.isFalse(promises(odd, `virtio-${text}`))
      })
    )
  })

  it("is proved by no serial but the volume's own", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (one, other) => {
        fc.pre(one.slice(0, 20) !== other.slice(0, 20))
        assert.isUndefined(proofOf(VolumeId(one), disk("serial", other), "serial"))
        assert.isDefined(proofOf(VolumeId(one), disk("serial", one.slice(0, 20)), "serial"))
      })
    )
  })
})

describe("a link in disk/by-id", () => {
  it.each([
    "virtio-1c2f4b7e-9d3a-4e51-8",
    `virtio-${id}`,
    `scsi-0QEMU_QEMU_HARDDISK_${id}`,
    "scsi-0QEMU_QEMU_HARDDISK_1c2f4b7e-9d3a-4e51-8",
    `scsi-SQEMU_QEMU_HARDDISK_${id}`,
    "wwn-0x1c2f4b7e9d3a4e518a6b0f1e2d3c4b5a",
    "scsi-31c2f4b7e9d3a4e518a6b0f1e2d3c4b5a",
    "ata-QEMU_HARDDISK_1c2f4b7e-9d3a-4e51-8",
    "nvme-Cinder_1c2f4b7e-9d3a-4e51-8"
  ])("named %s promises the volume", (name) => {
    assert.isTrue(promises(volume, name))
  })

  it.each([`virtio-${id}-part1`, "virtio-1c2f4b7e-9d3a-4e51-8-part2", "virtio-1c2f4b7e", id, `virtio${id}`])(
    "named %s promises nothing",
    (name) => {
      assert.isFalse(promises(volume, name))
    }
  )
})

describe("a disk in an error message", () => {
  it("shows what it says of itself", () => {
    assert.strictEqual(say(disk("serial", "abc ")), 'vdb (serial "abc")')
    assert.strictEqual(say({ ...disk("serial", ""), serials: [] }), "vdb (no serial)")
  })
})
