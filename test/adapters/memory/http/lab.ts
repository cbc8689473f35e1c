import { Effect, Fiber, Scope, TestClock } from "effect"
import type { DurationInput } from "effect/Duration"
import { layerNoDisks } from "../../../../src/adapters/memory/DiskBackend.ts"
import { makeOpenStackHttp, type OpenStackHttp } from "../../../../src/adapters/memory/http/makeOpenStackHttp.ts"
import type { WorldService } from "../../../../src/adapters/memory/World.ts"
import { makeWorld } from "../../../../src/adapters/memory/worldLayer.ts"
import type { WorldOptions } from "../../../../src/adapters/memory/worldSettings.ts"
import type { Ids } from "./compare.ts"
import { type RecordedService, type Topic, uuidPattern } from "./recording.ts"

/** The cloud the recordings were made on. */
const projectId = "3ee022fc108e4acf88d6b576a04d4d9a"
const otherProjectId = "27ec0885651648618816dc33689baccd"
const userId = "5a9ee007bd2b47208e06632eea08f801"
const domain = { id: "c6c03214b54e47dd9b4a46a593f8bd96", name: "lab" }
/** Where the recordings had a password or a secret. */
const secret = "SECRET"

export const nodes = {
  one: "94d9406d-5937-4da3-8ab0-a4746bcfd092",
  two: "3a97b5ae-93f3-4237-a496-611e0490403f",
  three: "bb9ccc69-f310-4980-a782-66b744470b97"
}

export const startOfRecording = Date.parse("2026-11-23T18:00:00Z")

const worldOptions: WorldOptions = {
  projectId,
  userId,
  volumeZones: [
    { name: "nova", capacityGiB: 1000 },
    { name: "nova2", capacityGiB: 1000 }
  ],
  serverZones: ["nova", "nova2"],
  volumeTypes: [
    { name: "fast", id: "ac9dd3b9-7121-4b1b-bac6-69d8fc294e54", backend: "fast" },
    { name: "bulk", id: "982f67ee-c14d-4a58-81ab-a1f5acdd6490", backend: "bulk", zones: ["nova"] },
    { name: "multi", backend: "fast", multiattach: true },
    { name: "__DEFAULT__", backend: "fast" }
  ],
  maxDisksPerServer: 26,
  latencies: {
    schedule: "200 millis",
    create: "1 second",
    clone: "1 second",
    delete: "1 second",
    extend: "1 second",
    retype: "1 second",
    snapshot: "1 second",
    snapshotDelete: "1 second",
    backup: "1 second",
    backupDelete: "1 second",
    restore: "1 second",
    attach: "1 second",
    detach: "1 second",
    serverCreate: "1 second",
    serverDelete: "1 second"
  },
  servers: [
    { id: nodes.one, name: "node-1", zone: "nova", metadata: { role: "lab" } },
    { id: nodes.two, name: "node-2", zone: "nova", metadata: { role: "lab" } },
    { id: nodes.three, name: "node-3", zone: "nova2", metadata: { role: "lab" } }
  ]
}

const quotas = { volumes: 60, snapshots: 60, gigabytes: 2000, backups: 30, backupGigabytes: 1000 }

export type Who = "me" | "other" | "admin" | "unscoped" | "bad" | "nobody"

export interface LabAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: unknown
}

export interface LabRequest {
  readonly service: RecordedService
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

interface Cloud {
  readonly world: WorldService
  readonly http: OpenStackHttp
  readonly tokens: ReadonlyMap<Who, string>
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const send = (http: OpenStackHttp, request: LabRequest): Effect.Effect<LabAnswer> => {
  const bases: Record<RecordedService, string> = {
    keystone: http.endpoints.identity.replace(/\/v3$/, ""),
    cinder: http.endpoints.volume.replace(/\/v3$/, ""),
    nova: http.endpoints.compute.replace(/\/v2\.1$/, ""),
    metadata: http.metadataUrl
  }
  const { method, headers, body } = request
  return Effect.promise(async () => {
    const answer = await fetch(`${bases[request.service]}${request.path}`, {
      method,
      headers,
      redirect: "manual",
      body: body === undefined ? null : Buffer.from(body)
    })
    const text = await answer.text()
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: text === "" ? null : parse(text)
    }
  })
}

const logIn = (http: OpenStackHttp, user: string, project: string | undefined): Effect.Effect<string> => {
  const identity = { methods: ["password"], password: { user: { name: user, domain, password: secret } } }
  const auth = project === undefined ? { identity } : { identity, scope: { project: { id: project } } }
  return Effect.map(
    send(http, {
      service: "keystone",
      method: "POST",
      path: "/v3/auth/tokens",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ auth })
    }),
    (answer) => answer.headers["x-subject-token"] ?? ""
  )
}

const build = (options: WorldOptions): Effect.Effect<Cloud, never, Scope.Scope> =>
  Effect.gen(function* () {
    const world = yield* makeWorld({ ...worldOptions, ...options, quotas: { ...quotas, ...options.quotas } })
    const strangers = yield* makeWorld({ projectId: otherProjectId })
    const http = yield* makeOpenStackHttp({
      world,
      ports: { identity: 0, volume: 0, compute: 0, metadata: 0 },
      tokenCache: "5 minutes",
      catalog: {
        others: [
          { type: "image", name: "glance", url: "http://127.0.0.1:9292" },
          { type: "placement", name: "placement", url: "http://127.0.0.1:8778" },
          { type: "network", name: "neutron", url: "http://127.0.0.1:9696" }
        ]
      },
      identity: {
        projects: [
          { id: projectId, name: "csi", domain, world },
          { id: otherProjectId, name: "other", domain, world: strangers }
        ],
        users: [
          { id: userId, name: "csi", password: secret, domain, roles: { [projectId]: ["reader", "member"] } },
          { id: "e".repeat(32), name: "other", password: secret, domain, roles: { [otherProjectId]: ["member"] } },
          { id: "f".repeat(32), name: "admin", password: secret, domain, roles: { [projectId]: ["admin"] } }
        ],
        applicationCredentials: [
          {
            id: "445f198f372f4ec787f9d26e2e2a33df",
            name: "csi",
            secret,
            userId,
            projectId,
            roles: ["member"]
          }
        ]
      }
    })
    const tokens = new Map<Who, string>([
      ["me", yield* logIn(http, "csi", projectId)],
      ["other", yield* logIn(http, "other", otherProjectId)],
      ["admin", yield* logIn(http, "admin", projectId)],
      ["unscoped", yield* logIn(http, "csi", undefined)],
      ["bad", "bad"]
    ])
    return { world, http, tokens }
  }).pipe(Effect.provide(layerNoDisks), Effect.orDie)

/** The cloud under test, and everything that the recordings did without recording it. */
export interface Lab {
  readonly ids: Ids
  readonly token: (who: Who) => string
  readonly world: () => WorldService
  readonly send: (request: LabRequest) => Effect.Effect<LabAnswer>
  /** Sends a request that waits for work, and lets time pass until it is answered. */
  readonly sendAndWait: (request: LabRequest) => Effect.Effect<LabAnswer>
  readonly ask: (
    who: Who,
    service: "cinder" | "nova",
    method: string,
    path: string,
    body?: unknown
  ) => Effect.Effect<LabAnswer>
  readonly elapse: (time: DurationInput) => Effect.Effect<void>
  readonly setTime: (instant: number) => Effect.Effect<void>
  /** All work asked for so far is over. */
  readonly settle: Effect.Effect<void>
  /** The first id in a recorded request, after `mark` where one is given. */
  readonly recordedId: (step: number, mark?: string) => string
  /** Path and body of a recorded request. */
  readonly recordedText: (step: number) => string
  /** A volume that is there when the recording asks for `recorded`. */
  readonly volume: (recorded: string, body?: Readonly<Record<string, unknown>>) => Effect.Effect<string>
  readonly snapshot: (recorded: string, volume: string) => Effect.Effect<string>
  readonly backup: (recorded: string, volume: string) => Effect.Effect<string>
  readonly attach: (volume: string, server?: string) => Effect.Effect<void>
  readonly detach: (volume: string, server?: string) => Effect.Effect<void>
  readonly remove: (kind: "volumes" | "snapshots", id: string) => Effect.Effect<void>
  /** A new cloud with other settings; ids of the old one are forgotten. */
  readonly rebuild: (options: WorldOptions) => Effect.Effect<void>
  readonly revoke: (token: string) => Effect.Effect<void>
  /** The project's member logs in anew. */
  readonly renew: Effect.Effect<void>
}

/** Lets real input and output make progress. */
const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

export const makeLab = (topic: Topic): Effect.Effect<Lab, never, Scope.Scope> =>
  Effect.gen(function* () {
    yield* TestClock.setTime(startOfRecording)
    const scope = yield* Effect.scope
    let cloud = yield* build({})
    const ids: Ids = new Map()

    const ask: Lab["ask"] = (who, service, method, path, body) =>
      send(cloud.http, {
        service,
        method,
        path: `${service === "cinder" ? `/v3/${projectId}` : "/v2.1"}${path}`,
        headers: {
          "X-Auth-Token": cloud.tokens.get(who) ?? "",
          "OpenStack-API-Version": service === "cinder" ? "volume 3.50" : "compute 2.60",
          "Content-Type": "application/json"
        },
        body: body === undefined ? undefined : JSON.stringify(body)
      }).pipe(
        Effect.filterOrDie(
          ({ status }) => status < 300,
          (answer) => new Error(`the preparation ${method} ${path} was refused: ${JSON.stringify(answer.body)}`)
        )
      )

    const idOf = (answer: LabAnswer): string => uuidPattern.exec(JSON.stringify(answer.body))?.[0] ?? ""
    const settle = TestClock.adjust("10 seconds")

    const made = (recorded: string, collection: string, body: unknown) =>
      Effect.gen(function* () {
        const id = idOf(yield* ask("me", "cinder", "POST", `/${collection}`, body))
        ids.set(recorded, id)
        yield* settle
        return id
      })

    const recordedText = (step: number): string => {
      const request = topic.steps[step]?.request
      return `${request?.path} ${JSON.stringify(request?.body)}`
    }

    const mapping = (server: string) => `/servers/${server}/os-volume_attachments`

    return {
      ids,
      ask,
      settle,
      token: (who) => cloud.tokens.get(who) ?? "",
      world: () => cloud.world,
      send: (request) => send(cloud.http, request),
      sendAndWait: (request) =>
        Effect.gen(function* () {
          const answer = yield* Effect.fork(send(cloud.http, request))
          while ((yield* Fiber.poll(answer))._tag === "None") {
            yield* turn
            yield* TestClock.adjust("100 millis")
          }
          return yield* Fiber.join(answer)
        }),
      elapse: TestClock.adjust,
      setTime: TestClock.setTime,
      recordedText,
      recordedId: (step, mark = "") => {
        const text = recordedText(step)
        return uuidPattern.exec(text.slice(text.indexOf(mark)))?.[0] ?? ""
      },
      volume: (recorded, body = {}) => made(recorded, "volumes", { volume: { size: 1, ...body } }),
      snapshot: (recorded, volume) => made(recorded, "snapshots", { snapshot: { volume_id: volume, force: true } }),
      backup: (recorded, volume) => made(recorded, "backups", { backup: { volume_id: volume } }),
      attach: (volume, server = nodes.one) =>
        ask("me", "nova", "POST", mapping(server), { volumeAttachment: { volumeId: volume } }).pipe(
          Effect.zipRight(settle)
        ),
      detach: (volume, server = nodes.one) =>
        ask("me", "nova", "DELETE", `${mapping(server)}/${volume}`).pipe(Effect.zipRight(settle)),
      remove: (kind, id) => ask("me", "cinder", "DELETE", `/${kind}/${id}`).pipe(Effect.zipRight(settle)),
      rebuild: (options) =>
        Effect.map(Effect.provideService(build(options), Scope.Scope, scope), (fresh) => {
          cloud = fresh
          ids.clear()
        }),
      renew: Effect.suspend(() => logIn(cloud.http, "csi", projectId)).pipe(
        Effect.map((token) => {
          cloud = { ...cloud, tokens: new Map(cloud.tokens).set("me", token) }
        })
      ),
      revoke: (token) =>
        Effect.asVoid(
          send(cloud.http, {
            service: "keystone",
            method: "DELETE",
            path: "/v3/auth/tokens",
            headers: { "X-Auth-Token": token, "X-Subject-Token": token },
            body: undefined
          })
        )
    }
  })
