import {
  type ClientConnection,
  checkOneOf,
  type Endpoint,
  type SaslClientMechanism,
  type SaslCredentials,
  type TlsInfo,
  withLimits,
} from '@posthouse/wire'
import { parseNumber } from '../syntax/command.js'
import { type Conversation, createConversation } from './conversation.js'
import { Pop3ClientError } from './errors.js'
import { logIn } from './login.js'

/** How a client treats its server. */
export interface Pop3ClientOptions {
  /** The server's name as the user knows it: for OAUTHBEARER, and in errors. */
  readonly host: string
  readonly port: number
  /**
   * STLS: `never`, `opportunistic` (when the server offers it), `required` (or give up). Nothing to do when the
   * connection is encrypted already. Default: `required`.
   */
  readonly tls?: 'never' | 'opportunistic' | 'required'
  /** What to log in with: `{ user, password }`, a token, a certificate. `null`: do not log in. */
  readonly credentials: SaslCredentials | null
  /** In order of preference. Default: all but CRAM-MD5, the strongest first; then USER and PASS. */
  readonly mechanisms?: readonly SaslClientMechanism[]
  /** May a password or token cross a connection in clear text? `loopback`: on this machine. Default: `loopback`. */
  readonly allowInsecureAuth?: boolean | 'loopback'
  /** Everything that can grow or last. */
  readonly limits?: Partial<Pop3ClientLimits>
}

/** Limits of a client. */
export interface Pop3ClientLimits {
  /** ms to wait for each piece of an answer. Default: 60,000. */
  readonly timeout: number
  /** Characters of an answer to LIST, UIDL or CAPA. Default: 64 Mi. */
  readonly listing: number
  /** Commands that are sent before the first of them is answered, when the server has PIPELINING. Default: 50. */
  readonly pipeline: number
}

/** The defaults of `Pop3ClientLimits`. */
export const DEFAULT_CLIENT_LIMITS: Pop3ClientLimits = Object.freeze({
  timeout: 60_000,
  listing: 64 * 1024 * 1024,
  pipeline: 50,
})

/**
 * The defaults with what the caller wants otherwise.
 * @throws TypeError, RangeError as `withLimits` of `@posthouse/wire`; RangeError for a pipeline that is none.
 */
export function clientLimits(wanted: Partial<Pop3ClientLimits> | undefined): Pop3ClientLimits {
  return withLimits(DEFAULT_CLIENT_LIMITS, wanted, ['pipeline'])
}

/** A message in a listing. */
export interface Pop3Listing {
  readonly number: number
  readonly octets: number
}

/** A message with the name that stays the same over all sessions. */
export interface Pop3UniqueId {
  readonly number: number
  readonly uniqueId: string
}

/**
 * A session with a POP3 server (RFC 1939). Methods may be called at any time: they wait for each other. All reject
 * with `Pop3ClientError` when the server refuses, and with `ConnectionError` when the connection is lost.
 */
export interface Pop3Client extends AsyncDisposable {
  readonly remote: Endpoint
  /** `null` when the connection is in clear text. */
  readonly tls: TlsInfo | null
  /** What the server can do (RFC 2449), by keyword in upper case with its arguments; empty when it has no CAPA. */
  readonly capabilities: ReadonlyMap<string, readonly string[]>
  stat(): Promise<{ readonly messages: number; readonly octets: number }>
  /** Octets of all messages that are not marked as deleted. */
  list(): Promise<readonly Pop3Listing[]>
  /** Unique-ids of all messages that are not marked as deleted. */
  uidl(): Promise<readonly Pop3UniqueId[]>
  /**
   * The octets of a message, read as they are wanted: other calls wait until they are. Whoever stops early (`break`)
   * makes the client read the rest away. The views are valid until the next piece is asked for.
   */
  retrieve(number: number): AsyncIterable<Uint8Array>
  /** The header and so many lines of the body. */
  top(number: number, lines: number): AsyncIterable<Uint8Array>
  /** Marks messages as deleted, pipelined where the server can do it; `quit` removes them. */
  delete(...numbers: readonly number[]): Promise<void>
  /** Takes all marks back. */
  reset(): Promise<void>
  noop(): Promise<void>
  /**
   * Removes what is marked and ends the session, the connection too.
   * @throws Pop3ClientError `refused` when the server could not remove it; `ConnectionError` when nobody knows.
   */
  quit(): Promise<void>
  /** Ends the connection without QUIT: nothing is deleted. Never rejects. */
  close(): Promise<void>
}

/**
 * Greets, encrypts, logs in over a connection that was opened for it. The connection is closed when that fails.
 * @throws Pop3ClientError `tls`, `auth`, `refused`, `protocol`; ConnectionError; TypeError and RangeError as `connectPop3`.
 */
export async function startPop3Client(connection: ClientConnection, options: Pop3ClientOptions): Promise<Pop3Client> {
  let limits: Pop3ClientLimits
  try {
    limits = clientLimits(options.limits)
    // Callers without types: what was meant as "encrypt it" must not be clear text where STLS is not offered.
    checkOneOf('tls', options.tls, ['never', 'opportunistic', 'required'])
  } catch (mistake) {
    connection.destroy()
    throw mistake
  }
  const conversation = createConversation(connection, { timeout: limits.timeout, maxListing: limits.listing })
  try {
    await conversation.status('greeting')
    let capabilities = await readCapabilities(conversation)
    const policy = options.tls ?? 'required'
    if (connection.tls === null && policy !== 'never') {
      if (capabilities.has('STLS')) {
        await conversation.ask('STLS')
        await conversation.startTls()
        capabilities = await readCapabilities(conversation)
      } else if (policy === 'required') {
        throw new Pop3ClientError('tls', 'the server does not offer STLS, and TLS is required')
      }
    }
    if (options.credentials) {
      const { credentials, mechanisms, host, port, allowInsecureAuth = 'loopback' } = options
      const { tls, loopback } = connection
      const secure = tls !== null || allowInsecureAuth === true || (allowInsecureAuth === 'loopback' && loopback)
      const how = { credentials, ...(mechanisms && { mechanisms }) }
      await logIn(conversation, capabilities, how, { host, port, tls, secure })
      // What the server can do may differ now (RFC 2449 §5).
      capabilities = await readCapabilities(conversation)
    }
    return createClient(conversation, capabilities, limits)
  } catch (reason) {
    connection.destroy()
    throw reason
  }
}

/** CAPA; nothing when the server does not know it. */
async function readCapabilities(conversation: Conversation): Promise<Map<string, readonly string[]>> {
  const capabilities = new Map<string, readonly string[]>()
  let lines: string[] = []
  try {
    lines = await conversation.lines('CAPA')
  } catch (reason) {
    if (!(reason instanceof Pop3ClientError) || reason.code !== 'refused') throw reason
  }
  for (const line of lines) {
    const [keyword, ...words] = line.split(' ').filter((word) => word !== '')
    if (keyword !== undefined) capabilities.set(keyword.toUpperCase(), words)
  }
  return capabilities
}

function createClient(
  conversation: Conversation,
  capabilities: ReadonlyMap<string, readonly string[]>,
  limits: Pop3ClientLimits,
): Pop3Client {
  const { connection } = conversation
  /** Settles when nobody uses the conversation: answers come in the order of their commands. */
  let turn: Promise<unknown> = Promise.resolve()

  function exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  const simple = (line: string): Promise<void> => exclusive(() => conversation.ask(line).then(() => {}))

  async function* stream(line: string): AsyncGenerator<Uint8Array> {
    let release = (): void => {}
    const before = turn
    turn = new Promise<void>((resolve) => {
      release = resolve
    })
    try {
      await before
      conversation.say(line, 'lines')
      await conversation.status(line.split(' ', 1)[0])
      let whole = false
      try {
        for (let event = await conversation.next(); event.type === 'octets'; event = await conversation.next()) {
          yield* event.pieces
        }
        whole = true
      } finally {
        // The consumer has had enough, but the answer goes on.
        if (!whole && !conversation.over) while ((await conversation.next()).type !== 'end');
      }
    } finally {
      release()
    }
  }

  async function list<T>(line: string, read: (number: number, words: readonly string[]) => T | null): Promise<T[]> {
    const lines = await exclusive(() => conversation.lines(line))
    return lines.map((one) => {
      const [number, ...words] = one.split(' ').filter((word) => word !== '')
      const parsed = parseNumber(number)
      const value = parsed === null ? null : read(parsed, words)
      if (value === null) throw new Pop3ClientError('protocol', `a line of ${line} cannot be read`, { command: line })
      return value
    })
  }

  async function mark(numbers: readonly number[]): Promise<void> {
    // Before the first is said: answers to what was said must be heard.
    const lines = numbers.map((number) => `DELE ${count(number)}`)
    const window = capabilities.has('PIPELINING') ? limits.pipeline : 1
    let failure: unknown = null
    let said = 0
    for (let answered = 0; answered < lines.length; answered++) {
      while (said < lines.length && said - answered < window) conversation.say(lines[said++])
      // All answers are heard, whatever the first failure is.
      await conversation.status('DELE').catch((reason: unknown) => {
        if (conversation.over) throw reason
        failure ??= reason
      })
    }
    if (failure) throw failure
  }

  return {
    remote: connection.remote,
    get tls() {
      return connection.tls
    },
    capabilities,
    async stat() {
      const { text } = await exclusive(() => conversation.ask('STAT'))
      const [messages, octets] = text.split(' ').map(parseNumber)
      if (messages === null || octets === null || octets === undefined) {
        throw new Pop3ClientError('protocol', 'the answer to STAT cannot be read', { command: 'STAT' })
      }
      return { messages, octets }
    },
    list: () =>
      list('LIST', (number, [size]) => {
        const octets = parseNumber(size)
        return octets === null ? null : { number, octets }
      }),
    uidl: () => list('UIDL', (number, [uniqueId]) => (uniqueId === undefined ? null : { number, uniqueId })),
    retrieve: (number) => stream(`RETR ${count(number)}`),
    top: (number, lines) => stream(`TOP ${count(number)} ${count(lines)}`),
    delete: (...numbers) => exclusive(() => mark(numbers)),
    reset: () => simple('RSET'),
    noop: () => simple('NOOP'),
    quit: () =>
      exclusive(async () => {
        try {
          await conversation.ask('QUIT')
        } finally {
          await conversation.end()
        }
      }),
    close,
    [Symbol.asyncDispose]: close,
  }

  async function close(): Promise<void> {
    if (!conversation.over) await conversation.end()
  }
}

function count(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a message number or line count: ${value}`)
  return value
}
