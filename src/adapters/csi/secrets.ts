import { Either } from "effect"
import { cloudTitle } from "../../domain/decisions/clouds.ts"
import { type Checked, invalid } from "./wireFields.ts"

/**
 * Which secret Kubernetes sends with a call, as the class of the volume or snapshot refers to it:
 * https://kubernetes-csi.github.io/docs/secrets-and-credentials.html
 */
export type SecretReference =
  | "provisioner"
  | "controller-publish"
  | "controller-expand"
  | "snapshotter"
  | "snapshotter-list"

const classOf = (reference: SecretReference): string =>
  reference.startsWith("snapshotter") ? "VolumeSnapshotClass" : "StorageClass"

const remedy = (reference: SecretReference): string =>
  `name one in a secret that the ${classOf(reference)} refers to by ` +
  `csi.storage.k8s.io/${reference}-secret-name and csi.storage.k8s.io/${reference}-secret-namespace`

/** The name of a call's cloud, `""` if none is given. The one value that is ever read from secrets. */
export const cloudNameIn = (secrets: ReadonlyMap<string, string>): string => secrets.get("cloud") ?? ""

/** The cloud that the secrets of a call name. */
export const cloudOf = <Cloud>(
  secrets: ReadonlyMap<string, string>,
  served: ReadonlyMap<string, Cloud>,
  reference: SecretReference
): Checked<Cloud> => {
  const name = cloudNameIn(secrets)
  const cloud = served.get(name)
  if (cloud !== undefined) return Either.right(cloud)
  const titles = [...served.keys()].map(cloudTitle).join(", ")
  return name === ""
    ? invalid(
        "secrets.cloud",
        `is missing and plain [Global] is not served, only ${titles} (--cloud-name): ${remedy(reference)}`
      )
    : invalid("secrets.cloud", `is ${JSON.stringify(name)}, which is not served, only ${titles} (--cloud-name)`)
}
