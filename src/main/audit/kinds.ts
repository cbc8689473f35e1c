import type { FindingKind, Ref, Thing } from "../../domain/AuditFinding.ts"

export interface KindText {
  readonly title: string
  /** What it means, and what to do about it: by people, since an audit changes nothing. */
  readonly advice: ReadonlyArray<string>
  /** Whose GiB they are: the cloud's bill has them although nobody uses them. */
  readonly costs: boolean
}

export const kindTexts: Readonly<Record<FindingKind, KindText>> = {
  "orphan-volume": {
    title: "Volumes without a PersistentVolume",
    advice: [
      "The driver made them for this cluster, and no PersistentVolume names them any more.",
      "Make sure first that no other cluster of the project has the same name: its volumes would be here.",
      "To use one again make a PersistentVolume for it; to be rid of it delete it in OpenStack."
    ],
    costs: true
  },
  "orphan-snapshot": {
    title: "Snapshots without a VolumeSnapshotContent",
    advice: [
      "The driver made them for this cluster, and no VolumeSnapshotContent names them any more.",
      "A volume cannot be deleted while it has snapshots. Delete in OpenStack what nobody needs."
    ],
    costs: true
  },
  "orphan-backup": {
    title: "Backups without a VolumeSnapshotContent",
    advice: [
      "The driver made them for this cluster, and no VolumeSnapshotContent names them any more.",
      "Delete in OpenStack what nobody needs."
    ],
    costs: true
  },
  "temporary-snapshot": {
    title: "Snapshots that were cut for a backup and stayed",
    advice: [
      "The driver copies a backup from a snapshot and deletes the snapshot afterwards. These it could not delete.",
      "They can be deleted in OpenStack: no VolumeSnapshot is made of them."
    ],
    costs: true
  },
  "released-volume": {
    title: "PersistentVolumes whose claim is gone",
    advice: [
      "With the policy Retain somebody wanted to keep the data. When nobody does any more, delete the volume",
      "in OpenStack and the PersistentVolume in Kubernetes.",
      "With the policy Delete the deletion does not get through: kubectl describe pv NAME says why."
    ],
    costs: true
  },
  "missing-volume": {
    title: "PersistentVolumes whose volume is gone",
    advice: [
      "Somebody deleted it in OpenStack, or it is in a project that was not asked.",
      "Pods with such a claim do not start. Restore the data to a new claim, then delete this one.",
      "The PersistentVolume goes with the claim, since a volume that is gone counts as deleted."
    ],
    costs: false
  },
  "vanished-server": {
    title: "Attachments of servers that are gone",
    advice: [
      "Cinder has them on record for servers that Nova does not have. The volumes can be attached nowhere else.",
      "An administrator of the cloud has to remove them; remove-stale-attachments lets the driver do it."
    ],
    costs: false
  },
  "unasked-attachment": {
    title: "Attachments that Kubernetes did not ask for",
    advice: [
      "The volume is attached to a server, and there is no VolumeAttachment: nothing will detach it.",
      "Look on the server whether the disk is in use, then detach it in OpenStack."
    ],
    costs: false
  },
  "missing-attachment": {
    title: "VolumeAttachments without an attachment",
    advice: [
      "Kubernetes takes the volume for attached, and the cloud does not show it, or one of its services does not.",
      "Delete the pod, so that the volume is detached and attached anew."
    ],
    costs: false
  },
  "unknown-node": {
    title: "VolumeAttachments of nodes without the driver",
    advice: [
      "The node is gone, or the driver does not run there. The volume stays there until the node is given up.",
      "kubectl get node NAME: delete a node whose machine is gone, or mark it out of service."
    ],
    costs: false
  },
  broken: {
    title: "Volumes, snapshots and backups in error",
    advice: ["An administrator of the cloud has to look at what Cinder could not do."],
    costs: false
  },
  stuck: {
    title: "Volumes, snapshots and backups that stay under way",
    advice: [
      "Their state should have passed by now. A large copy or a retype may take its time; else something was lost,",
      "and an administrator of the cloud has to look at it."
    ],
    costs: false
  },
  "duplicate-name": {
    title: "Several volumes of one name",
    advice: [
      "Two processes made a volume for the same claim. One is in use or would be taken; the others are nobody's.",
      "Delete in OpenStack those that no PersistentVolume names."
    ],
    costs: false
  },
  "other-cluster": {
    title: "Volumes of this cluster that bear another cluster's mark",
    advice: [
      "They were taken over from there, or --cluster is not what the driver runs with.",
      "An audit of the other cluster would call them orphans once it does not name them any more."
    ],
    costs: false
  },
  "size-drift": {
    title: "Sizes that differ",
    advice: [
      "A larger volume was extended outside of Kubernetes: ask for that size in the claim.",
      "A smaller one was never extended: kubectl describe pvc says why."
    ],
    costs: false
  },
  "zone-drift": {
    title: "Zones that differ",
    advice: [
      "Pods are sent to a zone that the volume is not in. If the nodes there reach it say so with",
      "availability-zone-map or ignore-volume-az; a PersistentVolume's own zone cannot be changed."
    ],
    costs: false
  },
  "type-drift": {
    title: "Volume types that differ from the StorageClass",
    advice: ["The volume was given another type since, or the class was made anew with another one."],
    costs: false
  }
}

const looks: Readonly<Record<Thing, readonly [command: string, placeholder: string]>> = {
  volume: ["openstack volume show", "ID"],
  snapshot: ["openstack volume snapshot show", "ID"],
  backup: ["openstack volume backup show", "ID"],
  server: ["openstack server show", "ID"],
  persistentvolume: ["kubectl describe pv", "NAME"],
  volumeattachment: ["kubectl describe volumeattachment", "NAME"]
}

/** A command that shows the object and changes nothing. */
export const lookAt = ({ thing, id }: Ref): string => `${looks[thing][0]} ${id}`

/** The same for every object of its kind. */
export const lookAtAny = (thing: Thing): string => looks[thing].join(" ")
