import { Effect } from "effect"
import type { WorldFaults } from "../../../../src/adapters/memory/World.ts"
import type { Mode } from "./compare.ts"
import type { Lab, Who } from "./lab.ts"

/** What has to happen before a step: that which the recordings did without recording it. */
type Before = (lab: Lab) => Effect.Effect<unknown>

export interface Script {
  readonly before?: Readonly<Record<number, Before>>
  /** Who asks where it is not the project's member. */
  readonly who?: Readonly<Record<number, Who>>
  /** Steps of which members and types alone are compared, and why. */
  readonly shape?: Readonly<Record<number, string>>
  /** Requests that are answered only after work is done. */
  readonly waits?: ReadonlyArray<number>
  /** Steps that the model does not have, and why. */
  readonly unsupported?: Readonly<Record<number, string>>
  /** Steps whose body was no JSON, with what was sent. */
  readonly raw?: Readonly<Record<number, string>>
}

const settle: Before = (lab) => lab.settle

/** Before each of these steps the work asked for is over. */
const settled = (...steps: ReadonlyArray<number>): Readonly<Record<number, Before>> =>
  Object.fromEntries(steps.map((step) => [step, settle]))

const one = (lab: Lab, recorded: string): string => lab.ids.get(recorded) ?? recorded

const fails = (lab: Lab, work: Parameters<WorldFaults["failWork"]>[0]["work"]) =>
  lab.world().faults.failWork({ work, outcome: "fails" })

const chance = "rows created within one second are ordered by their random ids"

const backups: Script = {
  before: {
    ...settled(9, 17, 24, 27, 44, 47),
    0: (lab) =>
      Effect.gen(function* () {
        yield* lab.volume(lab.recordedId(0), { name: "rec-backup", metadata: { m: "1" } })
        yield* lab.volume(lab.recordedId(19), { name: "rec-backup-small" })
      }),
    20: (lab) => lab.attach(one(lab, lab.recordedId(0))),
    26: (lab) => lab.snapshot(lab.recordedId(26, "snapshot_id"), one(lab, lab.recordedId(0))),
    37: (lab) =>
      Effect.gen(function* () {
        yield* lab.detach(one(lab, lab.recordedId(0)))
        const big = yield* lab.volume("big", { name: "rec-big", size: 2 })
        yield* lab.backup(lab.recordedId(37), big)
      })
  },
  waits: [40],
  unsupported: { 44: "backups of the model do not keep the metadata of their volume" }
}

const overQuotaWith =
  (quotas: NonNullable<Parameters<Lab["rebuild"]>[0]["quotas"]>): Before =>
  (lab) =>
    Effect.gen(function* () {
      yield* lab.rebuild({ quotas })
      yield* lab.volume("another")
      const volume = yield* lab.volume(lab.recordedId(3), { name: "rec-quota" })
      yield* lab.snapshot(lab.recordedId(4), volume)
    })

const overQuota: Script = {
  before: {
    0: overQuotaWith({}),
    2: overQuotaWith({ volumes: 2 }),
    5: overQuotaWith({ gigabytes: 4 }),
    7: overQuotaWith({ gigabytes: 3 }),
    8: overQuotaWith({ perVolumeGigabytes: 3 }),
    10: overQuotaWith({ snapshots: 1 }),
    11: overQuotaWith({ backups: 0 }),
    12: overQuotaWith({ backupGigabytes: 0 }),
    13: overQuotaWith({ types: { bulk: { volumes: 0 } } })
  }
}

const novaAttach: Script = {
  before: {
    ...settled(7, 30, 41, 44, 49),
    0: (lab) =>
      Effect.zip(
        lab.volume(lab.recordedId(0, "volumeId"), { name: "rec-att-1" }),
        lab.volume(lab.recordedId(29, "volumeId"), { name: "rec-att-2" })
      ),
    32: (lab) => lab.volume(lab.recordedId(32, "volumeId"), { name: "rec-att-3" }),
    42: (lab) => lab.detach(one(lab, lab.recordedId(32, "volumeId"))),
    43: (lab) =>
      Effect.gen(function* () {
        yield* lab.settle
        yield* lab.detach(one(lab, lab.recordedId(32, "volumeId")))
        yield* fails(lab, "attach")
      }),
    48: (lab) => fails(lab, "attach")
  },
  who: { 39: "other" }
}

const novaDetach: Script = {
  before: {
    ...settled(12, 17),
    0: (lab) => lab.volume(lab.recordedId(0, "os-volume_attachments"), { name: "rec-det" }),
    1: (lab) => lab.attach(one(lab, lab.recordedId(0, "os-volume_attachments"))),
    16: (lab) =>
      Effect.zipRight(lab.attach(one(lab, lab.recordedId(0, "os-volume_attachments"))), fails(lab, "detach")),
    19: (lab) =>
      Effect.gen(function* () {
        const volume = one(lab, lab.recordedId(0, "os-volume_attachments"))
        yield* lab.detach(volume)
        yield* lab.remove("volumes", volume)
      })
  },
  who: { 2: "other" }
}

const act = (lab: Lab, who: Who, name: string) =>
  lab.ask(who, "nova", "POST", `/servers/${one(lab, lab.recordedId(1))}/action`, { [name]: null })

const serverStates: Script = {
  before: {
    ...settled(4, 14),
    0: (lab) => lab.volume(lab.recordedId(2, "volumeId"), { name: "rec-state" }),
    3: (lab) => Effect.zipRight(lab.settle, act(lab, "me", "os-stop")),
    5: (lab) => Effect.zipRight(lab.settle, act(lab, "me", "os-start")),
    7: (lab) => Effect.zipRight(act(lab, "me", "unlock"), act(lab, "admin", "lock")),
    8: (lab) =>
      Effect.gen(function* () {
        yield* act(lab, "admin", "unlock")
        for (let disk = 0; disk < 25; disk += 1) {
          const volume = yield* lab.volume(`disk ${disk}`, { name: "rec-many" })
          yield* lab.attach(volume, one(lab, lab.recordedId(1)))
        }
        yield* lab.volume(lab.recordedId(8, "volumeId"), { name: "rec-many" })
      })
  }
}

const retype: Script = {
  before: {
    ...settled(4, 9, 12, 15, 17),
    0: (lab) => lab.volume(lab.recordedId(0), { name: "rec-retype" }),
    11: (lab) => lab.snapshot("snapshot", one(lab, lab.recordedId(0))),
    13: (lab) =>
      Effect.zipRight(lab.remove("snapshots", one(lab, "snapshot")), lab.attach(one(lab, lab.recordedId(0)))),
    16: (lab) => lab.detach(one(lab, lab.recordedId(0)))
  },
  who: { 10: "admin" },
  unsupported: { 10: "a migration leaves no trace in the model (migration_status, name_id)" }
}

const snapshots: Script = {
  before: {
    ...settled(1, 6, 7, 8, 9, 10, 12, 14, 15, 16, 17, 18, 23, 44, 46, 51, 53, 60),
    0: (lab) => lab.volume(lab.recordedId(0), { name: "rec-snap", size: 2 }),
    11: (lab) => Effect.zipRight(lab.settle, lab.attach(one(lab, lab.recordedId(0)))),
    21: (lab) => lab.detach(one(lab, lab.recordedId(0))),
    22: (lab) => fails(lab, "snapshot")
  },
  shape: Object.fromEntries([32, 35, 37, 39, 40].map((step) => [step, chance])),
  unsupported: { 56: "the model does not revert volumes to snapshots" }
}

const createShowDelete: Script = {
  before: {
    ...settled(14, 38),
    5: (lab) => lab.elapse("500 millis")
  },
  who: { 24: "admin", 25: "other", 26: "other" }
}

const deleteRefused: Script = {
  before: {
    ...settled(4, 6, 8, 15),
    0: (lab) => Effect.flatMap(lab.volume(lab.recordedId(0), { name: "rec-del" }), (volume) => lab.attach(volume)),
    2: (lab) =>
      Effect.gen(function* () {
        const volume = one(lab, lab.recordedId(0))
        yield* lab.detach(volume)
        yield* lab.snapshot(lab.recordedId(3), volume)
      }),
    3: (lab) => lab.volume(lab.recordedId(4), { name: "rec-del-2", snapshot_id: one(lab, lab.recordedId(3)) }),
    5: (lab) => lab.volume(lab.recordedId(6), { name: "rec-del-3", source_volid: one(lab, lab.recordedId(0)) }),
    7: (lab) => lab.snapshot(lab.recordedId(8), one(lab, lab.recordedId(4))),
    14: (lab) => Effect.zipRight(lab.volume(lab.recordedId(14), { name: "rec-del-4" }), fails(lab, "delete"))
  },
  who: { 10: "admin", 17: "admin" }
}

const extend: Script = {
  before: {
    ...settled(4, 9, 15, 18, 21, 26),
    0: (lab) => lab.volume(lab.recordedId(0), { name: "rec-ext" }),
    10: (lab) => lab.attach(one(lab, lab.recordedId(0))),
    20: (lab) => fails(lab, "extend"),
    25: (lab) =>
      Effect.gen(function* () {
        const volume = one(lab, lab.recordedId(0))
        yield* Effect.orDie(lab.world().control.resetVolumeStatus(volume, "in-use"))
        yield* lab.detach(volume)
        yield* fails(lab, "extend")
      })
  },
  unsupported: { 19: "a guest that is not told of an extension leaves no failed action in the model" }
}

const list: Script = {
  before: {
    0: (lab) =>
      Effect.gen(function* () {
        /** The time in the queries: volumes were made before and after it. */
        const moment = Date.parse(`${/gte:([-0-9T:]+)/.exec(lab.recordedText(40))?.[1]}Z`)
        const make = (recorded: string, number: number, type: string) =>
          lab.volume(recorded, {
            name: `rec-list-${number}`,
            metadata: { csi: "yes", n: `${number}` },
            volume_type: type
          })
        yield* lab.setTime(moment - 60_000)
        yield* lab.volume("without a name")
        yield* make(lab.recordedId(75, "marker"), 2, "bulk")
        const zeroth = yield* make(lab.recordedId(21, "id="), 0, "fast")
        const first = yield* make("first", 1, "fast")
        yield* lab.setTime(moment + 2000)
        yield* lab.volume("later", { name: "rec-list-later" })
        yield* lab.ask("me", "cinder", "POST", `/volumes/${zeroth}/metadata`, { metadata: { touched: "1" } })
        yield* lab.ask("me", "cinder", "PUT", `/volumes/${first}`, { volume: { description: "touched" } })
      })
  },
  who: { 87: "other", 88: "admin" }
}

const noBackend: Script = {
  before: {
    ...settled(1, 4, 7),
    6: (lab) => fails(lab, "create")
  },
  unsupported: { 8: "the model does not try other backends, which leaves a message each" }
}

const updatedAt: Script = {
  before: Object.fromEntries(
    (
      [
        (lab) => lab.volume(lab.recordedId(0), { name: "rec-upd" }),
        (lab) => lab.ask("me", "cinder", "POST", path(lab, "/metadata"), { metadata: { a: "1" } }),
        (lab) => lab.ask("me", "cinder", "PUT", path(lab, "/metadata"), { metadata: { a: "2" } }),
        (lab) => lab.ask("me", "cinder", "DELETE", path(lab, "/metadata/a")),
        (lab) => lab.ask("me", "cinder", "PUT", path(lab), { volume: { description: "d" } }),
        (lab) => lab.ask("me", "cinder", "PUT", path(lab), { volume: { description: "d" } }),
        (lab) => lab.ask("me", "cinder", "PUT", path(lab), { volume: { metadata: { b: "1" } } }),
        (lab) => lab.snapshot("snapshot", one(lab, lab.recordedId(0))),
        (lab) => lab.remove("snapshots", one(lab, "snapshot")),
        (lab) => lab.attach(one(lab, lab.recordedId(0))),
        (lab) => lab.detach(one(lab, lab.recordedId(0))),
        (lab) => lab.ask("me", "cinder", "POST", path(lab, "/action"), { "os-extend": { new_size: 2 } }),
        (lab) =>
          lab.ask("me", "cinder", "POST", path(lab, "/action"), {
            "os-retype": { new_type: "bulk", migration_policy: "on-demand" }
          }),
        (lab) => lab.volume("clone", { size: 2, source_volid: one(lab, lab.recordedId(0)) }),
        (lab) => lab.backup("backup", one(lab, lab.recordedId(0))),
        (lab) =>
          lab.ask("admin", "cinder", "POST", path(lab, "/action"), { "os-reset_status": { status: "available" } })
      ] satisfies ReadonlyArray<Before>
    ).map((before, step): [number, Before] => [
      step,
      (lab) => Effect.zipRight(Effect.zipRight(lab.elapse("3 seconds"), before(lab)), lab.settle)
    ])
  )
}

const path = (lab: Lab, rest = "") => `/volumes/${one(lab, lab.recordedId(0))}${rest}`

const zones: Script = {
  before: {
    0: (lab) => lab.volume(lab.recordedId(0), { name: "rec-zone", availability_zone: "nova2" }),
    2: (lab) =>
      Effect.zipRight(
        lab.rebuild({ crossZoneAttach: false }),
        lab.volume(lab.recordedId(0), { name: "rec-zone", availability_zone: "nova2" })
      )
  }
}

const multiattach: Script = {
  before: {
    ...settled(3, 5, 7, 9, 11),
    0: (lab) => lab.volume(lab.recordedId(0), { name: "rec-multi", volume_type: "multi" })
  }
}

const installation = "host names, sizes and versions are the installation's own"

export const scripts: Readonly<Record<string, Script>> = {
  backups,
  "bad-tokens-at-services": {
    who: { 1: "bad", 2: "bad", 4: "bad", 5: "bad", 8: "other", 10: "unscoped", 11: "unscoped" },
    before: { 7: (lab) => lab.revoke(lab.token("me")), 9: (lab) => lab.renew }
  },
  "keystone-tokens": { raw: { 21: "{" }, who: { 32: "bad" } },
  metadata: { shape: { 14: installation, 17: installation } },
  multiattach,
  "nova-attach": novaAttach,
  "nova-detach": novaDetach,
  "nova-server-states": serverStates,
  "nova-servers": { who: { 15: "other", 16: "admin" } },
  "over-quota": overQuota,
  retype,
  snapshots,
  "types-pools-rights": {
    who: { 1: "admin", 7: "admin", 9: "admin" },
    shape: { 7: installation, 9: installation, 18: installation },
    unsupported: { 12: "the list of extensions is not offered" }
  },
  "unknown-and-malformed-ids": {},
  versions: {},
  "volume-create-bad-input": {
    before: settled(5, 9, 12, 14, 16, 22, 25, 27, 37, 42),
    raw: { 46: "{", 47: '{"volume":{"size":1}}' }
  },
  "volume-create-show-delete": createShowDelete,
  "volume-delete-refused": deleteRefused,
  "volume-extend": extend,
  "volume-list": list,
  "volume-no-valid-backend": noBackend,
  "volume-updated-at": updatedAt,
  zones
}

export const modeOf = (script: Script, step: number): Mode => (script.shape?.[step] === undefined ? "exact" : "shape")
