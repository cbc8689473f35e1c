import { Either } from "effect"
import type { FolderSeen, IdentitySeen, PluginSeen, ToolSeen } from "../../../ports/NodeSurvey.ts"
import type { HostFailure } from "../../errors.ts"
import type { Server } from "../../Server.ts"
import type { Answer } from "./cloudAccess.ts"
import { type Finding, failed, ok, skipped, subject, warning } from "./Finding.ts"

export const identitySubject = subject("node.identity", "the node knows which server it is")
export const serverSubject = subject("node.server", "Nova has that server")
export const toolsSubject = subject("node.tools", "every program that the node plugin runs is there")
export const disksSubject = subject("node.disks", "disks show their serials")
export const kubeletSubject = subject("node.kubelet", "mounts below kubelet's folder reach kubelet")
export const registrationSubject = subject("node.registration", "kubelet takes plugins up here")
export const pluginSubject = subject("node.plugin", "the plugin answers at its socket")

/** Stands for all of them on a machine that is none. */
export const nodeSubject = subject("node", "this machine is a node")

/** The id that the sources agree on, or that the plugin itself found out; undefined where nobody tells or they differ. */
export const serverIn = (
  identities: ReadonlyArray<IdentitySeen>,
  plugin: PluginSeen | undefined
): string | undefined => {
  const told = [...identities.map(({ serverId }) => serverId), plugin?.nodeId].filter((id) => id !== undefined)
  return new Set(told).size === 1 ? told[0] : undefined
}

export const judgeIdentity = (identities: ReadonlyArray<IdentitySeen>, plugin: PluginSeen | undefined): Finding => {
  const about = identitySubject
  const told = identities.filter(({ serverId }) => serverId !== undefined)
  const evidence = [
    ...identities.map(({ source, serverId, zone, problem }) =>
      serverId === undefined
        ? `${source}: ${problem}`
        : `${source}: ${serverId}${zone === undefined ? "" : `, zone ${zone}`}`
    ),
    ...(plugin?.nodeId === undefined ? [] : [`the plugin that runs here: ${plugin.nodeId}`])
  ]
  const ids = new Set([...told.map(({ serverId }) => serverId), plugin?.nodeId].filter((id) => id !== undefined))
  if (ids.size > 1) {
    const remedy =
      "the sources differ: an image of another server, or a server made anew under the same disk; run cloud-init clean or correct the metadata before volumes go to the wrong server"
    return failed(about, evidence, remedy)
  }
  if (ids.size === 0) {
    const remedy =
      "let the node reach http://169.254.169.254 or give the server a config drive (openstack server create --config-drive true)"
    return failed(about, evidence, remedy)
  }
  const lasting = told.some(({ source }) => source !== "cloud-init") || plugin?.nodeId !== undefined
  return lasting
    ? ok(about, evidence)
    : warning(
        about,
        evidence,
        "only cloud-init's note tells: let the node reach the metadata service, or give it a config drive"
      )
}

export const judgeServer = (id: string | undefined, answer: Answer<Server | "gone"> | undefined): Finding => {
  const about = serverSubject
  if (id === undefined) return skipped(about, "the node does not know which server it is")
  if (answer === undefined) return skipped(about, "there is no cloud.conf here; a node has no credentials as a rule")
  if (Either.isLeft(answer)) return skipped(about, answer.left.message)
  const server = answer.right
  if (server === "gone") {
    return failed(
      about,
      `Nova has no server ${id} in this project`,
      "see that cloud.conf is of the project that the nodes are in"
    )
  }
  return ok(
    about,
    `${server.name}: ${server.status}, zone ${server.zone || "untold"}, ${server.volumeIds?.length ?? "?"} volumes`
  )
}

/** Without these nothing is staged; the others are missed only by who uses their file system. */
const always = new Set(["blkid", "mount", "umount", "mkfs.ext4", "fsck.ext4", "resize2fs"])

export const judgeTools = (tools: ReadonlyArray<ToolSeen>): Finding => {
  const about = toolsSubject
  const evidence = tools.map(({ program, version }) => `${program}: ${version ?? "not there"}`)
  const missing = tools.filter(({ version }) => version === undefined)
  if (missing.length === 0) return ok(about, evidence)
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))].join(", ")
  const remedy = `install ${packages}; in the image of this driver they are there`
  return missing.some(({ program }) => always.has(program))
    ? failed(about, evidence, remedy)
    : warning(about, evidence, `${remedy}; only volumes with another file system than ext4 miss them`)
}

/** `describeDevices` writes each as `vdb (serial …)` or without a serial. */
export const judgeDisks = (disks: ReadonlyArray<string>): Finding =>
  disks.length === 0
    ? warning(disksSubject, "no disk is seen", "in a container, mount /dev and /sys of the host")
    : ok(disksSubject, disks)

type Look<A> = Either.Either<A, HostFailure>

export const judgeKubelet = (look: Look<FolderSeen>): Finding => {
  const about = kubeletSubject
  if (Either.isLeft(look)) return failed(about, look.left.message, "see what keeps this process from its own files")
  const { path, kind, real, mountedAt, propagation } = look.right
  if (kind === "absent") {
    return failed(
      about,
      `${path} is not there`,
      "this is no node, or its kubelet has another --root-dir: see --kubelet-dir"
    )
  }
  const place = real === path ? path : `${path}, which leads to ${real}`
  const evidence = [place, `${propagation}, mounted at ${mountedAt}`]
  if (propagation !== "shared") {
    return failed(
      about,
      evidence,
      "in the pod: mountPropagation: Bidirectional for kubelet's folder; on the host: mount --make-rshared /"
    )
  }
  if (kind !== "directory" && kind !== "symlink")
    return failed(about, [...evidence, `it is a ${kind}`], "see --kubelet-dir")
  return kind === "symlink"
    ? warning(
        about,
        evidence,
        "give kubelet and the pod's hostPath the folder itself: kubelet's --root-dir and the pod have to see one path"
      )
    : ok(about, evidence)
}

export const judgeRegistration = (look: Look<FolderSeen>): Finding => {
  const about = registrationSubject
  if (Either.isLeft(look)) return failed(about, look.left.message, "see what keeps this process from its own files")
  const { path, kind } = look.right
  return kind === "directory"
    ? ok(about, path)
    : failed(
        about,
        `${path} is ${kind === "absent" ? "not there" : `a ${kind}`}`,
        "kubelet makes it at its start: see --kubelet-dir"
      )
}

export const judgePlugin = (socket: string, look: Look<PluginSeen> | undefined): Finding => {
  const about = pluginSubject
  if (look === undefined) return skipped(about, `${socket} is not there: no plugin runs here yet`)
  if (Either.isLeft(look)) {
    return failed(about, look.left.message, "look at the log of the container cinder-csi-plugin on this node")
  }
  const { name, version, ready, nodeId, problem } = look.right
  const evidence = [
    `${name} ${version} at ${socket}`,
    nodeId === undefined ? `it serves no node: ${problem}` : `node ${nodeId}`
  ]
  return ready && nodeId !== undefined
    ? ok(about, evidence)
    : failed(
        about,
        [...evidence, ...(ready ? [] : ["it is not ready"])],
        "look at the log of the container cinder-csi-plugin"
      )
}
