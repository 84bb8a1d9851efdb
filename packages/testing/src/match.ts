import { addressKey } from './address.js'
import type { TestMessage } from './content/message.js'
import { TestMailError } from './errors.js'

/** Text that is wanted: the text itself, a pattern, or a function. */
export type Text = string | RegExp | ((text: string) => boolean)

/** What a message must be. All of it must hold. */
export interface MessageShape {
  /** An envelope recipient, or an address of To. Compared without regard to case; `bücher.example` is `xn--bcher-kva.example`. */
  readonly to?: Text
  /** The envelope sender or the address of From. */
  readonly from?: Text
  readonly cc?: Text
  /** A recipient that no header names. */
  readonly bcc?: Text
  /** The whole subject. */
  readonly subject?: Text
  /** A string: contained in the plain text. */
  readonly text?: Text
  /** A string: contained in the HTML. */
  readonly html?: Text
  /** Header fields by name. */
  readonly header?: Readonly<Record<string, Text>>
  /** A file name. */
  readonly attachment?: Text
  /** The connection it came over: `id` of a session. */
  readonly via?: string
}

/** A shape, or a function that says yes. */
export type Match = MessageShape | ((message: TestMessage) => boolean)

/** True when a text is the wanted one. */
export function matches(wanted: Text, text: string, mode: 'equals' | 'contains' = 'equals'): boolean {
  if (typeof wanted === 'function') return wanted(text)
  if (typeof wanted === 'string') return mode === 'equals' ? wanted === text : text.includes(wanted)
  // A pattern with `g` or `y` remembers where it was.
  wanted.lastIndex = 0
  return wanted.test(text)
}

const someAddress = (wanted: Text, addresses: readonly string[]): boolean =>
  addresses.some((one) => (typeof wanted === 'string' ? addressKey(wanted) === addressKey(one) : matches(wanted, one)))

const mailboxes = (addresses: readonly { readonly address: string }[]): string[] =>
  addresses.map(({ address }) => address)

/** Clauses of a shape. */
export const CLAUSES: ReadonlySet<string> = new Set<keyof MessageShape>([
  ...(['to', 'from', 'cc', 'bcc', 'subject', 'text', 'html', 'attachment', 'via', 'header'] as const),
])

/** Refuses what would match everything, or nothing, by mistake. @throws TestMailError `options`. */
export function checkMatch(match: Match | undefined): void {
  const what = match as unknown
  if (what === undefined || typeof what === 'function') return
  if (typeof what !== 'object' || what === null || Array.isArray(what) || isPattern(what)) {
    const text = `${String(what)} is no match: say which clause, as { subject: ... }; there are ${listOfClauses()}`
    throw new TestMailError('options', text)
  }
  for (const [name, wanted] of Object.entries(what)) {
    if (!CLAUSES.has(name)) throw noClause(name)
    if (wanted === undefined) continue
    if (name === 'via' && typeof wanted !== 'string') throw new TestMailError('options', 'the clause via is one text')
    if (name !== 'header') checkText(`the clause ${name}`, wanted)
    else checkHeader(wanted)
  }
}

function checkHeader(header: unknown): void {
  if (typeof header !== 'object' || header === null || isPattern(header)) {
    throw new TestMailError('options', 'the clause header is an object: { header: { "X-Kind": "receipt" } }')
  }
  for (const [name, wanted] of Object.entries(header))
    if (wanted !== undefined) checkText(`the clause header ${name}`, wanted)
}

/** @throws TestMailError `options` for what is no text that can be wanted. */
export function checkText(what: string, wanted: unknown): asserts wanted is Text {
  if (typeof wanted === 'string' || typeof wanted === 'function' || isPattern(wanted)) return
  throw new TestMailError('options', `${what} is one text, a pattern or a function`)
}

/** Also one of another realm: tests of jest run in their own. */
export function isPattern(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object RegExp]'
}

/** Options of waits, where somebody leaves out the match before them. */
const OPTIONS = new Set(['timeout', 'signal', 'since', 'within'])

export function noClause(name: string): TestMailError {
  const hint = OPTIONS.has(name) ? ' (as an option it stands behind the match, which may be undefined)' : ''
  return new TestMailError('options', `there is no clause ${name}${hint}; there are ${listOfClauses()}`)
}

const listOfClauses = (): string => [...CLAUSES].join(', ')

/** A clause that a message does not fulfil, and what it has instead. */
export interface Mismatch {
  readonly clause: string
  readonly text: string
}

/** True when all of a match holds. @throws TestMailError `options` for a function that answers later. */
export function fits(match: Match | undefined, message: TestMessage): boolean {
  return mismatches(match, message).length === 0
}

/** The clauses of a shape that a message does not fulfil. Empty: it fits. */
export function mismatches(match: Match | undefined, message: TestMessage): Mismatch[] {
  if (match === undefined) return []
  if (typeof match === 'function') return says(match, message) ? [] : [{ clause: '', text: 'the function said no' }]
  const failed: Mismatch[] = []
  const clause = (name: string, wanted: Text | undefined, holds: (wanted: Text) => boolean, has: string): void => {
    if (wanted === undefined || holds(wanted)) return
    failed.push({ clause: name, text: `${name} is ${has}, not ${shown(wanted)}` })
  }
  const { envelope, from, to, cc, bcc, subject, text, html, attachments, headers, origin } = message
  const recipients = [...envelope.to, ...mailboxes(to)]
  clause('to', match.to, (wanted) => someAddress(wanted, recipients), list(envelope.to))
  clause('from', match.from, (wanted) => someAddress(wanted, [envelope.from, ...mailboxes(from)]), envelope.from)
  clause('cc', match.cc, (wanted) => someAddress(wanted, mailboxes(cc)), list(mailboxes(cc)))
  clause('bcc', match.bcc, (wanted) => someAddress(wanted, bcc), list(bcc))
  clause('subject', match.subject, (wanted) => matches(wanted, subject), JSON.stringify(subject))
  clause('text', match.text, (wanted) => matches(wanted, text, 'contains'), excerpt(text))
  clause('html', match.html, (wanted) => matches(wanted, html, 'contains'), excerpt(html))
  const files = attachments.map(({ filename }) => filename)
  clause('attachment', match.attachment, (wanted) => files.some((file) => matches(wanted, file)), list(files))
  clause('via', match.via, (wanted) => wanted === origin?.session, origin?.session ?? 'nothing')
  for (const [name, wanted] of Object.entries(match.header ?? {})) {
    const values = headers.all(name)
    clause(`header ${name}`, wanted, () => values.some((value) => matches(wanted, value)), list(values))
  }
  return failed
}

/** What comes later would be true, whatever it says. */
function says(accepts: (message: TestMessage) => boolean, message: TestMessage): boolean {
  const said: unknown = accepts(message)
  if (typeof said === 'object' && said !== null && 'then' in said) {
    Promise.resolve(said).catch(() => {})
    throw new TestMailError('options', 'the function of a match returned a promise: it has to answer at once')
  }
  return Boolean(said)
}

/** A match as an error shows it. */
export function describeMatch(match: Match | undefined): string {
  if (match === undefined) return 'a message'
  if (typeof match === 'function') return 'a message that the function accepts'
  const { header = {}, ...rest } = match
  const clauses = [...Object.entries(rest), ...Object.entries(header)].filter(([, wanted]) => wanted !== undefined)
  if (clauses.length === 0) return 'a message'
  return `a message with { ${clauses.map(([name, wanted]) => `${name}: ${shown(wanted)}`).join(', ')} }`
}

function shown(wanted: Text): string {
  return typeof wanted === 'string'
    ? JSON.stringify(wanted)
    : typeof wanted === 'function'
      ? 'what it accepts'
      : String(wanted)
}

function list(values: readonly string[]): string {
  return values.length === 0 ? 'nothing' : values.join(', ')
}

function excerpt(text: string): string {
  return text === '' ? 'empty' : JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)
}
