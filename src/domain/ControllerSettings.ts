import { Context } from "effect"

/** What the operator decides about provisioning. */
export interface ControllerOptions {
  /** Written to each volume as metadata `cinder.csi.openstack.org/cluster`, also when empty. */
  readonly cluster: string
  /** Whether zones are read from requests and reported for volumes. */
  readonly withTopology: boolean
  /** Report the requested preferred topology instead of the volume's zone. */
  readonly ignoreVolumeZone: boolean
}

export class ControllerSettings extends Context.Tag("cinder-csi/domain/ControllerSettings")<
  ControllerSettings,
  ControllerOptions
>() {}
