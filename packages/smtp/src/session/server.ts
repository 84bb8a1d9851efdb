import {
  type CredentialVerifier,
  checkNames,
  checkOneOf,
  checkOptions,
  type Link,
  type Log,
  type OptionTable,
  type PasswordCheck,
  type Protocol,
  type SaslMechanism,
  standardMechanisms,
  verifyPasswords,
  withLimits,
} from '@posthouse/wire'
import type { ContentPolicy, ContentRule } from '../engine/content.js'
import type { SmtpAnswer, SmtpEvent } from '../engine/events.js'
import { DEFAULT_LIMITS, type SmtpLimits } from '../engine/limits.js'
import type { Dialect } from '../engine/states.js'
import type { TranscriptLine } from '../engine/transcript.js'
import { replies } from '../syntax/replies.js'
import { fixedReply, replyOctets } from '../syntax/reply.js'
import { checkHandlers } from './check-handlers.js'
import { offeredMechanisms } from './commands/auth.js'
import type { ServerSetup } from './conversation.js'
import { auth } from './extensions/auth.js'
import { chunking, eightBitMime, enhancedStatusCodes, pipelining } from './extensions/core.js'
import { limitsExtension } from './extensions/limits.js'
import { size } from './extensions/size.js'
import { smtpUtf8 } from './extensions/smtputf8.js'
import { startTlsExtension } from './extensions/starttls.js'
import type { SmtpHandler, SmtpSession } from './handler.js'
import { needsOctets, sortHandlers } from './parts.js'
import { createSession } from './session.js'
import { memorySpool, type Spool } from './spool.js'
import { preloadSummarizer } from './summarizing.js'

/** What an SMTP or LMTP server is made of. */
export interface SmtpServerOptions {
  /** The server's own name, in greetings and Received fields. Default: `localhost`. */
  readonly hostname?: string
  /** Asked in this order at each stage. Without one that answers at `message`, no message is taken. */
  readonly handlers: readonly SmtpHandler[]
  /** How users log in: a function of user and password, or a verifier. Default: there is no AUTH. */
  readonly authenticate?: PasswordCheck | CredentialVerifier
  /** May passwords cross a connection in clear text? `loopback`: when both ends are on this machine. Default: `loopback`. */
  readonly allowInsecureAuth?: boolean | 'loopback'
  /** In order of preference. Default: `standardMechanisms()`, of which those are offered that `authenticate` can check. */
  readonly mechanisms?: readonly SaslMechanism[]
  /** What happens to a bare CR, a bare LF or a NUL in messages: one rule, or one for each. Default: `reject`. */
  readonly content?: ContentRule | Partial<ContentPolicy>
  /** Keeps messages for handlers that need `octets`. Default: memory; `fileSpool` of `@posthouse/smtp/node` uses files. */
  readonly spool?: Spool
  readonly limits?: Partial<SmtpLimits>
  /** The last word on the keywords of EHLO: hides lines from clients that cannot cope with them. */
  readonly keywords?: (lines: readonly string[], session: SmtpSession) => readonly string[]
  /** What stands behind `220`. Default: the host name and the protocol. */
  readonly banner?: string
  /**
   * Takes log events, one for each message among them, and those of listeners that have no log. Default: the listener's log; where
   * neither has one, errors go to `console.error`.
   */
  readonly log?: Log
  /** Is told every line of every dialogue; passwords are masked, and of messages there is only the size. */
  readonly transcript?: (line: TranscriptLine, session: { readonly id: string }) => void
  /** Random octets for names of messages. Default: `crypto.getRandomValues`. */
  readonly random?: (octets: number) => Uint8Array
}

/** A server that `listen` of `@posthouse/smtp/node` serves. */
export type SmtpServer = Protocol<SmtpEvent, SmtpAnswer>

const OPTIONS: OptionTable<SmtpServerOptions> = {
  hostname: 0,
  handlers: 1,
  authenticate: 0,
  allowInsecureAuth: 0,
  mechanisms: 0,
  content: 0,
  spool: 0,
  limits: 0,
  keywords: 0,
  banner: 0,
  log: 0,
  transcript: 0,
  random: 0,
}

/**
 * Makes an SMTP server (RFC 5321): for mail from other servers, or with `authenticate` and `requireAuth()` for
 * submission (RFC 6409).
 * @throws TypeError for options, limits or stages of handlers that there are not, and values of another kind; RangeError for
 * a limit below 0.
 */
export function createSmtpServer(options: SmtpServerOptions): SmtpServer {
  return createServer('smtp', options)
}

/** Makes an LMTP server (RFC 2033): as SMTP, but it answers a message once for each recipient. @throws as `createSmtpServer` */
export function createLmtpServer(options: SmtpServerOptions): SmtpServer {
  return createServer('lmtp', options)
}

function createServer(dialect: Dialect, options: SmtpServerOptions): SmtpServer {
  checkOptions(dialect === 'lmtp' ? 'createLmtpServer' : 'createSmtpServer', options, OPTIONS)
  checkHandlers(options.handlers)
  const { hostname = 'localhost', allowInsecureAuth = 'loopback', spool = memorySpool } = options
  const limits = withLimits(DEFAULT_LIMITS, options.limits)
  const verifier =
    typeof options.authenticate === 'function' ? verifyPasswords(options.authenticate) : (options.authenticate ?? null)
  const extensions: readonly SmtpHandler[] = [
    pipelining,
    size(needsOctets(options.handlers) && spool === memorySpool),
    eightBitMime,
    smtpUtf8,
    chunking,
    enhancedStatusCodes,
    limitsExtension,
    startTlsExtension,
    ...(verifier ? [auth((session) => offeredMechanisms(session, setup))] : []),
  ]
  const banner = options.banner ?? `${hostname} ${dialect === 'lmtp' ? 'LMTP' : 'ESMTP'}`
  const setup: ServerSetup = {
    parts: sortHandlers([...extensions, ...options.handlers]),
    verifier,
    mechanisms: options.mechanisms ?? standardMechanisms(),
    allowInsecureAuth,
    spool,
    keywords: options.keywords ?? null,
    welcome: fixedReply(220, null, banner),
    goodbye: replies.goodbye(hostname),
    makeId: idMaker(options.random ?? randomOctets),
  }
  // Here, so that it is there when the first message comes; who cannot have it then is told with the first message.
  if (setup.parts.needsSummary) preloadSummarizer()
  const { transcript } = options
  const engine = { dialect, limits, content: contentPolicy(options.content) }
  const server = { protocol: dialect, hostname, limits, banner, log: options.log ?? null }
  return {
    name: dialect,
    refusal: replyOctets(replies.tooManyConnections()),
    ...(options.log && { log: options.log }),
    connect: (link: Link) =>
      createSession(
        {
          setup,
          server,
          engine: transcript ? { ...engine, transcript: tellTo(transcript, link, options.log ?? link.log) } : engine,
        },
        link,
      ),
  }
}

/** Whoever takes a transcript must not cost the connection. */
function tellTo(
  transcript: NonNullable<SmtpServerOptions['transcript']>,
  link: Link,
  log: Log,
): (line: TranscriptLine) => void {
  return (line) => {
    try {
      transcript(line, link)
    } catch (error) {
      log({ level: 'error', event: 'transcript.failed', connection: link.id, error })
    }
  }
}

/** A rule that is none would let through what is not meant to get through. */
function contentPolicy(content: SmtpServerOptions['content'] = 'reject'): ContentPolicy {
  const all = typeof content === 'string' ? content : 'reject'
  const policy: ContentPolicy = { bareCr: all, bareLf: all, nul: all, ...(typeof content === 'object' && content) }
  checkNames('content rule', policy, { bareCr: 0, bareLf: 0, nul: 0 })
  for (const rule of Object.values(policy)) checkOneOf('content', rule, ['reject', 'normalize', 'preserve'])
  return policy
}

function randomOctets(octets: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(octets))
}

/** In the order of their codes, so that names sort by their time. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'
/** Digits of a name that say when it was made: milliseconds until the year 3084. */
const TIME_DIGITS = 9
/** Those that say nothing. */
const RANDOM_DIGITS = 12

/**
 * Names in 21 letters and digits: the time, and 60 random bits. Those of one time stand together in the index of a store, which then
 * changes few of its pages for many of them. Random octets are fetched for many names at once.
 */
function idMaker(random: (octets: number) => Uint8Array): (now: number) => string {
  let pool: Uint8Array = new Uint8Array(0)
  let at = 0
  let then = Number.NaN
  let time = ''
  return (now) => {
    if (at + RANDOM_DIGITS > pool.length) {
      pool = random(RANDOM_DIGITS * 64)
      at = 0
    }
    if (now !== then) {
      then = now
      time = timeDigits(now)
    }
    let id = time
    for (let i = 0; i < RANDOM_DIGITS; i++) id += DIGITS[pool[at++] & 31]
    return id
  }
}

function timeDigits(time: number): string {
  let digits = ''
  let left = Math.max(0, Math.floor(time))
  for (let i = 0; i < TIME_DIGITS; i++) {
    digits = DIGITS[left % 32] + digits
    left = Math.floor(left / 32)
  }
  return digits
}
