import { randomBytes } from "node:crypto"
import { Effect } from "effect"
import type { WorldService } from "../World.ts"
import type { ServerRecord } from "../worldTypes.ts"
import type { Json } from "./json.ts"
import { type HttpRequest, jsonReply, type Reply, textReply } from "./messages.ts"
import type { Routed } from "./service.ts"

const versions = [
  "2012-08-10",
  "2013-04-04",
  "2013-10-17",
  "2015-10-15",
  "2016-06-30",
  "2016-10-06",
  "2017-02-22",
  "2018-08-27",
  "2020-10-14",
  "latest"
]

const ec2Versions = [
  "1.0",
  "2007-01-19",
  "2007-03-01",
  "2007-08-29",
  "2007-10-10",
  "2007-12-15",
  "2008-02-01",
  "2008-09-01",
  "2009-04-04",
  "latest"
]

const notFound: Reply = textReply(404, "404 Not Found\n\nThe resource could not be found.\n\n   ")

/** The version that brought a member; dates sort as texts, and `latest` behind them all. */
const meta = (world: WorldService, server: ServerRecord, version: string): Json => ({
  uuid: server.id,
  meta: server.metadata,
  hostname: `${server.name}.novalocal`,
  name: server.name,
  launch_index: 0,
  availability_zone: server.zone,
  random_seed: version >= "2013-10-17" ? randomBytes(64).toString("base64") : undefined,
  project_id: version >= "2015-10-15" ? world.settings.projectId : undefined,
  devices:
    version >= "2016-06-30"
      ? server.volumes
          .filter(({ tag }) => tag !== undefined)
          .map(({ volumeId, device, tag }) => ({
            type: "disk",
            serial: volumeId,
            path: device,
            bus: "pci",
            address: "0000:00:07.0",
            tags: [tag ?? ""]
          }))
      : undefined,
  dedicated_cpus: version >= "2020-10-14" ? [] : undefined
})

const openstackTree = (world: WorldService, server: ServerRecord, path: ReadonlyArray<string>): Reply => {
  const [version, file] = path
  if (version === undefined) return textReply(200, versions.join("\n"))
  if (!versions.includes(version) || path.length > 2) return notFound
  switch (file) {
    case undefined:
      return textReply(200, "meta_data.json\npassword\nvendor_data.json\nnetwork_data.json\nvendor_data2.json")
    case "meta_data.json":
      return jsonReply(200, meta(world, server, version))
    case "network_data.json":
      return textReply(200, "{}")
    case "vendor_data.json":
      return jsonReply(200, {})
    case "vendor_data2.json":
      return jsonReply(200, { static: {} })
    case "password":
      return textReply(200, "", "text/html; charset=UTF-8")
    default:
      return notFound
  }
}

/** Amazon's tree, whose ids are not those of OpenStack. */
const ec2Files = (server: ServerRecord): Readonly<Record<string, string>> => ({
  "ami-id": "ami-00000001",
  "ami-launch-index": "0",
  "ami-manifest-path": "",
  "block-device-mapping": "ami\nroot",
  hostname: `${server.name}.novalocal`,
  "instance-action": "none",
  "instance-id": `i-${server.id.slice(0, 8)}`,
  "instance-type": "memory.small",
  "local-hostname": `${server.name}.novalocal`,
  "local-ipv4": "",
  placement: "availability-zone",
  "placement/availability-zone": server.zone,
  "public-hostname": `${server.name}.novalocal`,
  "public-ipv4": "",
  "reservation-id": `r-${server.id.slice(0, 8)}`,
  "security-groups": "default"
})

const ec2Listing =
  "ami-id\nami-launch-index\nami-manifest-path\nblock-device-mapping/\nhostname\ninstance-action\ninstance-id\n" +
  "instance-type\nlocal-hostname\nlocal-ipv4\nplacement/\npublic-hostname\npublic-ipv4\nreservation-id\nsecurity-groups"

const ec2Tree = (server: ServerRecord, path: ReadonlyArray<string>): Reply => {
  const [version, section, ...rest] = path
  if (version === undefined) return textReply(200, ec2Versions.join("\n"))
  if (!ec2Versions.includes(version)) return notFound
  if (section === undefined) return textReply(200, "meta-data/")
  if (section !== "meta-data") return notFound
  if (rest.length === 0) return textReply(200, ec2Listing)
  const text = ec2Files(server)[rest.join("/")]
  return text === undefined ? notFound : textReply(200, text)
}

/** What a guest reads about itself. `current` says which server is asking. */
export const makeMetadata =
  (world: WorldService, current: () => string | undefined) =>
  (request: HttpRequest): Effect.Effect<Routed> =>
    Effect.gen(function* () {
      const path = request.path.split("/").filter((segment) => segment !== "")
      const id = current()
      const server = id === undefined ? undefined : yield* world.control.lookUpServer(id)
      const answer = () => {
        if (server === undefined || request.method !== "GET") return notFound
        return path[0] === "openstack" ? openstackTree(world, server, path.slice(1)) : ec2Tree(server, path)
      }
      return { template: `/${path.join("/")}`, reply: answer() }
    })
