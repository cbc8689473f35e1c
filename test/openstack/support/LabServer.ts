import { Effect, Schedule } from "effect"
import { askNova, fieldOf, labAccount } from "./labCloud.ts"

const every = Schedule.intersect(Schedule.spaced("500 millis"), Schedule.recurs(120))

const show = (id: string) =>
  Effect.map(askNova({ method: "GET", path: `/servers/${id}` }), (body) => fieldOf(body, "server"))

/** Waits until Nova shows that status and no task. */
const reaches = (id: string, status: string) =>
  show(id).pipe(
    Effect.filterOrFail(
      (server) => fieldOf(server, "status") === status && fieldOf(server, "OS-EXT-STS:task_state") === null,
      (server) => new Error(`the server is ${fieldOf(server, "status")}, not ${status}`)
    ),
    Effect.retry(every)
  )

/** Only an administrator sees it. */
const hostOf = (id: string) =>
  Effect.map(askNova({ method: "GET", path: `/servers/${id}`, by: "admin" }), (seen) =>
    String(fieldOf(seen, "server", "OS-EXT-SRV-ATTR:host"))
  )

/** Nova's record of the compute service that the server runs on. */
const serviceOf = (id: string) =>
  Effect.gen(function* () {
    const path = `/os-services?binary=nova-compute&host=${yield* hostOf(id)}`
    return String(fieldOf(yield* askNova({ method: "GET", path, by: "admin" }), "services", "0", "id"))
  })

const changeService = (service: string, body: Readonly<Record<string, unknown>>) =>
  Effect.asVoid(askNova({ method: "PUT", path: `/os-services/${service}`, body, by: "admin" }))

/** A server of the project, beside those that play nodes. */
export interface LabServer {
  readonly id: string
  /** Carries out an action of https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action */
  readonly act: (action: string, argument?: unknown) => Effect.Effect<void, unknown>
  /** The same, as the cloud's administrator. */
  readonly administer: (action: string, argument?: unknown) => Effect.Effect<void, unknown>
  readonly reaches: (status: string) => Effect.Effect<void, unknown>
  /** Name of the compute host it is on. */
  readonly host: Effect.Effect<string, unknown>
  /** Ends when Nova does not have it any more. */
  readonly remove: Effect.Effect<void, unknown>
  /** Has Nova hold its compute host to be dead while the effect runs. */
  readonly whileHostIsDown: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, unknown, R>
  /** Has Nova place nothing more on its compute host meanwhile. */
  readonly whileHostIsDisabled: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, unknown, R>
}

/** Boots a server without waiting for it; it is deleted with the Scope. In `any` zone it may move between hosts. */
export const bootServer = (name: string, zone: "nova" | "any" = "nova") =>
  Effect.gen(function* () {
    const { image_id, flavor_id } = labAccount()
    const placed = zone === "any" ? {} : { availability_zone: zone }
    const server = { name, imageRef: image_id, flavorRef: flavor_id, networks: "none", ...placed }
    const id = String(fieldOf(yield* askNova({ method: "POST", path: "/servers", body: { server } }), "server", "id"))
    const remove = askNova({ method: "DELETE", path: `/servers/${id}` }).pipe(
      Effect.zipRight(Effect.retry(Effect.flip(show(id)), every)),
      Effect.asVoid
    )
    yield* Effect.addFinalizer(() => Effect.ignore(remove))

    const actAs =
      (by: "csi" | "admin") =>
      (action: string, argument: unknown = null) =>
        Effect.asVoid(askNova({ method: "POST", path: `/servers/${id}/action`, body: { [action]: argument }, by }))
    /** Nova's record of its host is `changed` for the time of the effect. */
    const whileServiceIs =
      (changed: Readonly<Record<string, unknown>>, before: Readonly<Record<string, unknown>>) =>
      <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.acquireUseRelease(
          Effect.tap(serviceOf(id), (service) => changeService(service, changed)),
          () => effect,
          (service) => Effect.orDie(Effect.retry(changeService(service, before), every))
        )

    return {
      id,
      act: actAs("csi"),
      administer: actAs("admin"),
      reaches: (status) => Effect.asVoid(reaches(id, status)),
      host: hostOf(id),
      remove,
      whileHostIsDown: whileServiceIs({ forced_down: true }, { forced_down: false }),
      whileHostIsDisabled: whileServiceIs({ status: "disabled" }, { status: "enabled" })
    } satisfies LabServer
  })

export const runningServer = (name: string, zone?: "nova" | "any") =>
  Effect.tap(bootServer(name, zone), ({ reaches: until }) => until("ACTIVE"))
