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

/** Nova's record of the compute service that the server runs on; only an administrator sees it. */
const serviceOf = (id: string) =>
  Effect.gen(function* () {
    const seen = yield* askNova({ method: "GET", path: `/servers/${id}`, by: "admin" })
    const host = fieldOf(seen, "server", "OS-EXT-SRV-ATTR:host")
    const path = `/os-services?binary=nova-compute&host=${host}`
    return String(fieldOf(yield* askNova({ method: "GET", path, by: "admin" }), "services", "0", "id"))
  })

const force = (service: string, down: boolean) =>
  Effect.asVoid(askNova({ method: "PUT", path: `/os-services/${service}`, body: { forced_down: down }, by: "admin" }))

/** A server of the project, beside those that play nodes. */
export interface LabServer {
  readonly id: string
  /** Carries out an action of https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action */
  readonly act: (action: string, argument?: unknown) => Effect.Effect<void, unknown>
  readonly reaches: (status: string) => Effect.Effect<void, unknown>
  /** Ends when Nova does not have it any more. */
  readonly remove: Effect.Effect<void, unknown>
  /** Has Nova hold its compute host to be dead while the effect runs. */
  readonly whileHostIsDown: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, unknown, R>
}

/** Boots a server without waiting for it; it is deleted with the Scope. */
export const bootServer = (name: string) =>
  Effect.gen(function* () {
    const { image_id, flavor_id } = labAccount()
    const server = { name, imageRef: image_id, flavorRef: flavor_id, networks: "none", availability_zone: "nova" }
    const id = String(fieldOf(yield* askNova({ method: "POST", path: "/servers", body: { server } }), "server", "id"))
    const remove = askNova({ method: "DELETE", path: `/servers/${id}` }).pipe(
      Effect.zipRight(Effect.retry(Effect.flip(show(id)), every)),
      Effect.asVoid
    )
    yield* Effect.addFinalizer(() => Effect.ignore(remove))
    return {
      id,
      act: (action, argument = null) =>
        Effect.asVoid(askNova({ method: "POST", path: `/servers/${id}/action`, body: { [action]: argument } })),
      reaches: (status) => Effect.asVoid(reaches(id, status)),
      remove,
      whileHostIsDown: (effect) =>
        Effect.acquireUseRelease(
          Effect.tap(serviceOf(id), (service) => force(service, true)),
          () => effect,
          (service) => Effect.orDie(force(service, false))
        )
    } satisfies LabServer
  })

export const runningServer = (name: string) => Effect.tap(bootServer(name), ({ reaches: until }) => until("ACTIVE"))
