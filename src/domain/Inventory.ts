import type { MarkedBackup } from "./Backup.ts"
import type { Snapshot } from "./Snapshot.ts"
import type { Volume } from "./Volume.ts"

/** What is written on everything in Cinder for people. Only a look at all of it asks for this. */
interface Described {
  readonly description: string
}

export interface DescribedVolume extends Volume, Described {}
export interface DescribedSnapshot extends Snapshot, Described {}
export interface DescribedBackup extends MarkedBackup, Described {}
