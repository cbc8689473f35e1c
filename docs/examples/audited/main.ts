/**
 * Serves the audited controller for a real cloud until it is told to end:
 *
 *     OS_AUTH_URL=https://keystone.example:5000 OS_REGION_NAME=RegionOne \
 *     OS_APPLICATION_CREDENTIAL_ID=… OS_APPLICATION_CREDENTIAL_SECRET=… npm start
 */
import { Config, Console, Effect, Layer } from "effect"
import { layerCinderHttp, layerHttpClient, layerKeystone, layerNovaHttp } from "effect-cinder-csi/openstack"
import { AuditTrail } from "./layerAudited.ts"
import { serveAudited } from "./serveAudited.ts"

const settings = Config.all({
  authUrl: Config.string("OS_AUTH_URL"),
  region: Config.string("OS_REGION_NAME"),
  id: Config.string("OS_APPLICATION_CREDENTIAL_ID"),
  secret: Config.redacted("OS_APPLICATION_CREDENTIAL_SECRET")
})

/** Cinder and Nova of a region, as whom the application credential is for. */
const cloudOf = ({ authUrl, region, id, secret }: Config.Config.Success<typeof settings>) => {
  const service = { choice: { region, interface: "public" } } as const
  return Layer.merge(layerCinderHttp(service), layerNovaHttp(service)).pipe(
    Layer.provide(layerKeystone({ authUrl, auth: { _tag: "applicationCredential", credential: { id }, secret } })),
    Layer.provide(layerHttpClient({}))
  )
}

const toldToEnd = Effect.async<void>((resume) => {
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => resume(Effect.void))
})

const program = Effect.gen(function* () {
  const { target } = yield* serveAudited({ _tag: "Unix", path: "csi.sock" }, cloudOf(yield* settings))
  yield* Effect.log(`serving CSI at ${target}`)
  yield* toldToEnd
})

program
  .pipe(
    Effect.scoped,
    Effect.provideService(AuditTrail, { write: (entry) => Console.log(JSON.stringify(entry)) }),
    Effect.tapErrorCause(Effect.logError),
    Effect.runPromiseExit
  )
  .then((exit) => {
    process.exitCode = exit._tag === "Success" ? 0 : 1
  })
