import { checkNumber, checkOptions, type OptionTable } from '@posthouse/wire'
import type { OutgoingMail, SendOptions, SmtpClient } from './client.js'
import { systemTimer, type Timer } from './conversation.js'
import { SmtpClientError } from './errors.js'
import type { SendResult } from './outcome.js'
import { canRepeat, isLimit, isStale, type Round, roundOf, sendInRounds } from './rounds.js'

/** How a pool makes and keeps its connections. */
export interface SmtpPoolOptions {
  /** Opens a connection. `signal`: the pool was closed in the meantime. */
  readonly connect: (signal: AbortSignal) => Promise<SmtpClient>
  /** Connections at a time, those included that are being closed; fewer where the server takes no more. Default: 5. */
  readonly maxConnections?: number
  /** Messages over one connection. Default: 100. */
  readonly maxMessagesPerConnection?: number
  /** ms after which a connection that nobody uses is closed. Default: 30,000. */
  readonly idle?: number
  /** The clock. Default: that of the runtime. */
  readonly timer?: Timer
}

/** Connections to one server, opened as they are needed and used again. */
export interface SmtpPool extends AsyncDisposable {
  /** Connections that are open, being opened or being closed. */
  readonly connections: number
  /** Messages that wait for a connection. */
  readonly waiting: number
  /**
   * As `SmtpClient.send`, over whichever connection is free. What one connection has no room for (RFC 9422) goes over
   * another, and a connection that was lost while nobody used it does not fail a message.
   */
  send(mail: OutgoingMail, options?: SendOptions): Promise<SendResult>
  /** Lets messages in progress finish, refuses new ones, and closes all connections. Never rejects. */
  close(): Promise<void>
}

interface Waiting {
  resolve(one: Connected): void
  reject(error: unknown): void
}

/** A connection of the pool. */
interface Connected {
  readonly client: SmtpClient
  /** It was given back at least once: it may have been lost while nobody used it. */
  used: boolean
}

const OPTIONS: OptionTable<SmtpPoolOptions> = {
  connect: 1,
  maxConnections: 0,
  maxMessagesPerConnection: 0,
  idle: 0,
  timer: 0,
}

/** Makes a pool. @throws RangeError when it may have no connection; TypeError for options that there are not. */
export function createSmtpPool(options: SmtpPoolOptions): SmtpPool {
  checkOptions('createSmtpPool', options, OPTIONS)
  const { connect, maxConnections = 5, maxMessagesPerConnection = 100, idle = 30_000, timer = systemTimer } = options
  checkNumber('maxConnections', maxConnections, 1)
  checkNumber('maxMessagesPerConnection', maxMessagesPerConnection, 1)
  checkNumber('idle', idle)
  /** The connection that was used last is used first: the others may grow old and be closed. */
  const free: { readonly one: Connected; readonly forget: () => void }[] = []
  const queue: Waiting[] = []
  const closer = new AbortController()
  /** Connections that are being opened or closed. None rejects. */
  const changing = new Set<Promise<void>>()
  let open = 0
  /** Of them, those that are being opened. */
  let opening = 0
  /** Of them, those that stand, in use or not. */
  let standing = 0
  /** Connections that the server seems to take. */
  let room = maxConnections
  /** Messages that wait on although no connection could be opened for them. */
  let spared = 0
  let busy = 0
  let closed: Promise<void> | null = null
  let emptied: (() => void) | null = null

  function track(change: Promise<void>): void {
    const done = change.finally(() => changing.delete(done))
    changing.add(done)
  }

  /** A server counts a connection until it has gone: only then another one takes its place. */
  function dispose({ client }: Connected): void {
    standing--
    const gone = async (): Promise<void> => {
      await client.close()
      open--
      // Whoever waits still is given another try.
      spared = 0
      room = maxConnections
      serve()
    }
    track(gone())
  }

  function takeFree(): Connected | null {
    for (let last = free.pop(); last; last = free.pop()) {
      last.forget()
      if (last.one.client.usable) return last.one
      dispose(last.one)
    }
    return null
  }

  function disposeFree(): void {
    for (const { one, forget } of free.splice(0)) {
      forget()
      dispose(one)
    }
  }

  function acquire(signal: AbortSignal | undefined): Promise<Connected> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        resolve(one) {
          signal?.removeEventListener('abort', onAbort)
          resolve(one)
        },
        reject(error) {
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        },
      }
      const onAbort = (): void => {
        const at = queue.indexOf(entry)
        if (at !== -1) queue.splice(at, 1)
        entry.reject(new SmtpClientError('aborted', 'the caller gave up', { cause: signal?.reason }))
      }
      if (signal?.aborted) return onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
      queue.push(entry)
      serve()
    })
  }

  /** Gives free and new connections to who waits. */
  function serve(): void {
    while (queue.length > 0) {
      const one = takeFree()
      if (one) (queue.shift() as Waiting).resolve(one)
      else if (opening < queue.length && open < room) track(openOne())
      else return
    }
  }

  async function openOne(): Promise<void> {
    open++
    opening++
    try {
      const one: Connected = { client: await connect(closer.signal), used: false }
      opening--
      standing++
      spared = 0
      const entry = queue.shift()
      if (entry) entry.resolve(one)
      else release(one)
    } catch (error) {
      opening--
      open--
      failed(error)
      serve()
    }
  }

  /** A server that takes a connection and refuses another one has enough of them: who waits gets its turn over the first. */
  function failed(error: unknown): void {
    if (!(error instanceof SmtpClientError)) {
      queue.shift()?.reject(error)
    } else if (standing + opening > 0) {
      spared++
      room = open
    } else {
      for (spared++; spared > 0; spared--) queue.shift()?.reject(error)
      room = maxConnections
    }
  }

  function release(one: Connected): void {
    const { client } = one
    one.used = true
    if (!client.usable || client.transactions >= maxMessagesPerConnection) {
      dispose(one)
    } else if (queue.length > 0) {
      ;(queue.shift() as Waiting).resolve(one)
    } else if (closed) {
      dispose(one)
    } else {
      const forget = timer(() => {
        const at = free.findIndex((other) => other.one === one)
        if (at !== -1) free.splice(at, 1)
        dispose(one)
      }, idle)
      free.push({ one, forget })
    }
    serve()
  }

  /** Sends over one connection, and over another as long as one that lay idle turns out to be lost. */
  async function once(mail: OutgoingMail, how: SendOptions): Promise<Round> {
    for (;;) {
      const one = await acquire(how.signal)
      const { used } = one
      const round = await roundOf(one.client.send(mail, how), !used)
      // What has no room for this message would have none for the next one to the same recipients.
      if (round.recipients.some(isLimit)) dispose(one)
      else release(one)
      if (!used || !isStale(round) || !canRepeat(mail)) return round
      // One that is lost speaks for all that nobody uses: so no message waits for more than one of them.
      disposeFree()
    }
  }

  return {
    get connections() {
      return open
    },
    get waiting() {
      return queue.length
    },
    async send(mail, how = {}) {
      if (closed) throw new SmtpClientError('closed', 'the pool is closed')
      busy++
      try {
        return await sendInRounds(mail, (left) => once(left, how))
      } finally {
        busy--
        if (busy === 0) emptied?.()
      }
    },
    close() {
      closed ??= finish()
      return closed
    },
    async [Symbol.asyncDispose]() {
      await this.close()
    },
  }

  async function finish(): Promise<void> {
    if (busy > 0) await new Promise<void>((resolve) => (emptied = resolve))
    closer.abort()
    disposeFree()
    while (changing.size > 0) await Promise.all(changing)
  }
}
