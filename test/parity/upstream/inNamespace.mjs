// A guest with a metadata service and no other network: `inNamespace.mjs DOCUMENT PROGRAM ARGUMENT...`, in a network
// namespace of its own. The Go driver knows the service by its address alone.
import { spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"

const [document, program, ...args] = process.argv.slice(2)
const address = "169.254.169.254"

for (const words of [
  ["link", "set", "lo", "up"],
  ["address", "add", `${address}/32`, "dev", "lo"]
]) {
  if (spawnSync("ip", words, { stdio: "inherit" }).status !== 0) process.exit(1)
}

const server = createServer((request, response) => {
  const known = request.url === "/openstack/latest/meta_data.json"
  response.writeHead(known ? 200 : 404).end(known ? readFileSync(document) : "")
})
server.listen(80, address, () => {
  const child = spawn(program, args, { stdio: "inherit" })
  process.on("SIGTERM", () => child.kill("SIGTERM"))
  child.once("exit", (code) => process.exit(code ?? 0))
})
