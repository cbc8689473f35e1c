/** Where a disk is plugged in, in Nova's words: such as bus `scsi` and address `0:0:0:2`. */
export interface DiskAddress {
  readonly bus: string
  readonly address: string
}

/** A disk as Nova describes it to the server that has it. */
export interface DescribedDisk extends DiskAddress {
  /** Of a volume: its id. */
  readonly serial: string
}
