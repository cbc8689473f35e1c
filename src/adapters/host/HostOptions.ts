import { Duration } from "effect"

/**
 * What proves that a disk is a volume. `serial`: the serial number that Nova gives the disk. `loop-backing-file`: a loop
 * device over a file named `volume-<id>`, for the demo and for tests, where no hypervisor gives disks a serial.
 */
export type IdentitySource = "serial" | "loop-backing-file"

/** How the host is looked at and worked on; what is left out has a default that suits a node. */
export interface HostOptions {
  /** Where device nodes and their by-id links are. */
  readonly devRoot: string
  readonly sysRoot: string
  readonly identity: IdentitySource
  readonly limits: HostLimits
  /** File systems made, checked or grown unmounted at a time. */
  readonly formatConcurrency: number
}

/** The longest that each kind of step may take. */
export interface HostLimits {
  /** One look at a path, the mount table or the figures of a file system. */
  readonly look: Duration.Duration
  /** Reading a disk to see what it holds. */
  readonly scan: Duration.Duration
  /** Mounting may replay a journal, unmounting writes everything back. */
  readonly mount: Duration.Duration
  readonly format: Duration.Duration
  readonly check: Duration.Duration
  readonly grow: Duration.Duration
  /** How long one of these keeps the next in line waiting; then its disk is likely not to answer. */
  readonly lane: Duration.Duration
}

export const defaultHostOptions: HostOptions = {
  devRoot: "/dev",
  sysRoot: "/sys",
  identity: "serial",
  formatConcurrency: 1,
  limits: {
    look: Duration.seconds(5),
    scan: Duration.seconds(30),
    mount: Duration.minutes(5),
    format: Duration.minutes(10),
    check: Duration.minutes(20),
    grow: Duration.minutes(30),
    lane: Duration.minutes(1)
  }
}
