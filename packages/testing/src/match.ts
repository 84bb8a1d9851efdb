import type { TestMessage } from './content/message.js'

/** Text that is wanted: the text itself, a pattern, or a function. */
export type Text = string | RegExp | ((text: string) => boolean)

/** What a message must be. All of it must hold. */
export interface MessageShape {
  /** An envelope recipient, or an address of To. Compared without regard to case. */
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
  addresses.some((one) =>
    typeof wanted === 'string' ? wanted.toLowerCase() === one.toLowerCase() : matches(wanted, one),
  )

const mailboxes = (addresses: readonly { readonly address: string }[]): string[] =>
  addresses.map(({ address }) => address)

/** The clauses of a shape that a message does not fulfil, each with what it has instead. Empty: it fits. */
export function mismatches(match: Match | undefined, message: TestMessage): string[] {
  if (match === undefined) return []
  if (typeof match === 'function') return match(message) ? [] : ['the function said no']
  const failed: string[] = []
  const clause = (name: string, wanted: Text | undefined, holds: (wanted: Text) => boolean, has: string): void => {
    if (wanted !== undefined && !holds(wanted)) failed.push(`${name} is ${has}, not ${shown(wanted)}`)
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
