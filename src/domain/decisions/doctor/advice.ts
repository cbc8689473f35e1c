import type { CloudFailure } from "../../errors.ts"

/** Who must do what about a request that the cloud did not fulfil. */
export const adviceFor = ({ reason, service }: CloudFailure): string => {
  switch (reason) {
    case "unreachable":
    case "unanswered":
      return `see that ${service} can be reached from here: name, route, firewall, HTTPS_PROXY and NO_PROXY`
    case "throttled":
      return "ask again later, or have an administrator of the cloud raise the limit of requests"
    case "unauthenticated":
      return "compare user, password or application credential, project, domains and region in cloud.conf with what the cloud gave out"
    case "forbidden":
      return "have an administrator of the cloud give the user a role that may do it in the project, such as member"
    case "notFound":
      return "have an administrator of the cloud look at the endpoint in the catalogue"
    case "invalid":
    case "conflict":
    case "malformed":
      return `what answers at this address may not be ${service}: see auth-url and the catalogue's endpoint`
    case "unsupported":
      return "the cloud is too old for it, or ignore-volume-microversion is set"
  }
}
