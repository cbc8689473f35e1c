import { Console, Effect } from "effect"
export const runCloud = (_: ReadonlyArray<string>) => Effect.asVoid(Console.log(""))
