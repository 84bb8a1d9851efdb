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
import { connectionFailure, handshakeFailure, hungUp, refusedBy, SmtpClientError } from './errors.js'
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

/** Is told what the server says while something else is waited for. */
export type Hear = (event: Heard) => void

export interface Conversation {
  readonly connection: ClientConnection
  readonly engine: SmtpClientEngine
  /** Says something; it leaves with the next `flush` or `next`. */
  say(request: SmtpClientRequest): void
  /**
   * Writes what was said. `hear` is told what the server says meanwhile, and ends the wait when it throws.
   * @param ms how long the server may take to read it.
   */
  flush(ms: number, hear: Hear): Promise<void>
  /** Writes what was said and waits for the next event. @throws SmtpClientError when the conversation is over. */
  next(ms: number): Promise<Heard>
  /**
   * Waits for something that is not the server's: a piece of a message, a token. It may never come: the end of the
   * conversation ends the wait too, and so does `hear` when it throws. Default: nothing that the server says is welcome.
   */
  until<T>(work: Promise<T>, hear?: Hear): Promise<T>
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

const same = (event: Heard): Heard => event

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

  function event(): Heard | null {
    const one = engine.next()
    if (one.type === 'violation') throw cut(new SmtpClientError('protocol', one.message))
    return one.type === 'need-data' || one.type === 'paused' ? null : one
  }

  /** Tells `hear` what is there, up to its first answer. */
  function turn<T>(hear: (event: Heard) => T | undefined): T | undefined {
    if (failure) throw failure
    feed()
    for (let one = event(); one; one = event()) {
      const answer = hear(one)
      if (answer !== undefined) return answer
    }
    if (ended) throw cut(lost ?? hungUp())
    listen()
    return undefined
  }

  /** Waits for `work`, or for an answer of `hear`, or for the end of the conversation. */
  function meanwhile<T>(work: Promise<T> | null, hear: (event: Heard) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const resolved = (value: T): void => {
        if (wake === step) wake = null
        resolve(value)
      }
      const rejected = (reason: unknown): void => {
        if (wake === step) wake = null
        reject(reason)
      }
      const step = (): void => {
        try {
          const answer = turn(hear)
          if (answer !== undefined) resolved(answer)
        } catch (reason) {
          rejected(reason)
        }
      }
      wake = step
      work?.then(resolved, rejected)
      step()
    })
  }

  /** The time is that of all that is waited for: a server that says one octet at a time gets no more of it. */
  async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
    const late = (): void => {
      cut(connectionFailure(new ConnectionError('timeout', `the server ${what} for ${ms} ms`)))
    }
    const cancel = timer(late, ms)
    try {
      return await work
    } finally {
      cancel()
    }
  }

  /** A promise when the server is slow to read. */
  function write(): Promise<void> | null {
    const output = engine.takeOutput()
    return (output.length > 0 && connection.write(output)) || null
  }

  async function next(ms: number): Promise<Heard> {
    const ready = event()
    if (ready) return ready
    if (failure) throw failure
    const slow = write()
    // A reply is a reply, whether the server has read everything or not.
    const one = slow && (await within(ms, 'did not read', meanwhile<Heard | void>(slow, same)))
    return one || within(ms, 'was silent', meanwhile(null, same))
  }

  async function flush(ms: number, hear: Hear): Promise<void> {
    if (failure) throw failure
    const slow = write()
    const heard = (one: Heard): undefined => void hear(one)
    if (slow) await within(ms, 'did not read', meanwhile(slow, heard))
    else turn(heard)
  }

  const unwanted: Hear = (one) => {
    if ('reply' in one) throw cut(refusedBy(one.reply, 'connection'))
    throw cut(new SmtpClientError('protocol', 'a challenge that nobody wants'))
  }

  async function reply(command: Replied, ms: number): Promise<ServerReply> {
    const one = await next(ms)
    if (one.type === 'challenge') throw cut(new SmtpClientError('protocol', `a challenge answers ${command}`))
    // RFC 5321 §3.8: the connection is over, whatever the command was.
    if (one.type === 'closing' || one.reply.code === 421) throw cut(refusedBy(one.reply, command))
    if (one.reply.code >= 400) throw refusedBy(one.reply, command)
    return one.reply
  }

  return {
    connection,
    get engine() {
      return engine
    },
    say: (request) => engine.send(request),
    flush,
    next,
    until: (work, hear = unwanted) => meanwhile(work, (one): undefined => void hear(one)),
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
        throw cut(handshakeFailure(reason))
      }
      engine = createSmtpClientEngine({ ...options, upgraded: true })
    },
    get failure() {
      if (!failure && engine.outstanding === 0) {
        try {
          turn((one): undefined => void unwanted(one))
        } catch {
          // `cut` has kept the reason.
        }
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
