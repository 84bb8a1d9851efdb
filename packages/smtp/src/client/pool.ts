import type { OutgoingMail, SendOptions, SmtpClient } from './client.js'
import { systemTimer, type Timer } from './conversation.js'
import { SmtpClientError } from './errors.js'
import { type RecipientOutcome, type SendResult, sendResult } from './outcome.js'

/** How a pool makes and keeps its connections. */
export interface SmtpPoolOptions {
  /** Opens a connection. `signal`: the pool was closed in the meantime. */
  readonly connect: (signal: AbortSignal) => Promise<SmtpClient>
  /** Connections at a time. Default: 5. */
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
  /** Connections that are open, or being opened. */
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
  resolve(client: SmtpClient): void
  reject(error: unknown): void
}

/** Makes a pool. */
export function createSmtpPool(options: SmtpPoolOptions): SmtpPool {
  const { connect, maxConnections = 5, maxMessagesPerConnection = 100, idle = 30_000, timer = systemTimer } = options
  /** The connection that was used last is used first: the others may grow old and be closed. */
  const free: { readonly client: SmtpClient; readonly forget: () => void }[] = []
  const queue: Waiting[] = []
  const closer = new AbortController()
  let open = 0
  let busy = 0
  let closed: Promise<void> | null = null
  let emptied: (() => void) | null = null

  function dispose(client: SmtpClient): Promise<void> {
    open--
    return client.close()
  }

  function takeFree(): SmtpClient | null {
    for (let one = free.pop(); one; one = free.pop()) {
      one.forget()
      if (one.client.usable) return one.client
      void dispose(one.client)
    }
    return null
  }

  function acquire(signal: AbortSignal | undefined): Promise<SmtpClient> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        resolve(client) {
          signal?.removeEventListener('abort', onAbort)
          resolve(client)
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
      const client = takeFree()
      if (client) (queue.shift() as Waiting).resolve(client)
      else if (opening < queue.length && open < maxConnections) void openOne()
      else return
    }
  }

  let opening = 0

  async function openOne(): Promise<void> {
    open++
    opening++
    try {
      const client = await connect(closer.signal)
      opening--
      const entry = queue.shift()
      if (entry) entry.resolve(client)
      else release(client)
    } catch (error) {
      opening--
      open--
      queue.shift()?.reject(error)
      serve()
    }
  }

  function release(client: SmtpClient): void {
    if (!client.usable || client.transactions >= maxMessagesPerConnection || closed) {
      void dispose(client)
    } else if (queue.length > 0) {
      ;(queue.shift() as Waiting).resolve(client)
    } else {
      const forget = timer(() => {
        const at = free.findIndex((one) => one.client === client)
        if (at !== -1) free.splice(at, 1)
        void dispose(client)
      }, idle)
      free.push({ client, forget })
    }
    serve()
  }

  async function once(mail: OutgoingMail, how: SendOptions): Promise<SendResult> {
    for (let attempt = 0; ; attempt++) {
      const client = await acquire(how.signal)
      const used = client.transactions > 0
      try {
        return await client.send(mail, how)
      } catch (error) {
        if (!(used && attempt === 0 && isStale(error) && canRepeat(mail))) throw error
      } finally {
        release(client)
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
    for (const { forget } of free) forget()
    await Promise.all(free.splice(0).map(({ client }) => dispose(client)))
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

/** The connection was over before the server had an answer to anything: it went away while nobody used it. */
function isStale(error: unknown): boolean {
  if (!(error instanceof SmtpClientError)) return false
  const gone = error.code === 'connection' || error.code === 'closed' || error.reply?.code === 421
  return gone && !error.recipients.some((one) => !one.accepted && one.error.mayBeDelivered)
}

function canRepeat({ message }: OutgoingMail): boolean {
  return message instanceof Uint8Array || ('read' in message && typeof message.read === 'function')
}
