/** The words to write a fault with: `on.rcpt.times(2).reply(451, '4.7.1', 'greylisted')`. */
import { reply } from '@posthouse/smtp'
import type { FaultAction, FaultSituation, ImapStep, Pop3Step, Script, SmtpStep } from './script.js'

/** How often and when; each gives a new builder. Without one a fault happens every time. */
export interface Conditions<Self> {
  once(): Self
  times(count: number): Self
  /** Happens with this probability; the same in each run with the same seed. Default seed: 1. */
  chance(probability: number, options?: { readonly seed?: number }): Self
  /** Only where a function says so. */
  when(condition: (situation: FaultSituation) => boolean): Self
}

/** What every protocol can suffer. */
export interface CommonFaults {
  /** Answers so many ms later. */
  delay(ms: number): Script
  /** Never answers; the connection stays open. */
  stall(): Script
  /** Cuts the connection here, or behind so many octets: of the client's message in DATA, else of the server's answer. */
  drop(options?: { readonly after: number }): Script
  /** So many octets per second from here on, both ways. */
  throttle(octetsPerSecond: number): Script
  /** Does something of the test's at this moment, then goes on normally. */
  run(action: () => void | Promise<void>): Script
}

export interface SmtpFault extends Conditions<SmtpFault>, CommonFaults {
  /** Says this reply. `enhanced` is left out with `null`. */
  reply(code: number, enhanced?: string | null, text?: string): Script
  /** Says these octets in place of the reply, each piece in a packet of its own: odd packets, bad grammar. */
  raw(...pieces: readonly string[]): Script
}

/** The reply to the message itself. */
export interface MessageFault extends Conditions<MessageFault>, Omit<SmtpFault, keyof Conditions<unknown>> {
  /** The message is stored, but the client never hears of it: whoever sends again must not send twice. */
  dropAfterAccept(): Script
}

/** EHLO. */
export interface EhloFault extends Conditions<EhloFault>, Omit<SmtpFault, keyof Conditions<unknown>> {
  /** Leaves keywords out of the reply: an old server. */
  without(...keywords: readonly string[]): Script
}

/** STARTTLS. */
export interface StartTlsFault extends Conditions<StartTlsFault>, Omit<SmtpFault, keyof Conditions<unknown>> {
  /** Says `220`, and then no TLS. */
  failHandshake(): Script
}

export interface ImapFault extends Conditions<ImapFault>, CommonFaults {
  /** `NO`, with a response code if the text begins with one: `[OVERQUOTA] no room`. */
  no(text?: string): Script
  bad(text?: string): Script
  /** `* BYE`, and the connection ends. */
  bye(text?: string): Script
  /** Cuts the connection in the middle of the answer, behind so many octets. Default: 200. */
  dropMidLiteral(octets?: number): Script
}

export interface Pop3Fault extends Conditions<Pop3Fault>, CommonFaults {
  /** `-ERR`, with a response code if the text begins with one: `[IN-USE] try later`. */
  err(text?: string): Script
}

type Settings = Pick<Script, 'times' | 'chance' | 'seed' | 'when'>

const ALWAYS: Settings = { times: Number.POSITIVE_INFINITY, chance: 1, seed: 1, when: null }

/** Every method of every builder. */
type Builder = Record<string, (...args: never[]) => unknown>

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
  const line = (text: string, close = false): FaultAction => ({ type: 'line', line: text, close })
  const methods = {
    once: () => again({ times: 1 }, 'once()'),
    times: (count: number) => again({ times: count }, `times(${count})`),
    chance: (chance: number, { seed = 1 }: { seed?: number } = {}) => again({ chance, seed }, `chance(${chance})`),
    when: (when: (situation: FaultSituation) => boolean) => again({ when }, 'when(...)'),
    delay: (ms: number) => script({ type: 'delay', ms }, `delay(${ms})`),
    stall: () => script({ type: 'stall' }, 'stall()'),
    drop: ({ after = 0 }: { after?: number } = {}) => {
      const of = protocol === 'smtp' ? 'client' : 'server'
      return script({ type: 'drop', after, of }, `drop(${after === 0 ? '' : after})`)
    },
    throttle: (octetsPerSecond: number) =>
      script({ type: 'throttle', octetsPerSecond }, `throttle(${octetsPerSecond})`),
    run: (run: () => void | Promise<void>) => script({ type: 'run', run }, 'run(...)'),
    reply: (code: number, enhanced: string | null = null, text = 'scripted') =>
      script({ type: 'reply', reply: reply(code, enhanced, text) }, `reply(${code})`),
    raw: (...pieces: string[]) => script({ type: 'raw', pieces }, 'raw(...)'),
    dropAfterAccept: () => script({ type: 'drop-after-accept' }, 'dropAfterAccept()'),
    without: (...keywords: string[]) => script({ type: 'without', keywords }, `without(${keywords.join(', ')})`),
    failHandshake: () => script({ type: 'fail-handshake' }, 'failHandshake()'),
    no: (text = 'scripted') => script(line(`NO ${text}`), `no(${text})`),
    bad: (text = 'scripted') => script(line(`BAD ${text}`), `bad(${text})`),
    bye: (text = 'scripted') => script(line(`BYE ${text}`, true), `bye(${text})`),
    dropMidLiteral: (octets = 200) => script({ type: 'drop', after: octets, of: 'server' }, 'dropMidLiteral()'),
    err: (text = 'scripted') => script(line(text), `err(${text})`),
  } satisfies Builder
  return methods as unknown as T
}

const smtp = (step: SmtpStep | 'any'): SmtpFault => build('smtp', step, `on.${step}`)
const imap = (step: ImapStep | 'any'): ImapFault => build('imap', step, `on.imap.${step}`)
const pop3 = (step: Pop3Step | 'any'): Pop3Fault => build('pop3', step, `on.pop3.${step}`)

/**
 * Faults by the step at which they happen.
 *
 * ```ts
 * using _ = mail.script(on.rcpt.times(2).reply(451, '4.7.1', 'greylisted'))
 * ```
 */
export const on = {
  greeting: smtp('greeting'),
  ehlo: build<EhloFault>('smtp', 'ehlo', 'on.ehlo'),
  starttls: build<StartTlsFault>('smtp', 'starttls', 'on.starttls'),
  auth: smtp('auth'),
  mail: smtp('mail'),
  rcpt: smtp('rcpt'),
  data: smtp('data'),
  message: build<MessageFault>('smtp', 'message', 'on.message'),
  rset: smtp('rset'),
  quit: smtp('quit'),
  any: smtp('any'),
  imap: {
    login: imap('login'),
    select: imap('select'),
    fetch: imap('fetch'),
    store: imap('store'),
    append: imap('append'),
    search: imap('search'),
    idle: imap('idle'),
    copy: imap('copy'),
    list: imap('list'),
    noop: imap('noop'),
    any: imap('any'),
  },
  pop3: {
    login: pop3('login'),
    stat: pop3('stat'),
    list: pop3('list'),
    uidl: pop3('uidl'),
    retr: pop3('retr'),
    top: pop3('top'),
    dele: pop3('dele'),
    quit: pop3('quit'),
    any: pop3('any'),
  },
} as const
