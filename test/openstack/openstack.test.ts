import { layer } from "@effect/vitest"
import { leftovers } from "./suites/leftovers.ts"
import { logins } from "./suites/logins.ts"
import { placement } from "./suites/placement.ts"
import { volumeLives } from "./suites/volumeLives.ts"
import { layerLab, minutes } from "./support/Lab.ts"

layer(layerLab, { excludeTestServices: true, timeout: minutes(8) })("on a real OpenStack", (it) => {
  volumeLives(it)
  logins(it)
  placement(it)
  leftovers(it)
})
