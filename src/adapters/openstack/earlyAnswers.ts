import type * as Http from "node:http"

/**
 * Keeps a response, or an error, that comes before anybody listens, and hands it to the first who does. The platform's
 * client listens in a fiber of its own; if sockets are looked at before that fiber's turn, Node would throw the response
 * away (the caller would wait for ever) and end the process over the error.
 */
const keeperOf = (event: "response" | "error") =>
  function (this: Http.ClientRequest, ...happened: ReadonlyArray<unknown>) {
    if (this.listenerCount(event) > 1) return
    const deliver = (name: string | symbol, listener: (...happened: ReadonlyArray<unknown>) => void) => {
      if (name !== event) return
      this.off("newListener", deliver)
      queueMicrotask(() => listener(...happened))
    }
    this.on("newListener", deliver)
  }

const keepResponse = keeperOf("response")
const keepError = keeperOf("error")

export const keepEarlyAnswer = (request: Http.ClientRequest) => {
  request.on("response", keepResponse).on("error", keepError)
}
