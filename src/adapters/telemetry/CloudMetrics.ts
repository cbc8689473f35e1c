import { Counter, Histogram, Registry } from "prom-client"

/** One request to the cloud that ended. */
export interface FinishedRequest {
  /** Upstream's word for what was asked, such as `volume_create`. */
  readonly request: string
  readonly durationMillis: number
  readonly failed: boolean
}

export interface CloudMetrics {
  /** Neither throws nor blocks. */
  readonly observe: (finished: FinishedRequest) => void
  /** Prometheus text of everything counted so far. */
  readonly render: () => Promise<string>
  readonly contentType: string
}

/**
 * The three families that cinder-csi-plugin exposes, with its names, label and default buckets, so that dashboards and
 * alerts go on working (https://github.com/kubernetes/cloud-provider-openstack, docs/metrics.md).
 */
export const makeCloudMetrics = (): CloudMetrics => {
  const registry = new Registry()
  const labelNames = ["request"] as const
  const registers = [registry]
  const durations = new Histogram({
    name: "openstack_api_request_duration_seconds",
    help: "Latency of an OpenStack API call",
    labelNames,
    registers
  })
  const requests = new Counter({
    name: "openstack_api_requests_total",
    help: "Total number of OpenStack API calls",
    labelNames,
    registers
  })
  const errors = new Counter({
    name: "openstack_api_request_errors_total",
    help: "Total number of errors for an OpenStack API call",
    labelNames,
    registers
  })
  return {
    observe: ({ request, durationMillis, failed }) => {
      requests.inc({ request })
      durations.observe({ request }, durationMillis / 1000)
      if (failed) errors.inc({ request })
    },
    render: () => registry.metrics(),
    contentType: registry.contentType
  }
}
