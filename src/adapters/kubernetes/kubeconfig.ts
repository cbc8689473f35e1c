import { Either, ParseResult, Schema } from "effect"
import { parseDocument } from "yaml"

const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullOr(schema), { exact: true })

const Text = maybe(Schema.String)

const Cluster = Schema.Struct({
  server: Text,
  "certificate-authority": Text,
  "certificate-authority-data": Text,
  "insecure-skip-tls-verify": maybe(Schema.Boolean),
  "tls-server-name": Text,
  "proxy-url": Text
})

const User = Schema.Struct({
  token: Text,
  tokenFile: Text,
  username: Text,
  password: Text,
  "client-certificate": Text,
  "client-certificate-data": Text,
  "client-key": Text,
  "client-key-data": Text,
  exec: maybe(Schema.Unknown),
  "auth-provider": maybe(Schema.Unknown),
  as: Text
})

const Kubeconfig = Schema.Struct({
  clusters: maybe(Schema.Array(Schema.Struct({ name: Schema.String, cluster: maybe(Cluster) }))),
  users: maybe(Schema.Array(Schema.Struct({ name: Schema.String, user: maybe(User) }))),
  contexts: maybe(
    Schema.Array(Schema.Struct({ name: Schema.String, context: maybe(Schema.Struct({ cluster: Text, user: Text })) }))
  ),
  "current-context": Text
})

const decode = Schema.decodeUnknownEither(Kubeconfig)

/** What the current context of a kubeconfig says, with file names as written. */
export interface CurrentContext {
  readonly cluster: typeof Cluster.Type
  readonly user: typeof User.Type
}

/** Neither the reader's nor the schema's own messages are shown: both quote the text, which holds secrets. */
const readDocument = (text: string): Either.Either<typeof Kubeconfig.Type, string> => {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) return Either.left(`is not YAML at line ${error.linePos?.[0].line ?? 1}`)
  return Either.try({ try: (): unknown => document.toJS(), catch: () => "is not YAML that can be read" }).pipe(
    Either.flatMap((value) =>
      Either.mapLeft(decode(value), (problem) => {
        const [issue] = ParseResult.ArrayFormatter.formatErrorSync(problem)
        return issue === undefined || issue.path.length === 0
          ? "is no kubeconfig"
          : `is no kubeconfig: ${issue.path.join(".")} is of the wrong kind`
      })
    )
  )
}

const unsupportedIn = ({ cluster, user }: CurrentContext): string | undefined =>
  (["tls-server-name", "proxy-url"] as const).find((key) => cluster[key]) ??
  (["exec", "auth-provider", "as"] as const).find((key) => user[key])

/** The current context (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/). */
export const readKubeconfig = (text: string): Either.Either<CurrentContext, string> =>
  Either.gen(function* () {
    const config = yield* readDocument(text)
    const current = config["current-context"]
    if (!current) return yield* Either.left("has no current-context")
    const context = config.contexts?.find(({ name }) => name === current)?.context
    if (!context) return yield* Either.left(`has no context ${JSON.stringify(current)}, the current one`)
    const cluster = config.clusters?.find(({ name }) => name === context.cluster)?.cluster
    if (!cluster) return yield* Either.left(`has no cluster ${JSON.stringify(context.cluster ?? "")}`)
    const user = context.user ? config.users?.find(({ name }) => name === context.user)?.user : {}
    if (!user) return yield* Either.left(`has no user ${JSON.stringify(context.user ?? "")}`)
    const unsupported = unsupportedIn({ cluster, user })
    if (unsupported !== undefined) {
      return yield* Either.left(
        `uses ${unsupported}, which is not supported; use a token, a tokenFile or a client certificate`
      )
    }
    return { cluster, user }
  })
