import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"

export const noConnectionWithin = (limitMillis: number) =>
  Object.assign(new Error(`no connection within ${limitMillis / 1000} s`), { code: "ETIMEDOUT" })

export interface ConnectLimit {
  readonly limitMillis: number
  /** Of the limit, before there was a socket. */
  readonly spentMillis?: number
  /** Says what else an operator should know of an error. */
  readonly explain?: ((message: string) => string) | undefined
}

/**
 * Bounds a connection until it can carry a request, with the TLS handshake, and marks what breaks until then as an error
 * of connecting: the request was certainly not carried out.
 */
export const boundConnect = (
  socket: Socket,
  { limitMillis, spentMillis = 0, explain = (message) => message }: ConnectLimit
) => {
  const timer = setTimeout(
    () => socket.destroy(noConnectionWithin(limitMillis)),
    Math.max(1, limitMillis - spentMillis)
  )
  const mark = (error: Error) => Object.assign(error, { syscall: "connect", message: explain(error.message) })
  const stop = () => {
    clearTimeout(timer)
    socket.off("error", mark)
  }
  socket.on("error", mark)
  socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", stop)
  socket.once("close", stop)
}
