/** One checkable behaviour of the Go driver that an operator relies on who changes the image and nothing else. */
export interface ParityRow {
  readonly id: `P-${number}`
  readonly promise: string
  /** What cannot be shown without an image or a cluster; the rest of the row is. */
  readonly open?: string
}

/** A row holds when every test whose name begins with its id does; a row without a test fails. */
export const parityRows: ReadonlyArray<ParityRow> = [
  { id: "P-1", promise: "/bin/cinder-csi-plugin may be the first argument" },
  { id: "P-2", promise: "the Go driver's flags in every spelling of pflag; an unknown flag ends the process" },
  { id: "P-3", promise: "the forms of --endpoint; a stale socket is replaced" },
  { id: "P-4", promise: "controller, node or both; a node needs no configuration" },
  { id: "P-5", promise: "the node calls no OpenStack API" },
  { id: "P-6", promise: "Probe does not depend on Keystone" },
  { id: "P-7", promise: "/metrics has the three openstack_api families with the same labels" },
  { id: "P-8", promise: "the rights and mounts of the existing pods suffice" },
  { id: "P-9", promise: "existing cloud.conf files load: dialect, merging, sections, unknown keys" },
  { id: "P-10", promise: "every way to log in, endpoint type, region, CA, client certificate, proxies" },
  { id: "P-11", promise: "node-volume-attach-limit" },
  { id: "P-12", promise: "rescan-on-resize, ignore-volume-az, ignore-volume-microversion, search-order" },
  { id: "P-13", promise: "the User-Agent" },
  { id: "P-14", promise: "the driver's name and its capabilities" },
  { id: "P-15", promise: "volume, node and snapshot ids are those of Cinder and Nova" },
  { id: "P-16", promise: "CreateVolume: name, description, metadata, sizes, parameters, zone, context" },
  { id: "P-17", promise: "CreateVolume again, and its errors" },
  { id: "P-18", promise: "restoring a backup, cloning, and the content source in the answer" },
  { id: "P-19", promise: "topology of a volume" },
  { id: "P-20", promise: "scheduler hints from annotations of a claim" },
  { id: "P-21", promise: "DeleteVolume of an absent and of an attached volume" },
  { id: "P-22", promise: "ControllerPublish" },
  { id: "P-23", promise: "ControllerUnpublish of what is not there" },
  { id: "P-24", promise: "several nodes on multi-attach types" },
  { id: "P-25", promise: "ListVolumes shows every volume of every cloud with its servers" },
  { id: "P-26", promise: "snapshots and backups" },
  { id: "P-27", promise: "growing a volume, in use or not" },
  { id: "P-28", promise: "ControllerGetVolume and ValidateVolumeCapabilities" },
  { id: "P-29", promise: "the key cloud of a secret" },
  { id: "P-30", promise: "the zone label of a node" },
  { id: "P-31", promise: "disks are found under all names that udev gives them" },
  { id: "P-32", promise: "formatting, checking and mounting" },
  { id: "P-33", promise: "volumes that the Go driver staged are taken over" },
  { id: "P-34", promise: "file systems grow when a volume is staged that needs it" },
  { id: "P-35", promise: "raw block volumes" },
  { id: "P-36", promise: "inline ephemeral volumes are UNIMPLEMENTED" },
  { id: "P-37", promise: "usage of volumes" },
  { id: "P-38", promise: "unpublishing and unstaging what is absent or broken" },
  { id: "P-39", promise: "the image has the tools of every file system" },
  { id: "P-40", promise: "volumes of the in-tree plug-in, as Kubernetes translates them" },
  { id: "P-41", promise: "upstream's manifests and chart with another image" },
  { id: "P-42", promise: "the Go driver can take over again at any time" },
  { id: "P-43", promise: "newer parameters in upstream's spelling" }
]
