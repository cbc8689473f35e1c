import type { hintAnnotations } from "./hints.ts"
import type { snapshotParameterKeys, volumeParameterKeys } from "./parameters.ts"

/** What a person needs to know of what Kubernetes objects may say; docs/options.md is made of these. Texts are Markdown, seen from docs/. */
export interface ParameterNote {
  /** As it would be written: writing it changes nothing. */
  readonly default?: string
  readonly unset?: string
  readonly means: string
}

type Notes<Keys extends ReadonlyArray<string>> = { readonly [Key in Keys[number]]: ParameterNote }

const mkfs: ParameterNote = {
  unset: "none",
  means:
    "[Options for mkfs](configuration.md#options-for-mkfs). Both spellings mean the same; with different values they are refused"
}

export const volumeParameterNotes: Notes<typeof volumeParameterKeys> = {
  type: { unset: "the cloud's default", means: "Volume type, by name or id" },
  availability: { unset: "from the topology", means: "Zone of Cinder; wins over the topology and is not translated" },
  appendVolumeMetadata: {
    unset: "nothing",
    means: "[Metadata](configuration.md#metadata-of-your-own) that each volume gets besides the driver's own"
  },
  "mkfs-options": mkfs,
  mkfsOptions: mkfs
}

export const snapshotParameterNotes: Notes<typeof snapshotParameterKeys> = {
  type: { default: "snapshot", means: "`snapshot` or `backup`: [backups](configuration.md#backups-behind-snapshots)" },
  availability: { unset: "Cinder's choice", means: "Zone of the backup; needs microversion 3.51" },
  "backup-max-duration-seconds-per-gb": {
    default: "20",
    means:
      "A copy that takes longer than 30 s and this for each GiB is reported as stuck. It goes on all the same, and becomes " +
      "ready if it ends well"
  },
  "force-create": { means: "Checked and without effect: a volume in use is always snapshotted" },
  appendVolumeMetadata: {
    unset: "nothing",
    means:
      "[Metadata](configuration.md#metadata-of-your-own) that each snapshot or backup gets besides the driver's own"
  }
}

export const hintAnnotationNotes: Notes<typeof hintAnnotations> = {
  "cinder.csi.openstack.org/affinity": {
    unset: "Cinder's choice",
    means: "Put the new volume on the storage backend of these volumes (Cinder's `same_host`)"
  },
  "cinder.csi.openstack.org/anti-affinity": {
    unset: "Cinder's choice",
    means: "Put the new volume on another backend than these (`different_host`)"
  }
}
