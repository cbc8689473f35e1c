import { Context } from "effect"
import type { ZoneMap } from "./Topology.ts"

/** What the operator decides about provisioning. */
export interface ControllerOptions {
  /** Written to each volume as metadata `cinder.csi.openstack.org/cluster`, also when empty. */
  readonly cluster: string
  /** Whether zones are read from requests and reported for volumes. */
  readonly withTopology: boolean
  /** Report the requested preferred topology instead of the volume's zone. */
  readonly ignoreVolumeZone: boolean
  /** Default: Nova and Cinder call their zones the same. */
  readonly zoneMap?: ZoneMap
  /** Make volumes with a file system for several writing nodes too. Default false: the first two writers destroy it. */
  readonly multiWriterFileSystem?: boolean
  /**
   * Remove in Cinder what a server that Nova does not have left attached. Default false: releases of Cinder before the
   * correction of https://security.openstack.org/ossa/OSSA-2023-003.html do so without asking Nova once more.
   */
  readonly removeStaleAttachments?: boolean
}

/** The options as a service, for those who build the services one by one. */
export class ControllerSettings extends Context.Tag("cinder-csi/domain/ControllerSettings")<
  ControllerSettings,
  ControllerOptions
>() {}
