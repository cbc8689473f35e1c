import type { MarkedBackup } from "./Backup.ts"
import type { Snapshot } from "./Snapshot.ts"
import type { Volume } from "./Volume.ts"

/** What is written on everything in Cinder for people. Only a look at all of it asks for this. */
interface Described {
  readonly description: string
}

/** A volume with its description. */
export interface DescribedVolume extends Volume, Described {}
/** A snapshot with its description. */
export interface DescribedSnapshot extends Snapshot, Described {}
/** A backup with its description. */
export interface DescribedBackup extends MarkedBackup, Described {}
