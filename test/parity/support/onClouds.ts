import { Effect } from "effect"
import { cloudConf, oneGiB, startWired } from "../../support/wiredDriver.ts"
import { startCloud } from "./onCloud.ts"

/** The section of one cloud in `cloud.conf`. */
export const section = (name: string, authUrl: string, password?: string): string =>
  cloudConf(authUrl, password).replace("[Global]", name === "" ? "[Global]" : `[Global "${name}"]`)

/** Secrets as Kubernetes sends them with a call for that cloud. */
export const secretsFor = (cloud: string): Map<string, string> => new Map([["cloud", cloud]])

/** A cloud under its name. The driver's ways into it and what the test does to it are apart. */
const makeNamedCloud = (name: string, seed: number) =>
  Effect.map(startCloud({ world: { seed, servers: [{ name: "node-1" }, { name: "node-2" }] } }), (made) => ({
    name,
    secrets: secretsFor(name),
    ...made
  }))

type NamedCloud = Effect.Effect.Success<ReturnType<typeof makeNamedCloud>>

/** A controller that serves these clouds; `unserved` is what else its file holds. */
export const controllerOn = (clouds: ReadonlyArray<NamedCloud>, unserved = "", others: ReadonlyArray<string> = []) =>
  startWired([...clouds.map(({ name, cloud }) => section(name, cloud.authUrl)), unserved].join("\n"), [
    "--provide-node-service=false",
    `--cloud-name=${[...clouds.map(({ name }) => name), ...others].join(",")}`
  ])

/** Plain [Global], "north" and "south", each a World of its own with two servers, and one controller on all of them. */
export const onClouds = Effect.gen(function* () {
  const plain = yield* makeNamedCloud("", 1)
  const north = yield* makeNamedCloud("north", 2)
  const south = yield* makeNamedCloud("south", 3)
  const { csi } = yield* controllerOn([south, plain, north])

  const create = (cloud: NamedCloud, name: string) =>
    Effect.map(csi.createVolume({ name, ...oneGiB, secrets: cloud.secrets }), ({ volume }) => volume?.volumeId ?? "")

  return { csi, plain, north, south, create }
})

/** The cloud answers no request any more. */
export const takeDown = ({ cloud }: NamedCloud) => cloud.faults.add({ drop: true })

/** The cloud takes requests and never answers them. */
export const hang = ({ cloud }: NamedCloud) => cloud.faults.add({ delay: "1 hour", drop: true })

export const volumeNamesIn = ({ world }: NamedCloud) =>
  Effect.map(world.cinder.listVolumes({}), ({ rows }) => rows.map(({ name }) => name))
