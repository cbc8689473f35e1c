import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Inspectable, Layer, Logger, LogLevel, Tracer } from "effect"
import { Keystone } from "../../../src/adapters/openstack/Keystone.ts"
import { CallDeadline } from "../../../src/domain/CallDeadline.ts"
import { noHints } from "../../../src/domain/SchedulerHints.ts"
import { ServerId } from "../../../src/domain/Server.ts"
import { VolumeId } from "../../../src/domain/Volume.ts"
import { Cinder } from "../../../src/ports/Cinder.ts"
import { Nova } from "../../../src/ports/Nova.ts"
import { fakeCloud, fault, openStackAt, password, tokenReply } from "../../support/fakeCloud.ts"
import type { Reply } from "../../support/ScriptedServer.ts"

const token = "gAAAAABsecret-token_0123456789=="
const secrets = [password, token]

const spec = {
  name: "pvc-1",
  description: "",
  sizeGiB: 1,
  zone: undefined,
  volumeType: undefined,
  source: undefined,
  hints: noHints,
  metadata: {}
}

/** Everything that a person could get to see of what happened while the calls ran. */
const seenBy = (service: Reply, login: (origin: string) => Reply) =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const logger = Logger.make(({ message, cause, annotations, spans }) => {
      seen.push(
        inspect({ message, annotations, spans }, { depth: 20 }),
        Cause.pretty(cause, { renderErrorCause: true })
      )
    })
    const tracer = Tracer.make({
      span: (name, parent, context, links, startTime, kind, options) => {
        const attributes = new Map(Object.entries(options?.attributes ?? {}))
        return {
          _tag: "Span",
          name,
          spanId: "s",
          traceId: "t",
          parent,
          context,
          status: { _tag: "Started", startTime },
          attributes,
          links: [...links],
          sampled: true,
          kind,
          end: (_, exit) => seen.push(inspect([name, attributes, exit], { depth: 20 })),
          attribute: (key, value) => seen.push(`${key}=${String(value)}`),
          event: (event) => seen.push(event),
          addLinks: () => undefined
        }
      },
      context: (run) => run()
    })
    const server = yield* fakeCloud(() => service, login)
    const calls = Effect.gen(function* () {
      const cinder = yield* Cinder
      const nova = yield* Nova
      const keystone = yield* Keystone
      const each: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        cinder.getVolume(VolumeId("v1")),
        cinder.createVolume(spec),
        cinder.findVolumes("a"),
        cinder.explain(VolumeId("v1")),
        nova.attach(ServerId("s"), VolumeId("v1"), false),
        nova.getServer(ServerId("s")),
        Effect.timeout(keystone.session, "400 millis")
      ]
      for (const call of each) {
        const deadline = (yield* Clock.currentTimeMillis) + 400
        const exit = yield* Effect.exit(Effect.provideService(call, CallDeadline, deadline))
        seen.push(
          inspect(exit, { depth: 20, showHidden: true }),
          JSON.stringify(exit),
          Inspectable.toStringUnknown(exit)
        )
        if (exit._tag === "Failure") seen.push(Cause.pretty(exit.cause, { renderErrorCause: true }))
      }
      const session = yield* Effect.option(Effect.timeout(keystone.session, "400 millis"))
      seen.push(inspect(session, { depth: 20 }), JSON.stringify(session))
    })
    yield* calls.pipe(
      Effect.provide(openStackAt(server.url, (observed) => seen.push(inspect(observed)))),
      Effect.withTracer(tracer),
      Effect.provide(Layer.merge(Logger.replace(Logger.defaultLogger, logger), Logger.minimumLogLevel(LogLevel.All)))
    )
    return seen
  })

const echo = `you sent X-Auth-Token: ${token} and the password ${password}`
const loggedIn = (origin: string) => tokenReply(token, origin)

describe("secrets", () => {
  const cases: ReadonlyArray<readonly [string, Reply, (origin: string) => Reply]> = [
    ["a refusal that repeats the token", fault(400, "badRequest", echo.replace(password, "")), loggedIn],
    ["a page that repeats the token", { status: 404, body: `<pre>${token}</pre>` }, loggedIn],
    ["an answer of another shape", { status: 200, body: { volume: { id: token } } }, loggedIn],
    ["a redirect to the token", { status: 302, headers: { location: `http://x/?t=${token}` } }, loggedIn],
    ["a broken connection", { cut: "within" }, loggedIn],
    ["a refused token", { status: 401, body: echo.replace(password, "") }, loggedIn],
    ["a login refused with the password repeated", { status: 500 }, () => fault(401, "error", `bad: ${password}`)],
    ["a login failed with the password repeated", { status: 500 }, () => ({ status: 503, body: password })],
    [
      "a login answered with something else",
      { status: 500 },
      () => ({ status: 201, headers: { "X-Subject-Token": token }, body: { token: { id: token, secret: password } } })
    ]
  ]
  it.scopedLive.each(cases)("stay unseen after %s", ([, service, login]) =>
    Effect.map(seenBy(service, login), (seen) => {
      assert.isAbove(seen.length, 10)
      for (const text of seen) for (const secret of secrets) assert.notInclude(text, secret)
    })
  )
})
