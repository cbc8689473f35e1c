import { homedir } from "node:os"
import { join } from "node:path"

const state = process.env["OPENSTACK_LAB"] ?? join(homedir(), "openstack-lab")

export const labFile = (...path: ReadonlyArray<string>) => join(state, ...path)
