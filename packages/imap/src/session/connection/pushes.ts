/**
 * What a server says without being asked (IDLE, NOTIFY). A response is never begun in the middle of another one: a push
 * runs when no command does, and the next command waits until it is over.
 */
export class Pushes {
  #waiting: (() => Promise<void>)[] = []
  #running: Promise<void> | null = null
  #held = false
  #stopped = false

  /** The push in progress; `null` when there is none. */
  get running(): Promise<void> | null {
    return this.#running
  }

  /** Runs a task now, or behind the command in progress. It writes to the session's `out`; errors go to its `failed`. */
  push(task: () => Promise<void>): void {
    if (this.#stopped) return
    this.#waiting.push(task)
    this.#start()
  }

  /** A command is in progress. */
  hold(): void {
    this.#held = true
  }

  /** None is: what has waited runs. */
  release(): void {
    this.#held = false
    this.#start()
  }

  stop(): void {
    this.#stopped = true
    this.#waiting = []
  }

  #start(): void {
    if (!this.#running && !this.#held && !this.#stopped && this.#waiting.length > 0) this.#running = this.#runAll()
  }

  async #runAll(): Promise<void> {
    // The command has said its last word in this turn; the push comes behind it.
    await Promise.resolve()
    while (this.#waiting.length > 0 && !this.#held && !this.#stopped) await this.#waiting.shift()?.()
    this.#running = null
  }
}
