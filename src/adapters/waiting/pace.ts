import type { AwaitedOperation } from "../../ports/CloudWatch.ts"

const mostRoom = 2_000

/**
 * Milliseconds kept free before the caller's deadline, so that the answer still arrives: 2 s, less when time is short.
 * `began` is when the call began: a wait late in it must not count on less.
 */
export const roomToAnswer = (began: number, deadline: number): number =>
  Math.max(0, Math.min(mostRoom, (deadline - began) / 10))

/** When a wait that starts at `startedAt`, in a call that began at `began`, gives its answer at the latest. */
export const endOfWait = (startedAt: number, began: number, deadline: number, budgetMillis: number): number =>
  Math.min(startedAt + budgetMillis, deadline - roomToAnswer(began, deadline))

const growth = 1.5
const longestPause = 4_000

/** Attaching and detaching mostly take around a second, the rest mostly longer; tasks of servers end when they end. */
const firstPause = (operation: AwaitedOperation): number => {
  switch (operation) {
    case "attach":
    case "detach":
      return 250
    case "create":
    case "delete":
    case "extend":
      return 500
    case "task":
      return longestPause
  }
}

/** The pause after one of `previous` milliseconds; 0 is the pause before the first look. */
export const nextPause = (operation: AwaitedOperation, previous: number): number =>
  previous === 0 ? firstPause(operation) : Math.min(longestPause, Math.round(previous * growth))
