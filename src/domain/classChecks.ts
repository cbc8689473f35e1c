import { Effect } from "effect"
import { judgeClasses } from "./decisions/doctor/classes.ts"
import type { Finding } from "./decisions/doctor/Finding.ts"
import { type Looking, lookAtCloud, lookAtCluster, whoAnswers } from "./looking.ts"

/** The classes of this driver beside what Cinder has. */
export const checkClasses: Effect.Effect<Finding, never, Looking> = Effect.gen(function* () {
  const answering = yield* whoAnswers
  const [classes, types, zones] = yield* Effect.all(
    [
      lookAtCluster(answering, ({ storageClasses }) => storageClasses),
      lookAtCloud(answering, "list the volume types", ({ survey }) => survey.volumeTypes),
      lookAtCloud(answering, "list its zones", ({ survey }) => survey.zones("Cinder"))
    ],
    { concurrency: "unbounded" }
  )
  return judgeClasses({ driver: { name: answering.options.driver }, classes, types, zones })
})
