/**
 * What a server says without being asked (IDLE, NOTIFY). A response is never begun in the middle of another one: a push
 * runs when no command does, and the next command waits until it is over.
 */
export interface Pushes {
  /** Runs a task now, or behind the command in progress. It writes to the session's `out`; errors go to its `failed`. */
  push(task: () => Promise<void>): void
  /** A command is in progress. */
  hold(): void
  /** None is: what has waited runs. */
  release(): void
  /** The push in progress; `null` when there is none. */
  readonly running: Promise<void> | null
  stop(): void
}

export function createPushes(): Pushes {
  let waiting: (() => Promise<void>)[] = []
  let running: Promise<void> | null = null
  let held = false
  let stopped = false

  async function runAll(): Promise<void> {
    // The command has said its last word in this turn; the push comes behind it.
    await Promise.resolve()
    while (waiting.length > 0 && !held && !stopped) await waiting.shift()?.()
    running = null
  }

  function start(): void {
    if (!running && !held && !stopped && waiting.length > 0) running = runAll()
  }

  return {
    push(task) {
      if (stopped) return
      waiting.push(task)
      start()
    },
    hold() {
      held = true
    },
    release() {
      held = false
      start()
    },
    get running() {
      return running
    },
    stop() {
      stopped = true
      waiting = []
    },
  }
}
