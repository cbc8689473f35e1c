import { it } from "@effect/vitest"
import { live } from "../../support/wiredDriver.ts"

/** Why loop devices cannot be made and mounted here; undefined if they can. */
export const noDisks =
  process.platform === "linux" && process.getuid?.() === 0 ? undefined : "loop devices need root on Linux"

/** `live`, or a test that says why it cannot run: on a developer's machine it is left out, in CI it fails. */
export const liveUnless = (obstacle: string | undefined): typeof live =>
  obstacle === undefined
    ? live
    : (name) =>
        process.env["CI"] === undefined
          ? it.skip(`${name} (left out: ${obstacle})`, () => undefined)
          : it(name, () => {
              throw new Error(obstacle)
            })
