import { createServer, type IncomingMessage, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"

export const serverId = "1c2f4b7e-9d3a-4e51-8a6b-0f1e2d3c4b5a"
export const otherId = "0f1e2d3c-4b5a-4e51-8a6b-1c2f4b7e9d3a"

/** As Nova writes it, with more in it than we read. */
export const document = (uuid: unknown = serverId, zone: unknown = "zone-a", devices?: unknown) =>
  JSON.stringify({
    devices,
    uuid,
    availability_zone: zone,
    name: "node-1",
    hostname: "node-1.novalocal",
    launch_index: 0,
    keys: []
  })

/** A metadata service on loopback; `requests` are those it got so far. */
export const serve = (answer: RequestListener, host = "127.0.0.1") =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const requests: Array<IncomingMessage> = []
      const server = createServer((request, response) => {
        requests.push(request)
        answer(request, response)
      })
      await new Promise<void>((resolve) => server.listen(0, host, resolve))
      const { port } = server.address() as AddressInfo
      return { server, requests, port, url: `http://${host.includes(":") ? `[${host}]` : host}:${port}` }
    }),
    ({ server }) =>
      Effect.promise(async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      })
  )

export const telling =
  (body: string, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(body)
  }

/** Answers each request with the next listener; the last stays. */
export const inTurn = (...listeners: ReadonlyArray<RequestListener>): RequestListener => {
  let next = 0
  return (request, response) => {
    const listener = listeners[Math.min(next++, listeners.length - 1)]
    listener?.(request, response)
  }
}
