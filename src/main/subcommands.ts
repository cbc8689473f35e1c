import type { FileSystem } from "@effect/platform"
import { Effect } from "effect"
import { Ending } from "./Ending.ts"

type Environment = Readonly<Record<string, string | undefined>>

export interface Subcommand {
  /** What it is for, in a line of `--help`. */
  readonly summary: string
  /** The code that it ends with when it is told to end before it is done; default 0, as for what serves. */
  readonly toldToEnd?: number
  readonly run: (args: ReadonlyArray<string>, env: Environment) => Effect.Effect<void, Error, FileSystem.FileSystem>
}

const loaded =
  <Module>(
    load: () => Promise<Module>,
    run: (
      module: Module,
      args: ReadonlyArray<string>,
      env: Environment
    ) => Effect.Effect<void, Error, FileSystem.FileSystem>
  ): Subcommand["run"] =>
  (args, env) =>
    Effect.flatMap(Effect.promise(load), (module) => run(module, args, env))

/** Everything has been said by then. */
const endWith = (code: number) => (code === 0 ? Effect.void : new Ending({ code, text: "" }))

/** What the program does beside serving. Each is loaded only by who asks for it: a driver pays for nothing that it does not use. */
export const subcommands = new Map<string, Subcommand>([
  [
    "demo",
    {
      summary: "take a volume through its life, on a cloud inside the program",
      run: loaded(
        () => import("./demo/demo.ts"),
        ({ runDemo }, args) => runDemo(args)
      )
    }
  ],
  [
    "cloud",
    {
      summary: "that cloud alone, speaking OpenStack's APIs",
      run: loaded(
        () => import("./cloud.ts"),
        ({ runCloud }, args) => runCloud(args)
      )
    }
  ],
  [
    "doctor",
    {
      summary: "look whether the driver can do its work, and why a volume is stuck",
      toldToEnd: 2,
      run: loaded(
        () => import("./doctor/doctor.ts"),
        ({ runDoctor }, args, env) => Effect.flatMap(runDoctor(args, env), endWith)
      )
    }
  ],
  [
    "failover-assistant",
    {
      summary: "give up nodes whose server is off",
      run: loaded(
        () => import("./failover/failoverAssistant.ts"),
        ({ runFailoverAssistant }, args, env) => runFailoverAssistant(args, env)
      )
    }
  ],
  [
    "audit",
    {
      summary: "report what the cloud has and nobody uses; changes nothing",
      toldToEnd: 2,
      run: loaded(
        () => import("./audit/audit.ts"),
        ({ runAudit }, args, env) => runAudit(args, env)
      )
    }
  ],
  [
    "secret",
    {
      summary: "check cloud.conf and make the Secret with it",
      toldToEnd: 2,
      run: loaded(
        () => import("./secret/secret.ts"),
        ({ runSecret }, args) => runSecret(args)
      )
    }
  ],
  [
    "await-drain",
    {
      summary: "preStop hook of the node: wait until its volumes have gone",
      run: loaded(
        () => import("./awaitDrain.ts"),
        ({ runAwaitDrain }, args, env) => runAwaitDrain(args, env)
      )
    }
  ]
])
