import { layer } from "@effect/vitest"
import { failures } from "./suites/failures.ts"
import { fullServers } from "./suites/fullServers.ts"
import { hosts } from "./suites/hosts.ts"
import { leftovers } from "./suites/leftovers.ts"
import { logins } from "./suites/logins.ts"
import { migrations } from "./suites/migrations.ts"
import { movingPods } from "./suites/movingPods.ts"
import { nodeTrouble } from "./suites/nodeTrouble.ts"
import { operator } from "./suites/operator.ts"
import { placement } from "./suites/placement.ts"
import { volumeLives } from "./suites/volumeLives.ts"
import { layerLab, minutes } from "./support/Lab.ts"

layer(layerLab, { excludeTestServices: true, timeout: minutes(8) })("on a real OpenStack", (it) => {
  volumeLives(it)
  logins(it)
  placement(it)
  failures(it)
  nodeTrouble(it)
  hosts(it)
  migrations(it)
  fullServers(it)
  movingPods(it)
  operator(it)
  leftovers(it)
})
