import type { OutgoingMail, SendOptions, SmtpClient } from './client.js'
import { systemTimer, type Timer } from './conversation.js'
import { SmtpClientError } from './errors.js'
import { type RecipientOutcome, type SendResult, sendResult } from './outcome.js'

/** How a pool makes and keeps its connections. */
export interface SmtpPoolOptions {
  /** Opens a connection. `signal`: the pool was closed in the meantime. */
  readonly connect: (signal: AbortSignal) => Promise<SmtpClient>
  /** Connections at a time, those included that are being closed. Default: 5. */
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

/** Makes a pool. */
export function createSmtpPool(options: SmtpPoolOptions): SmtpPool {
  const { connect, maxConnections = 5, maxMessagesPerConnection = 100, idle = 30_000, timer = systemTimer } = options
  /** The connection that was used last is used first: the others may grow old and be closed. */
  const free: { readonly one: Connected; readonly forget: () => void }[] = []
  const queue: Waiting[] = []
  const closer = new AbortController()
  /** Connections that are being opened or closed. None rejects. */
  const changing = new Set<Promise<void>>()
  let open = 0
  let busy = 0
  let closed: Promise<void> | null = null
  let emptied: (() => void) | null = null

  function track(change: Promise<void>): void {
    const done = change.finally(() => changing.delete(done))
    changing.add(done)
  }

  /** A server counts a connection until it has gone: only then another one takes its place. */
  function dispose({ client }: Connected): void {
    const gone = async (): Promise<void> => {
      await client.close()
      open--
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
      else if (opening < queue.length && open < maxConnections) track(openOne())
      else return
    }
  }

  let opening = 0

  async function openOne(): Promise<void> {
    open++
    opening++
    try {
      const one: Connected = { client: await connect(closer.signal), used: false }
      opening--
      const entry = queue.shift()
      if (entry) entry.resolve(one)
      else release(one)
    } catch (error) {
      opening--
      open--
      queue.shift()?.reject(error)
      serve()
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
  async function once(mail: OutgoingMail, how: SendOptions): Promise<SendResult> {
    for (;;) {
      const one = await acquire(how.signal)
      const { used } = one
      try {
        return await one.client.send(mail, how)
      } catch (error) {
        if (!used || !isStale(error) || !canRepeat(mail)) throw error
        // One that is lost speaks for all that nobody uses: so no message waits for more than one of them.
        disposeFree()
      } finally {
        release(one)
      }
    }
  }

  /** Sends, and sends again to those whom the limits of a connection left out. */
  async function send(mail: OutgoingMail, how: SendOptions): Promise<SendResult> {
    const first = await settled(once(mail, how))
    const outcomes = [...first.recipients]
    let { dropped, converted } = first
    for (;;) {
      const left = outcomes.flatMap((one, index) => (isLimit(one) ? [index] : []))
      if (left.length === 0 || !canRepeat(mail)) break
      const recipients = left.map((index) => mail.envelope.recipients[index])
      const next = await settled(once({ ...mail, envelope: { ...mail.envelope, recipients } }, how))
      for (const [i, index] of left.entries()) outcomes[index] = next.recipients[i]
      dropped = [...new Set([...dropped, ...next.dropped])]
      converted ||= next.converted
      // A server without room for even one is not asked for ever.
      if (next.recipients.every(isLimit)) break
    }
    if (outcomes.some(({ accepted }) => accepted)) return sendResult(outcomes, dropped, converted)
    throw first.failure
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
        return await send(mail, how)
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

/** A result, or what a failed `send` knows. */
interface Settled {
  readonly recipients: readonly RecipientOutcome[]
  readonly dropped: readonly string[]
  readonly converted: boolean
  readonly failure: unknown
}

async function settled(sending: Promise<SendResult>): Promise<Settled> {
  try {
    return { ...(await sending), failure: null }
  } catch (error) {
    if (!(error instanceof SmtpClientError) || error.recipients.length === 0) throw error
    return { recipients: error.recipients, dropped: [], converted: false, failure: error }
  }
}

function isLimit(outcome: RecipientOutcome): boolean {
  return !outcome.accepted && outcome.error.code === 'limit'
}

/** The connection was over, and nobody can have the message: it went away while nobody used it. */
function isStale(error: unknown): boolean {
  if (!(error instanceof SmtpClientError) || error.mayBeDelivered) return false
  const gone = error.code === 'connection' || error.code === 'closed' || error.reply?.code === 421
  return gone && !error.recipients.some((one) => !one.accepted && one.error.mayBeDelivered)
}

function canRepeat({ message }: OutgoingMail): boolean {
  return message instanceof Uint8Array || ('read' in message && typeof message.read === 'function')
}
