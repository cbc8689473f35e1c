import { Context, type Duration } from "effect"

export interface FailoverOptions {
  /** How long nothing has been heard of a node's kubelet before anything is done about it. */
  readonly lostAfter: Duration.Duration
  /** How far apart the two readings are that have to say the same. */
  readonly betweenReadings: Duration.Duration
  /** Have Nova stop the server of a lost node that still runs. */
  readonly stopServers: boolean
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean
}

export class FailoverSettings extends Context.Tag("cinder-csi/domain/FailoverSettings")<
  FailoverSettings,
  FailoverOptions
>() {}
