import type {
  ClaimSeen,
  NodePluginSeen,
  NodeSeen,
  PersistentVolumeSeen,
  PodSeen,
  StorageClassSeen
} from "../../ClusterObjects.ts"
import { type Finding, failed, ok, type Subject, subject, warning } from "./Finding.ts"
import { type Look, notSeen } from "./Look.ts"
import type { EventSeen } from "./Report.ts"

/** How Kubernetes knows this driver; its own volumes alone are looked at. */
export interface Driver {
  readonly name: string
}

const bytesText = (bytes: bigint | undefined): string => {
  if (bytes === undefined) return "no size"
  const gib = bytes / 2n ** 30n
  return gib * 2n ** 30n === bytes ? `${gib} GiB` : `${bytes} bytes`
}

export const claimSubject = (namespace: string, name: string): Subject =>
  subject("kubernetes.pvc", `claim ${namespace}/${name}`)

export const judgeClaim = (about: Subject, claim: ClaimSeen): Finding => {
  const { accessModes, capacityBytes, className, conditions, deleting, phase, requestedBytes, source, volumeName } =
    claim
  const size =
    capacityBytes !== undefined && requestedBytes !== undefined && capacityBytes < requestedBytes
      ? `${bytesText(requestedBytes)} asked for, ${bytesText(capacityBytes)} there`
      : bytesText(requestedBytes ?? capacityBytes)
  const evidence = [
    `${phase}: ${size}, ${accessModes.join(", ")}, class ${className ?? "none"}`,
    ...(volumeName === undefined ? [] : [`its volume is ${volumeName}`]),
    ...(source === undefined ? [] : [`it is to be filled from ${source}`]),
    ...conditions,
    ...(deleting ? ["it is being deleted"] : [])
  ]
  if (phase === "Lost") {
    return failed(
      about,
      evidence,
      "its persistent volume is gone from Kubernetes: make the claim anew, on a volume that has the data"
    )
  }
  if (deleting) return warning(about, evidence, "it goes once no pod uses it any more")
  return phase === "Bound" ? ok(about, evidence) : warning(about, evidence, undefined)
}

export const classSubject = subject("kubernetes.class", "its StorageClass")

/** `waiting`: the claim has no volume yet, so that the class matters. */
export const judgeClass = (
  driver: Driver,
  claim: ClaimSeen,
  look: Look<StorageClassSeen>,
  waiting: boolean
): Finding => {
  const about = classSubject
  if (claim.className === undefined) {
    return waiting
      ? failed(
          about,
          "the claim names none, and there was no default class",
          "name one in the claim, or make one the default"
        )
      : ok(about, "the claim names none")
  }
  if (look._tag === "Unseen") return notSeen(about, look)
  if (look._tag === "Absent") {
    const evidence = `there is no StorageClass ${claim.className}`
    return waiting
      ? failed(about, evidence, "make it, or name another one in a new claim")
      : ok(about, `${evidence} any more, and a bound claim needs none`)
  }
  const { name, parameters, provisioner, waitsForPod } = look.value
  const told = Object.entries(parameters).map(([key, value]) => `${key}=${value}`)
  const evidence = [`${name}: ${provisioner}`, ...(told.length > 0 ? [told.join(", ")] : [])]
  if (provisioner !== driver.name)
    return failed(about, evidence, `it belongs to another driver than ${driver.name}: ask there`)
  return waiting && waitsForPod && claim.selectedNode === undefined
    ? warning(
        about,
        [...evidence, "WaitForFirstConsumer, and no pod that uses the claim has a node yet"],
        "start a pod that uses it, or see why it is not scheduled"
      )
    : ok(about, evidence)
}

const rpcError = /code = (\w+) desc = (.*)$/s

const whoActs = (code: string): string | undefined => {
  switch (code) {
    case "ResourceExhausted":
      return "have an administrator of the cloud make room, or let the class choose another zone or type"
    case "InvalidArgument":
    case "OutOfRange":
      return "correct the class or the claim: a new claim is needed where it cannot be changed"
    case "PermissionDenied":
      return "see the rights of the user in cloud.conf: cinder-csi-plugin doctor"
    default:
      return undefined
  }
}

/** The driver's newest answer, as a sidecar wrote it down; undefined where none is known. */
export const judgeLastAnswer = (events: ReadonlyArray<EventSeen>): Finding | undefined => {
  const told = events.flatMap((event) => {
    const [, code, words] = rpcError.exec(event.message) ?? []
    return code === undefined || words === undefined ? [] : [{ reason: event.reason, code, words }]
  })
  const [newest] = told
  if (newest === undefined) return undefined
  const about = subject("kubernetes.answer", "the driver's newest answer")
  return failed(about, `${newest.reason}: ${newest.code}: ${newest.words}`, whoActs(newest.code))
}

export const volumeSubject = (name: string): Subject => subject("kubernetes.pv", `persistent volume ${name}`)

export const judgePersistentVolume = (driver: Driver, about: Subject, volume: PersistentVolumeSeen): Finding => {
  const { accessModes, capacityBytes, claim, deleting, phase, reclaimPolicy, volumeId } = volume
  const owner = claim === undefined ? "no claim" : `claim ${claim.namespace}/${claim.name}`
  const evidence = [
    `${phase}: ${bytesText(capacityBytes)}, ${accessModes.join(", ")}, ${owner}, reclaim policy ${reclaimPolicy}`,
    `volume ${volumeId} of Cinder`,
    ...(deleting ? ["it is being deleted"] : [])
  ]
  if (volumeId === undefined) {
    return failed(
      about,
      [...evidence.slice(0, 1), `it belongs to ${volume.driver ?? "no CSI driver"}`],
      `ask there: this is ${driver.name}`
    )
  }
  switch (phase) {
    case "Released":
      return reclaimPolicy === "Delete"
        ? warning(about, [...evidence, "its claim is gone, and Kubernetes has the driver delete it"], undefined)
        : warning(
            about,
            [...evidence, "its claim is gone, and it is kept with its data"],
            "delete it, or take spec.claimRef out of it, for another claim to have it"
          )
    case "Failed":
      return failed(about, evidence, "Kubernetes could not delete it: the warnings below say why")
    default:
      return deleting ? warning(about, evidence, undefined) : ok(about, evidence)
  }
}

export const podSubject = (namespace: string, name: string): Subject =>
  subject("kubernetes.pod", `pod ${namespace}/${name}`)

export const judgePod = (about: Subject, { claims, deleting, nodeName, phase, waiting }: PodSeen): Finding => {
  const evidence = [
    `${phase}${waiting.length > 0 ? ` (${waiting.join(", ")})` : ""}, ${nodeName === undefined ? "on no node yet" : `on node ${nodeName}`}`,
    claims.length === 0 ? "it uses no claim" : `it uses ${claims.join(", ")}`,
    ...(deleting ? ["it is being deleted"] : [])
  ]
  if (phase === "Running" && waiting.length === 0 && !deleting) return ok(about, evidence)
  return warning(
    about,
    evidence,
    nodeName === undefined ? "see why it is not scheduled: kubectl describe pod" : undefined
  )
}

export const nodeSubjectOf = (name: string): Subject => subject("kubernetes.node", `node ${name}`)

export const judgeNode = (about: Subject, { ready, taints, unschedulable, zoneLabel }: NodeSeen): Finding => {
  const evidence = [
    `Ready: ${ready}${unschedulable ? ", cordoned" : ""}, zone ${zoneLabel ?? "not labelled"}`,
    ...(taints.length > 0 ? [`taints: ${taints.join(", ")}`] : [])
  ]
  if (ready !== "True") {
    const remedy =
      "volumes stay on a node that is not heard of until its server is known to be off: then taint it node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
    return failed(about, evidence, remedy)
  }
  return ok(about, evidence)
}

export const pluginSubjectOf = (name: string): Subject =>
  subject("kubernetes.csinode", `the driver is registered on ${name}`)

export const judgeNodePlugin = (about: Subject, look: Look<NodePluginSeen>, node: NodeSeen | undefined): Finding => {
  if (look._tag === "Unseen") return notSeen(about, look)
  if (look._tag === "Absent") {
    const remedy = "look at the pod of the node plugin there, and at the log of its node-driver-registrar"
    return failed(about, "kubelet has no plugin of this driver: no volume can be attached there", remedy)
  }
  const { allocatable, serverId } = look.value
  const evidence = [
    `server ${serverId}, ${allocatable === undefined ? "no limit of volumes" : `at most ${allocatable} volumes`}`
  ]
  const provider = node?.providerServer
  return provider !== undefined && provider !== serverId
    ? failed(
        about,
        [...evidence, `the cloud controller manager takes it for ${provider}`],
        "see who is right: doctor --node on that node"
      )
    : ok(about, evidence)
}
