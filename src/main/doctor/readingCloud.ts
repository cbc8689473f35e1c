import { Layer } from "effect"
import type { Cloud } from "../../adapters/config/Cloud.ts"
import { layerCinderHttp } from "../../adapters/openstack/CinderHttp.ts"
import { layerCloudSurveyHttp } from "../../adapters/openstack/CloudSurveyHttp.ts"
import { layerNovaHttp } from "../../adapters/openstack/NovaHttp.ts"
import { layerReadingOnly } from "../../adapters/openstack/readingOnly.ts"
import { CinderReading, NovaReading } from "../../ports/CloudReading.ts"
import type { CloudSurvey } from "../../ports/CloudSurvey.ts"
import { type CloudOptions, type LiveAccess, layerClient, layerLogin, serviceOf } from "../cloudLayers.ts"

/** One configured cloud, of which nothing can be asked but to log in and to show. */
export const layerCloudReading = (
  cloud: Cloud,
  live: LiveAccess,
  options: CloudOptions
): Layer.Layer<CinderReading | NovaReading | CloudSurvey> => {
  const service = serviceOf(cloud, options)
  const { ignoreMicroversions, proxies } = options
  const { authUrl } = cloud
  return Layer.mergeAll(
    Layer.provide(CinderReading.layer, layerCinderHttp({ ...service, ignoreMicroversions })),
    Layer.provide(NovaReading.layer, layerNovaHttp(service)),
    layerCloudSurveyHttp({ ...service, authUrl, proxies, tls: () => live.current().tls })
  ).pipe(
    Layer.provide(layerLogin(cloud, live, options)),
    Layer.provide(layerReadingOnly),
    Layer.provide(layerClient(live, options))
  )
}
