import type { ClientConnection, Endpoint, TlsInfo } from '@posthouse/wire'
import type { Dialect } from '../engine/states.js'
import type { SmtpCapabilities } from '../syntax/capabilities.js'
import { createConversation, systemTimer } from './conversation.js'
import { type SendSetup, sendMail } from './delivery.js'
import type { ServerReply } from './engine/index.js'
import type { Envelope } from './envelope.js'
import { connectionFailure, SmtpClientError } from './errors.js'
import { clientLimits, type SmtpClientLimits } from './limits.js'
import type { OutgoingMessage } from './message.js'
import { openDialogue } from './opening.js'
import type { SmtpClientOptions } from './options.js'
import type { SendResult } from './outcome.js'

/** A message with its envelope. */
export interface OutgoingMail {
  readonly envelope: Envelope
  readonly message: OutgoingMessage
  /** Default: 7BIT or 8BITMIME, whatever the message turns out to be. */
  readonly body?: '7BIT' | '8BITMIME' | 'BINARYMIME'
  /** The message needs SMTPUTF8 (RFC 6531). Default: when an address or the header has UTF-8. */
  readonly smtputf8?: boolean
  /** Octets, where the message does not tell. */
  readonly size?: number
}

/** What `send` takes beside the message. */
export interface SendOptions {
  /** Gives up. Whoever still waits for the turn goes away; what has begun ends with the connection. */
  readonly signal?: AbortSignal
}

/**
 * A connection to an SMTP or LMTP server, for any number of messages one after the other. Methods may be called at any
 * time: they wait for each other. All reject with `SmtpClientError`.
 */
export interface SmtpClient extends AsyncDisposable {
  readonly protocol: Dialect
  readonly remote: Endpoint
  /** `null` while the connection is in clear text. */
  readonly tls: TlsInfo | null
  /** What the server can do; `null` when it knows HELO only. */
  readonly capabilities: SmtpCapabilities | null
  /** False when the connection is over, or the server takes no more messages over it (MAILMAX). */
  readonly usable: boolean
  /** Transactions over this connection. */
  readonly transactions: number
  /**
   * Sends a message. Resolves when at least one recipient has it; `rejected` lists the others.
   * @throws SmtpClientError when nobody has it; `recipients` tells what is known of each.
   */
  send(mail: OutgoingMail, options?: SendOptions): Promise<SendResult>
  /** Says a command of an extension, such as `VRFY`, and gives the positive reply. */
  command(name: string, argument?: string, options?: SendOptions): Promise<ServerReply>
  /** Asks whether the server is still there. */
  noop(options?: SendOptions): Promise<void>
  /** QUIT behind everything that is in progress. Never rejects. */
  close(): Promise<void>
  /** Ends the connection at once. What is in progress fails. */
  destroy(): void
}

/**
 * Greets, encrypts, logs in over a connection that was opened for it. The connection is closed when that fails.
 * @throws SmtpClientError `refused`, `tls`, `auth`, `protocol`, `connection`, `aborted`; RangeError for `limits` without
 * room for anything, TypeError for those that there are not.
 */
export async function startSmtpClient(
  connection: ClientConnection,
  options: SmtpClientOptions,
  { signal }: SendOptions = {},
): Promise<SmtpClient> {
  let limits: SmtpClientLimits
  try {
    limits = clientLimits(options.limits)
  } catch (mistake) {
    connection.destroy()
    throw mistake
  }
  const { protocol = 'smtp', content = 'normalize', downgrade = 'convert', timer = systemTimer } = options
  const { transcript, ignore } = options
  const conversation = createConversation(connection, {
    dialect: protocol,
    limits,
    content,
    timer,
    ...(transcript && { transcript }),
    ...(ignore && { ignore }),
  })
  const setup: SendSetup = {
    conversation,
    limits,
    content,
    downgrade,
    authenticated: Boolean(options.auth),
    progress: { transactions: 0, domains: new Set(), dirty: false },
  }
  try {
    await guarded(signal, () => openDialogue(conversation, options, limits))
  } catch (reason) {
    throw conversation.cut(connectionFailure(reason))
  }

  /** Settles when nobody uses the conversation. */
  let turn: Promise<unknown> = Promise.resolve()
  let closing: Promise<void> | null = null

  function exclusive<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (closing) return Promise.reject(new SmtpClientError('closed', 'the client is closed'))
    const before = turn
    const mine = myTurn(before, signal).then(() => guarded(signal, work))
    turn = Promise.allSettled([before, mine])
    return mine
  }

  async function guarded<T>(abort: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (!abort) return work()
    if (abort.aborted) throw gaveUp(abort)
    const onAbort = (): void => void conversation.cut(gaveUp(abort))
    abort.addEventListener('abort', onAbort, { once: true })
    try {
      return await work()
    } finally {
      abort.removeEventListener('abort', onAbort)
    }
  }

  async function ask<T>(work: () => Promise<T>): Promise<T> {
    if (conversation.failure) throw conversation.failure
    if (setup.progress.dirty) {
      try {
        await conversation.ask({ type: 'rset' }, limits.command)
      } catch (reason) {
        throw conversation.cut(connectionFailure(reason))
      }
      setup.progress.dirty = false
    }
    return work()
  }

  async function quit(): Promise<void> {
    if (conversation.failure) return
    try {
      await conversation.ask({ type: 'quit' }, limits.quit)
    } catch {
      // Whatever the server thinks of it, this is the end.
    }
    await conversation.end()
  }

  const client: SmtpClient = {
    protocol,
    remote: connection.remote,
    get tls() {
      return connection.tls
    },
    get capabilities() {
      return conversation.engine.capabilities
    },
    get usable() {
      const max = conversation.engine.capabilities?.limits.mailMax ?? null
      return closing === null && conversation.failure === null && (max === null || setup.progress.transactions < max)
    },
    get transactions() {
      return setup.progress.transactions
    },
    send: (mail, how = {}) => exclusive(how.signal, () => sendMail(setup, mail)),
    command: (name, argument = '', how = {}) =>
      exclusive(how.signal, () =>
        ask(() => conversation.ask({ type: 'other', name: name.toUpperCase(), argument }, limits.command)),
      ),
    noop: (how = {}) =>
      exclusive(how.signal, () => ask(async () => void (await conversation.ask({ type: 'noop' }, limits.command)))),
    close() {
      closing ??= turn.then(quit)
      return closing
    },
    destroy() {
      closing ??= Promise.resolve()
      conversation.cut(new SmtpClientError('closed', 'the client was closed'))
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
  return client
}

function gaveUp({ reason }: AbortSignal): SmtpClientError {
  return new SmtpClientError('aborted', 'the caller gave up', { cause: reason, enhanced: '4.4.2' })
}

/** Resolves when what came before is done. */
function myTurn(before: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  if (!signal) return before
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(gaveUp(signal))
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    before.then(() => {
      signal.removeEventListener('abort', onAbort)
      resolve(undefined)
    })
  })
}
