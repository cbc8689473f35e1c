import { Scheduler } from "effect"
import type { RuntimeFiber } from "effect/Fiber"

/** Milliseconds of work between two looks at sockets and timers. */
const slice = 3

/** Tasks that have run and are still in their line at most. */
const longestDone = 512

interface Bucket {
  readonly priority: number
  readonly tasks: Array<() => void>
  next: number
}

/**
 * Runs fibers in slices of a few milliseconds, with a look at sockets and timers between two of them, and always the most
 * urgent first (the lowest number). Effect's own scheduler runs thousands of rounds before it looks, first come first
 * served, so that a Probe would wait for everything that a thousand other calls have to do at the moment.
 */
export class FairScheduler implements Scheduler.Scheduler {
  private running = false
  private readonly buckets: Array<Bucket> = []

  shouldYield(fiber: RuntimeFiber<unknown, unknown>): number | false {
    return Scheduler.defaultShouldYield(fiber)
  }

  scheduleTask(task: () => void, priority: number): void {
    this.bucketOf(priority).tasks.push(task)
    if (this.running) return
    this.running = true
    // A microtask at first: what is quickly done need not wait for the next turn of the event loop.
    queueMicrotask(this.run)
  }

  private bucketOf(priority: number): Bucket {
    const at = this.buckets.findIndex((bucket) => bucket.priority >= priority)
    const found = this.buckets[at]
    if (found?.priority === priority) return found
    const bucket: Bucket = { priority, tasks: [], next: 0 }
    this.buckets.splice(at === -1 ? this.buckets.length : at, 0, bucket)
    return bucket
  }

  private take(): (() => void) | undefined {
    for (const bucket of this.buckets) {
      const task = bucket.tasks[bucket.next]
      if (task === undefined) continue
      bucket.next += 1
      // Under load a line may never be empty: what has run must not be kept until it is.
      if (bucket.next === bucket.tasks.length || bucket.next === longestDone) {
        bucket.tasks.splice(0, bucket.next)
        bucket.next = 0
      }
      return task
    }
    return undefined
  }

  private readonly run = (): void => {
    const until = performance.now() + slice
    for (let task = this.take(); task !== undefined; task = this.take()) {
      task()
      if (performance.now() < until) continue
      setImmediate(this.run)
      return
    }
    this.running = false
  }
}
