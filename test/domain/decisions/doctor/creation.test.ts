import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import type { ControllerOptions } from "../../../../src/domain/ControllerSettings.ts"
import { type CreationFacts, replayCreation } from "../../../../src/domain/decisions/doctor/creation.ts"
import { planVolume } from "../../../../src/domain/decisions/plan.ts"
import { type Volume, VolumeId } from "../../../../src/domain/Volume.ts"
import { GiB, provisionRequest } from "../../../support/controllerOnWorld.ts"
import { aVolume } from "../facts.ts"

const options: ControllerOptions = { cluster: "k8s", withTopology: true, ignoreVolumeZone: false }
const inZones = (...zones: ReadonlyArray<string>) => {
  const terms = zones.map((zone) => ({ "topology.cinder.csi.openstack.org/zone": zone }))
  return { preferred: terms, requisite: terms }
}

const planOf = (more: Parameters<typeof provisionRequest>[0] = {}) => planVolume(provisionRequest(more), options)

const named = (status: string, change: Partial<Omit<Volume, "status">> = {}): Volume =>
  aVolume({ id: VolumeId("v1"), status, ...change })

const factsOf = (change: Partial<CreationFacts> = {}): CreationFacts => ({
  plan: planOf(),
  cluster: "k8s",
  named: [],
  zones: [
    { name: "nova", available: true },
    { name: "east", available: true }
  ],
  types: [{ id: "t1", name: "fast", multiattach: false, isDefault: true }],
  quotas: [{ name: "gigabytes", limit: 10, used: 9 }],
  said: new Map([[VolumeId("v1"), "No valid backend was found"]]),
  ...change
})

const told = (change: Partial<CreationFacts> = {}): string => {
  const answer = replayCreation(factsOf(change))
  switch (answer._tag) {
    case "Done":
      return "Done"
    case "Acts":
      return `Acts: ${answer.deed}`
    case "Waits":
      return `Waits: ${answer.state}`
    case "Refuses":
      return `${answer.error._tag}: ${answer.error.message}`
  }
}

describe("the making of a volume, replayed", () => {
  it.each([
    ["nothing stands in the way", {}, "Acts: ask Cinder for 1 GiB"],
    ["it is there", { named: [named("available")] }, "Done"],
    ["it is being made", { named: [named("creating")] }, "Waits: creating"],
    [
      "a try before it failed",
      { named: [named("error")] },
      "Acts: delete volume v1 in zone nova, which is error (No valid backend was found), and ask for another"
    ],
    [
      "somebody else's volume of the name is broken",
      { named: [named("error", { metadata: {} })] },
      "Refused: volume pvc-1: volume v1 of that name is error: No valid backend was found; delete it or have its state reset"
    ],
    [
      "a volume of the name has another size",
      { named: [named("available", { sizeGiB: 5 })] },
      "AlreadyExists: volume pvc-1 exists already and v1 has 5 GiB, not 1 GiB"
    ],
    [
      "the quota of all types is nearly used up",
      { plan: planOf({ capacity: { requiredBytes: 2n * GiB, limitBytes: undefined } }) },
      "QuotaExceeded: quota of the OpenStack project exceeded: gigabytes: 9 of 10 used, 1 left, 2 asked for"
    ],
    [
      "the quota of the default type is used up",
      { quotas: [{ name: "volumes_fast", limit: 3, used: 3 }] },
      "QuotaExceeded: quota of the OpenStack project exceeded: volumes_fast: 3 of 3 used, 0 left, 1 asked for"
    ],
    ["nobody tells the quotas", { quotas: undefined }, "Acts: ask Cinder for 1 GiB"],
    [
      "its type is not there",
      { plan: planOf({ parameters: { type: "slow" } }) },
      'InvalidInput: parameters["type"] is refused by Cinder: Volume type with name slow could not be found. There are: fast'
    ],
    [
      "its type is named by id",
      { plan: planOf({ parameters: { type: "t1" } }) },
      "Acts: ask Cinder for 1 GiB of type t1"
    ],
    [
      "nobody tells the types",
      { plan: planOf({ parameters: { type: "slow" } }), types: undefined },
      "Acts: ask Cinder for 1 GiB of type slow"
    ],
    ["its zone is there", { plan: planOf({ topology: inZones("east") }) }, "Acts: ask Cinder for 1 GiB in zone east"],
    [
      "the first of its zones is not there",
      { plan: planOf({ topology: inZones("west", "east") }) },
      "Acts: ask Cinder for 1 GiB in zone east"
    ],
    [
      "none of its zones is there",
      { plan: planOf({ topology: inZones("west") }) },
      "InvalidInput: accessibility_requirements is refused by Cinder: Availability zone 'west' is invalid.; Cinder's zones are nova, east"
    ],
    [
      "nobody tells the zones",
      { plan: planOf({ topology: inZones("west") }), zones: undefined },
      "Acts: ask Cinder for 1 GiB in zone west"
    ]
  ] as const)("where %s", (_, change, expected) => assert.strictEqual(told(change), expected))

  it("is refused as it is planned", () => {
    const plan = planOf({ name: "" })
    assert.isTrue(Either.isLeft(plan))
    assert.match(told({ plan }), /^InvalidInput: name/)
  })
})
