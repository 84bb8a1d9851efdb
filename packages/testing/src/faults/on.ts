/** The words to write a fault with: `on.rcpt.times(2).reply(451, '4.7.1', 'greylisted')`. */
import { reply } from '@posthouse/smtp'
import { TestMailError } from '../errors.js'
import {
  type FaultAction,
  type FaultSituation,
  hasArgument,
  IMAP_STEPS,
  type ImapStep,
  POP3_STEPS,
  type Pop3Step,
  type Script,
  SMTP_STEPS,
  type SmtpStep,
} from './script.js'

/** How often and when; each gives a new builder. Without one a fault happens every time. */
export interface Conditions<Self> {
  /** The next time only. */
  once(): Self
  /** The next `count` times. */
  times(count: number): Self
  /** Happens with this probability; the same in each run with the same seed. Default seed: 1. */
  chance(probability: number, options?: { readonly seed?: number }): Self
  /**
   * Only for this address (RCPT and MAIL; one of the recipients at DATA and the message), name (EHLO) or mechanism
   * (AUTH). IMAP and POP3: for this user, where the client names one in the command that logs in; else for this first
   * argument, a mailbox as `Work/2026`, or for all of them. Without regard to case.
   * @throws TestMailError `options` at steps at which the client says nothing of that kind.
   */
  for(argument: string | RegExp): Self
  /** Only where a function says so. */
  when(condition: (situation: FaultSituation) => boolean): Self
}

/** What every protocol can suffer. */
export interface CommonFaults {
  /** Answers so many ms later. */
  delay(ms: number): Script
  /** Never answers; the connection stays open. */
  stall(): Script
  /**
   * Cuts the connection here, or behind so many octets: of the message in DATA and APPEND, else of the server's answer.
   */
  drop(options?: { readonly after: number }): Script
  /** So many octets per second from here on, each way. */
  throttle(octetsPerSecond: number): Script
  /**
   * Says these octets in place of the answer, each piece in a packet of its own: odd packets, bad grammar. The server
   * acts as it would have, except in SMTP where the octets are a refusal (`450 ...`).
   */
  raw(...pieces: readonly string[]): Script
  /** Does something of the test's at this moment, then goes on normally. */
  run(action: () => void | Promise<void>): Script
}

/** Faults of an SMTP step. */
export interface SmtpFault extends Conditions<SmtpFault>, CommonFaults {
  /** Says this reply. `enhanced` is left out with `null`. Texts: a line each. */
  reply(code: number, enhanced?: string | null, text?: string | readonly string[]): Script
}

/** Faults of the reply to the message itself. */
export interface MessageFault extends Conditions<MessageFault>, Omit<SmtpFault, keyof Conditions<unknown>> {
  /** The message is stored, but the client never hears of it: whoever sends again must not send twice. */
  dropAfterAccept(): Script
}

/** Faults of EHLO. */
export interface EhloFault extends Conditions<EhloFault>, Omit<SmtpFault, keyof Conditions<unknown>> {
  /** Leaves keywords out of the reply, and does not know a command of that name (STARTTLS, AUTH): an old server. */
  without(...keywords: readonly string[]): Script
}

/** Faults of STARTTLS. */
export interface StartTlsFault extends Conditions<StartTlsFault>, Omit<SmtpFault, keyof Conditions<unknown>> {
  /** Says `220`, and then no TLS. */
  failHandshake(): Script
}

/** Faults of an IMAP command. */
export interface ImapFault extends Conditions<ImapFault>, CommonFaults {
  /** `NO`, with a response code if the text begins with one: `[OVERQUOTA] no room`. */
  no(text?: string): Script
  /** `BAD`. */
  bad(text?: string): Script
  /** `* BYE`, and the connection ends; while the client idles when the step is `idle`. */
  bye(text?: string): Script
  /** Cuts the connection in the middle of the next literal that the server sends. */
  dropMidLiteral(): Script
  /** Another session removes messages of the selected mailbox before the command is answered. Default: the `first`. */
  expungeMeanwhile(which?: 'first' | 'last' | 'all'): Script
}

/** Faults of SELECT and EXAMINE. */
export interface ImapSelectFault extends Conditions<ImapSelectFault>, Omit<ImapFault, keyof Conditions<unknown>> {
  /** The mailbox has another UIDVALIDITY and its messages other UIDs than before: what a client has cached is void. */
  uidValidity(change: 'bump'): Script
}

/** Faults of CAPABILITY. */
export interface ImapCapabilityFault
  extends Conditions<ImapCapabilityFault>,
    Omit<ImapFault, keyof Conditions<unknown>> {
  /** Leaves words out wherever capabilities are told: an old server. */
  without(...words: readonly string[]): Script
}

/** Faults of IMAP's STARTTLS. */
export interface ImapStartTlsFault extends Conditions<ImapStartTlsFault>, Omit<ImapFault, keyof Conditions<unknown>> {
  /** Says `OK`, and then no TLS. */
  failHandshake(): Script
}

/** Faults of a POP3 command. */
export interface Pop3Fault extends Conditions<Pop3Fault>, CommonFaults {
  /** `-ERR`, with a response code if the text begins with one: `[IN-USE] try later`. */
  err(text?: string): Script
}

/** Faults of STLS. */
export interface Pop3StlsFault extends Conditions<Pop3StlsFault>, Omit<Pop3Fault, keyof Conditions<unknown>> {
  /** Says `+OK`, and then no TLS. */
  failHandshake(): Script
}

/** Faults of each SMTP step. */
export interface SmtpFaults extends Readonly<Record<Exclude<SmtpStep, 'ehlo' | 'starttls' | 'message'>, SmtpFault>> {
  readonly ehlo: EhloFault
  readonly starttls: StartTlsFault
  readonly message: MessageFault
  /** Each step. */
  readonly any: SmtpFault
}

/** Faults of each IMAP command. */
export interface ImapFaults
  extends Readonly<Record<Exclude<ImapStep, 'select' | 'capability' | 'starttls'>, ImapFault>> {
  readonly select: ImapSelectFault
  readonly capability: ImapCapabilityFault
  readonly starttls: ImapStartTlsFault
  /** Each command, and the greeting. */
  readonly any: ImapFault
  /** Any other command, by its name. */
  command(name: string): ImapFault
}

/** Faults of each POP3 command. */
export interface Pop3Faults extends Readonly<Record<Exclude<Pop3Step, 'stls'>, Pop3Fault>> {
  readonly stls: Pop3StlsFault
  /** Each command, and the greeting. */
  readonly any: Pop3Fault
}

type Settings = Pick<Script, 'times' | 'chance' | 'seed' | 'argument' | 'when'>

const ALWAYS: Settings = { times: Number.POSITIVE_INFINITY, chance: 1, seed: 1, argument: null, when: null }

/** Every method of every builder. */
type Builder = Record<string, (...args: never[]) => unknown>

/** Steps at which the client sends a message. */
const TAKES_MESSAGE = new Set(['data', 'append'])

function build<T>(protocol: Script['protocol'], step: string, name: string, settings: Settings = ALWAYS): T {
  const again = (change: Partial<Settings>, said: string): T =>
    build(protocol, step, `${name}.${said}`, { ...settings, ...change })
  const script = (action: FaultAction, said: string): Script => ({
    protocol,
    step,
    action,
    ...settings,
    name: `${name}.${said}`,
  })
  const line = (text: string, close = false): FaultAction => ({ type: 'line', line: oneLine(text), close })
  const methods = {
    once: () => again({ times: 1 }, 'once()'),
    times: (count: number) => again({ times: counted(count) }, `times(${count})`),
    chance(chance: number, { seed = 1 }: { seed?: number } = {}) {
      return again({ chance: probability(chance), seed }, `chance(${chance})`)
    },
    for(argument: string | RegExp) {
      if (hasArgument(protocol, step)) return again({ argument }, `for(${argument})`)
      throw new TestMailError('options', `${name}.for(${argument}): a client says nothing there that could be compared`)
    },
    when: (when: (situation: FaultSituation) => boolean) => again({ when }, 'when(...)'),
    delay: (ms: number) => script({ type: 'delay', ms: notNegative('delay', ms) }, `delay(${ms})`),
    stall: () => script({ type: 'stall' }, 'stall()'),
    drop: ({ after = 0 }: { after?: number } = {}) => {
      const of = TAKES_MESSAGE.has(step) ? 'client' : 'server'
      return script({ type: 'drop', after: wholeOctets(after), of }, `drop(${after === 0 ? '' : after})`)
    },
    throttle: (octetsPerSecond: number) =>
      script({ type: 'throttle', octetsPerSecond: positive(octetsPerSecond) }, `throttle(${octetsPerSecond})`),
    run: (run: () => void | Promise<void>) => script({ type: 'run', run }, 'run(...)'),
    reply: (code: number, enhanced: string | null = null, text: string | readonly string[] = 'scripted') =>
      script({ type: 'reply', reply: reply(code, enhanced, text) }, `reply(${code})`),
    raw: (...pieces: string[]) => script({ type: 'raw', pieces }, 'raw(...)'),
    dropAfterAccept: () => script({ type: 'drop-after-accept' }, 'dropAfterAccept()'),
    without: (...keywords: string[]) => script({ type: 'without', keywords }, `without(${keywords.join(', ')})`),
    failHandshake: () => script({ type: 'fail-handshake' }, 'failHandshake()'),
    no: (text = 'scripted') => script(line(`NO ${text}`), `no(${text})`),
    bad: (text = 'scripted') => script(line(`BAD ${text}`), `bad(${text})`),
    bye: (text = 'scripted') => script(line(`BYE ${text}`, true), `bye(${text})`),
    dropMidLiteral: () => script({ type: 'drop-mid-literal' }, 'dropMidLiteral()'),
    expungeMeanwhile: (which: 'first' | 'last' | 'all' = 'first') =>
      script({ type: 'expunge-meanwhile', which }, `expungeMeanwhile(${which})`),
    uidValidity: (change: 'bump') => script({ type: 'uid-validity' }, `uidValidity(${change})`),
    err: (text = 'scripted') => script(line(text), `err(${text})`),
  } satisfies Builder
  return methods as unknown as T
}

/** A text that would break the protocol is a mistake; for that there is `raw`. */
function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new TestMailError('options', 'the text of a fault is one line; raw() says anything')
  return text
}

function counted(count: number): number {
  if (!Number.isInteger(count) || count < 1) throw new TestMailError('options', `times(${count}): how often?`)
  return count
}

function probability(chance: number): number {
  if (!(chance >= 0 && chance <= 1)) throw new TestMailError('options', `chance(${chance}): a probability from 0 to 1`)
  return chance
}

function notNegative(name: string, value: number): number {
  if (!(Number.isFinite(value) && value >= 0)) throw new TestMailError('options', `${name}(${value}): 0 or more`)
  return value
}

function wholeOctets(after: number): number {
  if (!(Number.isInteger(after) && after >= 0)) throw new TestMailError('options', `drop(${after}): octets, 0 or more`)
  return after
}

function positive(rate: number): number {
  if (!(rate > 0)) throw new TestMailError('options', `throttle(${rate}): octets per second, more than 0`)
  return rate
}

function faultsOf(protocol: Script['protocol'], steps: readonly string[], prefix: string): Record<string, unknown> {
  return Object.fromEntries([...steps, 'any'].map((step) => [step, build(protocol, step, `${prefix}.${step}`)]))
}

/** Faults by the step at which they happen: SMTP's own, `imap` and `pop3`. */
export interface Faults extends SmtpFaults {
  readonly imap: ImapFaults
  readonly pop3: Pop3Faults
}

/**
 * Faults by the step at which they happen.
 *
 * ```ts
 * using _ = mail.script(on.rcpt.times(2).reply(451, '4.7.1', 'greylisted'))
 * ```
 */
export const on: Faults = {
  ...faultsOf('smtp', SMTP_STEPS, 'on'),
  imap: {
    ...faultsOf('imap', IMAP_STEPS, 'on.imap'),
    command: (name: string) => build('imap', name.toLowerCase(), `on.imap.command(${name})`),
  },
  pop3: faultsOf('pop3', POP3_STEPS, 'on.pop3'),
} as unknown as Faults
