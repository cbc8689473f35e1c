import { type Duration, Effect, Either, Option } from "effect"
import { NovaReading } from "../ports/CloudReading.ts"
import { NodeSurvey } from "../ports/NodeSurvey.ts"
import { within } from "./cloudChecks.ts"
import type { Finding } from "./decisions/doctor/Finding.ts"
import {
  judgeDisks,
  judgeIdentity,
  judgeKubelet,
  judgePlugin,
  judgeRegistration,
  judgeServer,
  judgeTools,
  serverIn
} from "./decisions/doctor/node.ts"
import { ServerId } from "./Server.ts"

export interface NodeCheckOptions {
  readonly kubeletFolder: string
  readonly socket: string
  readonly limit: Duration.Duration
}

/** Every check of the node that this runs on; Nova is asked about it only where there is a way to ask. */
export const checkNode = ({ kubeletFolder, limit, socket }: NodeCheckOptions) =>
  Effect.gen(function* () {
    const survey = yield* NodeSurvey
    const nova = yield* Effect.serviceOption(NovaReading)

    const lookAtPlugin = Effect.flatMap(Effect.either(survey.folder(socket)), (place) =>
      Either.isRight(place) && place.right.kind === "absent"
        ? Effect.succeed(undefined)
        : Effect.either(survey.plugin(socket))
    )
    const askNova = (id: string | undefined) =>
      id === undefined || Option.isNone(nova)
        ? Effect.succeed(undefined)
        : Effect.either(
            within(
              limit,
              "Nova",
              "show server"
            )(nova.value.getServer(ServerId(id))).pipe(
              Effect.catchTag("ServerNotFound", () => Effect.succeed("gone" as const))
            )
          )

    const [identities, tools, disks, kubelet, registration, plugin] = yield* Effect.all(
      [
        survey.identities,
        survey.tools,
        survey.disks,
        Effect.either(survey.folder(kubeletFolder)),
        Effect.either(survey.folder(`${kubeletFolder}/plugins_registry`)),
        lookAtPlugin
      ],
      { concurrency: "unbounded" }
    )
    const running = plugin !== undefined && Either.isRight(plugin) ? plugin.right : undefined
    const id = serverIn(identities, running)
    const findings: ReadonlyArray<Finding> = [
      judgeIdentity(identities, running),
      judgeServer(id, yield* askNova(id)),
      judgeTools(tools),
      judgeDisks(disks),
      judgeKubelet(kubelet),
      judgeRegistration(registration),
      judgePlugin(socket, plugin)
    ]
    return findings
  })
