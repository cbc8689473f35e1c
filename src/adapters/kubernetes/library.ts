/** All that is used of the library, which the bundle keeps in a file of its own: docs/development.md. */
export {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  createConfiguration,
  KubeConfig,
  ServerConfiguration,
  StorageV1Api,
  Watch
} from "@kubernetes/client-node"
