/**
 * Requests and replies over a connection. Whoever waits for a reply turns the engine's handle; while something is
 * written, the server is listened to as well, so that neither side can bring the other to a halt.
 */
import { type ClientConnection, ConnectionError } from '@posthouse/wire'
import {
  createSmtpClientEngine,
  type Replied,
  type ServerReply,
  type SmtpClientEngine,
  type SmtpClientEngineOptions,
  type SmtpClientEvent,
  type SmtpClientRequest,
} from './engine/index.js'
import { connectionFailure, hungUp, refusedBy, SmtpClientError } from './errors.js'
import type { SmtpClientLimits } from './limits.js'

/** Runs a step after `ms`; the returned function takes that back. */
export type Timer = (step: () => void, ms: number) => () => void

/** The clock of the runtime. */
export const systemTimer: Timer = (step, ms) => {
  const id = setTimeout(step, Math.min(ms, 0x7fffffff))
  return () => clearTimeout(id)
}

/** An event that a caller of the conversation must handle. */
export type Heard = Exclude<SmtpClientEvent, { readonly type: 'violation' }>

export interface Conversation {
  readonly connection: ClientConnection
  readonly engine: SmtpClientEngine
  /** Says something; it leaves with the next `flush` or `next`. */
  say(request: SmtpClientRequest): void
  /** Writes what was said. @param ms how long the server may take to read it. */
  flush(ms: number): Promise<void>
  /** Writes what was said and waits for the next event. @throws SmtpClientError when the conversation is over. */
  next(ms: number): Promise<Heard>
  /** An event that is there already, or `null`. */
  poll(): Heard | null
  /** `say`, and the reply when it is positive. @throws SmtpClientError `refused`. */
  ask(request: SmtpClientRequest, ms: number): Promise<ServerReply>
  /** The reply to what was said last. @throws SmtpClientError `refused`. */
  reply(command: Replied, ms: number): Promise<ServerReply>
  /** Encrypts the connection; the engine behind it knows nothing of before (RFC 3207 §4.2). */
  startTls(): Promise<void>
  /** Why nothing can be said any more; `null` while it can. Notices what the server did meanwhile. */
  readonly failure: SmtpClientError | null
  /** Ends everything at once. Returns the error, or the one that ended it before. */
  cut(error: SmtpClientError): SmtpClientError
  /** Ends the connection in order. */
  end(): Promise<void>
}

export interface ConversationOptions extends Omit<SmtpClientEngineOptions, 'upgraded' | 'limits'> {
  readonly limits: SmtpClientLimits
  readonly timer: Timer
}

export function createConversation(connection: ClientConnection, options: ConversationOptions): Conversation {
  const { limits, timer } = options
  let engine = createSmtpClientEngine(options)
  let failure: SmtpClientError | null = null
  /** What was read and not given to the engine: one chunk at most. */
  let arrived: Uint8Array | null = null
  let reading = false
  let ended = false
  let lost: SmtpClientError | null = null
  let wake: (() => void) | null = null

  function listen(): void {
    if (reading || ended || arrived || failure) return
    reading = true
    connection.read(0).then(
      (chunk) => {
        reading = false
        if (chunk) arrived = chunk
        else ended = true
        wake?.()
      },
      (reason: unknown) => {
        reading = false
        ended = true
        lost = connectionFailure(reason)
        wake?.()
      },
    )
  }

  /** Resolves when there is input (or none will come), or `other` is done. */
  function wait(ms: number, other: Promise<void> | null): Promise<'input' | 'other'> {
    return new Promise((resolve, reject) => {
      const settle = (result: 'input' | 'other'): void => {
        wake = null
        cancel()
        if (failure) reject(failure)
        else resolve(result)
      }
      const cancel = timer(() => {
        const what = other ? 'did not read' : 'was silent'
        cut(connectionFailure(new ConnectionError('timeout', `the server ${what} for ${ms} ms`)))
      }, ms)
      wake = () => settle('input')
      const mine = wake
      other?.then(() => {
        if (wake === mine) settle('other')
      })
      listen()
      if (arrived || ended || failure) mine()
    })
  }

  function cut(error: SmtpClientError): SmtpClientError {
    if (!failure) {
      failure = error
      connection.destroy()
    }
    wake?.()
    return failure
  }

  function feed(): void {
    if (!arrived) return
    const chunk = arrived
    arrived = null
    engine.receive(chunk)
    if (engine.unread > limits.unread + chunk.length) {
      throw cut(new SmtpClientError('protocol', 'the server says more than anybody asked'))
    }
  }

  /** True when the server has said something meanwhile. */
  async function write(ms: number): Promise<boolean> {
    const output = engine.takeOutput()
    if (output.length === 0 || failure) return false
    const slow = connection.write(output)
    if (!slow) return false
    let heard = false
    while ((await wait(ms, slow)) === 'input') {
      if (!arrived) break
      feed()
      heard = true
    }
    return heard
  }

  function event(): Heard | null {
    const one = engine.next()
    if (one.type === 'violation') throw cut(new SmtpClientError('protocol', one.message))
    return one.type === 'need-data' || one.type === 'paused' ? null : one
  }

  async function next(ms: number): Promise<Heard> {
    for (;;) {
      const one = event()
      if (one) return one
      if (failure) throw failure
      // What has come while we were writing is looked at before anything more is waited for.
      if (await write(ms)) continue
      if (!arrived) {
        if (ended) throw cut(lost ?? hungUp())
        await wait(ms, null)
      }
      feed()
    }
  }

  function poll(): Heard | null {
    if (failure) return null
    feed()
    const one = event()
    if (!one) listen()
    return one
  }

  async function reply(command: Replied, ms: number): Promise<ServerReply> {
    const one = await next(ms)
    if (one.type === 'challenge') throw cut(new SmtpClientError('protocol', `a challenge answers ${command}`))
    if (one.reply.code >= 400 || one.type === 'closing') throw refusedBy(one.reply, command)
    return one.reply
  }

  return {
    connection,
    get engine() {
      return engine
    },
    say: (request) => engine.send(request),
    flush: async (ms) => void (await write(ms)),
    next,
    poll,
    reply,
    ask(request, ms) {
      engine.send(request)
      return reply('verb' in request ? request.verb : 'name' in request ? request.name : request.type.toUpperCase(), ms)
    },
    async startTls() {
      if (arrived || engine.unread > 0) {
        const injected = new ConnectionError('injected', 'octets came in clear text behind the reply to STARTTLS')
        throw cut(connectionFailure(injected))
      }
      try {
        await connection.startTls()
      } catch (reason) {
        throw cut(connectionFailure(reason))
      }
      engine = createSmtpClientEngine({ ...options, upgraded: true })
    },
    get failure() {
      if (!failure && engine.outstanding === 0) {
        try {
          const one = poll()
          if (one && 'reply' in one) cut(refusedBy(one.reply, 'connection'))
        } catch {
          // `poll` has kept the reason.
        }
        if (ended && !failure) cut(lost ?? hungUp())
      }
      return failure
    },
    cut,
    async end() {
      failure ??= new SmtpClientError('closed', 'the client is closed')
      await connection.end()
    },
  }
}
