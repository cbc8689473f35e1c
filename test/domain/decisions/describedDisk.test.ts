import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import type { DescribedDisk } from "../../../src/domain/DescribedDisk.ts"
import { addressOf, mayHold } from "../../../src/domain/decisions/describedDisk.ts"
import { device, GiB, volumeId } from "./hostFixtures.ts"

const ours: DescribedDisk = { bus: "scsi", address: "0:0:0:2", serial: volumeId }
const other: DescribedDisk = { bus: "scsi", address: "0:0:0:1", serial: "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed" }
const there = { bus: "scsi", address: "0:0:0:2" }

const table: ReadonlyArray<readonly [string, ReadonlyArray<DescribedDisk>, unknown]> = [
  ["no disks", [], undefined],
  ["another volume alone", [other], undefined],
  ["the volume", [other, ours], there],
  ["the volume in capitals", [{ ...ours, serial: volumeId.toUpperCase() }], there],
  ["the volume twice at one place", [ours, ours], there],
  ["the volume at two places", [ours, { ...ours, address: "0:0:0:3" }], "HostFailure"],
  ["the volume on two buses", [ours, { ...ours, bus: "ide" }], "HostFailure"],
  ["another volume at the same place", [ours, { ...other, address: ours.address }], "HostFailure"],
  ["a disk without a volume at the same place", [{ ...ours, serial: "QM00001" }, ours], "HostFailure"],
  ["another volume at the same address of another bus", [ours, { ...other, bus: "ide", address: ours.address }], there],
  ["an address that is a path", [{ ...ours, address: "../../sda" }], undefined],
  ["a bus without a name", [{ ...ours, bus: "" }], undefined],
  ["the first characters of the id", [{ ...ours, serial: volumeId.slice(0, 20) }], undefined]
]

describe("addressOf", () => {
  it.each(table)("with %s", (_, disks, expected) => {
    const outcome = Either.match(addressOf(volumeId, disks), { onLeft: ({ _tag }) => _tag, onRight: (found) => found })
    assert.deepStrictEqual(outcome, expected)
  })
})

describe("mayHold", () => {
  it.each([
    [undefined, true],
    [GiB, true],
    [GiB + 33_554_432n, true],
    [GiB + 33_554_433n, false]
  ] as const)("of a volume with at least %s bytes: %s", (leastBytes, expected) => {
    assert.strictEqual(mayHold({ ...device, sizeBytes: GiB }, leastBytes), expected)
  })

  it.each([undefined, 1n])("is not said of a disk without a size, with at least %s bytes", (leastBytes) => {
    assert.isFalse(mayHold({ ...device, sizeBytes: 0n }, leastBytes))
  })
})
