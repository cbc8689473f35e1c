import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"

/**
 * Bounds a connection until it can carry a request, with the TLS handshake, and marks what breaks until then as an error
 * of connecting: the request was certainly not carried out. `explain` says what else an operator should know of it.
 */
export const boundConnect = (socket: Socket, limitMillis: number, explain = (message: string) => message) => {
  const late = Object.assign(new Error(`no connection within ${limitMillis / 1000} s`), { code: "ETIMEDOUT" })
  const timer = setTimeout(() => socket.destroy(late), limitMillis)
  const mark = (error: Error) => Object.assign(error, { syscall: "connect", message: explain(error.message) })
  const stop = () => {
    clearTimeout(timer)
    socket.off("error", mark)
  }
  socket.on("error", mark)
  socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", stop)
  socket.once("close", stop)
}
