/** What a milter says to a mail server. */
import { indexOfByte, latin1, utf8 } from '@posthouse/wire'
import { MACRO_STAGES, type MacroStage, type MilterAction, type MilterOptions } from './options.js'
import type { Packet } from './packet.js'

/** What a milter decides at a step. */
export type MilterVerdict =
  /** Go on with the next step. */
  | { readonly type: 'continue' }
  /** Nothing more of this message (or connection) needs to be seen. */
  | { readonly type: 'accept' }
  /** `550` or `554`. */
  | { readonly type: 'reject' }
  /** `451`. */
  | { readonly type: 'tempfail' }
  /** The client hears `250`, and the message goes nowhere. */
  | { readonly type: 'discard' }
  /** No more pieces of the body. */
  | { readonly type: 'skip' }
  /** A reply in the milter's words; `text` may have several lines. */
  | { readonly type: 'reply'; readonly code: number; readonly enhanced: string | null; readonly text: string[] }
  /** `421`: the connection of the client is to be closed. */
  | { readonly type: 'shutdown' }

/** A change that a milter asks for at the end of a message. Names and values of fields: a character is an octet. */
export type MilterModification =
  | { readonly type: 'add-header'; readonly name: string; readonly value: string }
  /** `index` 0: before all fields; 1: behind the first one, which is the server's own Received field; and so on. */
  | { readonly type: 'insert-header'; readonly index: number; readonly name: string; readonly value: string }
  /** The field number `index` of that name, from 1. An empty value deletes it. */
  | { readonly type: 'change-header'; readonly index: number; readonly name: string; readonly value: string }
  /** A piece of the new body; pieces follow each other. */
  | { readonly type: 'replace-body'; readonly octets: Uint8Array }
  | { readonly type: 'add-recipient'; readonly path: string; readonly parameters: string | null }
  | { readonly type: 'delete-recipient'; readonly path: string }
  | { readonly type: 'change-sender'; readonly path: string; readonly parameters: string | null }
  | { readonly type: 'quarantine'; readonly reason: string }

/** The action that a modification needs. */
export function actionOf(modification: MilterModification): MilterAction {
  switch (modification.type) {
    case 'insert-header':
      return 'add-header'
    case 'replace-body':
      return 'change-body'
    case 'add-recipient':
      return modification.parameters === null ? 'add-recipient' : 'add-recipient-with-parameters'
    default:
      return modification.type
  }
}

/** Any packet of a milter, read. */
export type MilterReply =
  | {
      readonly type: 'options'
      readonly version: number
      readonly actions: number
      readonly steps: number
      readonly macros: MilterOptions['macros']
    }
  | { readonly type: 'verdict'; readonly verdict: MilterVerdict }
  | { readonly type: 'modification'; readonly modification: MilterModification }
  /** It needs more time. */
  | { readonly type: 'progress' }
  /** It cannot do its work for this connection. */
  | { readonly type: 'connection-failed' }
  | { readonly type: 'malformed'; readonly message: string }

const verdict = (type: Exclude<MilterVerdict['type'], 'reply'>): MilterReply => ({ type: 'verdict', verdict: { type } })

const PLAIN: ReadonlyMap<string, MilterReply> = new Map([
  ['c', verdict('continue')],
  ['a', verdict('accept')],
  ['r', verdict('reject')],
  ['t', verdict('tempfail')],
  ['d', verdict('discard')],
  ['s', verdict('skip')],
  ['4', verdict('shutdown')],
  ['p', { type: 'progress' }],
  ['f', { type: 'connection-failed' }],
])

/** Reads a packet. */
export function readReply({ code, data }: Packet): MilterReply {
  const plain = PLAIN.get(code)
  if (plain) return plain
  switch (code) {
    case 'O':
      return readNegotiation(data)
    case 'y':
      return readReplyCode(utf8(data))
    case 'b':
      return { type: 'modification', modification: { type: 'replace-body', octets: new Uint8Array(data) } }
    case 'h':
      return field(data, 0, (name, value) => ({ type: 'add-header', name, value }))
    case 'i':
      return field(data, 4, (name, value) => ({ type: 'insert-header', index: numberAt(data, 0), name, value }))
    case 'm':
      return field(data, 4, (name, value) => ({ type: 'change-header', index: numberAt(data, 0), name, value }))
    case '+':
    case '2':
    case '-':
    case 'e':
    case 'q':
      return envelope(code, data)
    default:
      return malformed(`a packet of the unknown kind ${JSON.stringify(code)}`)
  }
}

function envelope(code: string, data: Uint8Array): MilterReply {
  const [first, second] = texts(data, 0, utf8)
  if (first === undefined) return malformed('a change of the envelope that names nothing')
  const parameters = second === undefined || second === '' ? null : second
  const modification: MilterModification =
    code === 'q'
      ? { type: 'quarantine', reason: first }
      : code === '-'
        ? { type: 'delete-recipient', path: first }
        : code === 'e'
          ? { type: 'change-sender', path: first, parameters }
          : { type: 'add-recipient', path: first, parameters: code === '2' ? parameters : null }
  return { type: 'modification', modification }
}

function field(
  data: Uint8Array,
  start: number,
  make: (name: string, value: string) => MilterModification,
): MilterReply {
  const [name, value] = texts(data, start, latin1)
  if (name === undefined || value === undefined) return malformed('a header field without a name and a value')
  return { type: 'modification', modification: make(name, value) }
}

function readNegotiation(data: Uint8Array): MilterReply {
  if (data.length < 12) return malformed('a negotiation of less than 12 octets')
  const macros = new Map<MacroStage, readonly string[]>()
  for (let at = 12; at + 4 <= data.length; ) {
    const stage = MACRO_STAGES[numberAt(data, at)]
    const end = indexOfByte(data, 0, at + 4)
    if (stage === undefined || end === -1) return malformed('a list of macros for no stage')
    macros.set(stage, words(latin1(data, at + 4, end)))
    at = end + 1
  }
  return {
    type: 'options',
    version: numberAt(data, 0),
    actions: numberAt(data, 4),
    steps: numberAt(data, 8),
    macros,
  }
}

/** `{name}` is how a long name is written; some milters leave the braces out. */
function words(list: string): readonly string[] {
  return list
    .replaceAll(',', ' ')
    .replaceAll('\t', ' ')
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => (word.length > 1 && !word.startsWith('{') ? `{${word}}` : word))
}

/** `550 5.7.1 text`, or several lines of it with `-` behind all codes but the last. */
function readReplyCode(raw: string): MilterReply {
  const end = raw.indexOf('\0')
  // Milters write "%" twice, because Sendmail reads the text as a format.
  const whole = (end === -1 ? raw : raw.slice(0, end)).replaceAll('%%', '%')
  const code = Number(whole.slice(0, 3))
  if (!isDigits(whole.slice(0, 3)) || code < 400 || code > 599)
    return malformed('a reply whose code is neither 4yz nor 5yz')
  let enhanced: string | null = null
  const text: string[] = []
  for (const line of whole.replaceAll('\r', '').split('\n')) {
    if (line === '') continue
    const rest = line.startsWith(whole.slice(0, 3)) ? line.slice(4) : line
    const space = rest.indexOf(' ')
    const word = space === -1 ? rest : rest.slice(0, space)
    if (isEnhanced(word, whole.charAt(0))) {
      enhanced ??= word
      text.push(space === -1 ? '' : rest.slice(space + 1))
    } else text.push(rest)
  }
  return { type: 'verdict', verdict: { type: 'reply', code, enhanced, text } }
}

/** `class.subject.detail` (RFC 3463 §2) of the class that the reply code has. */
function isEnhanced(word: string, digit: string): boolean {
  const parts = word.split('.')
  if (parts.length !== 3 || parts[0] !== digit) return false
  return parts.every((part) => part.length > 0 && part.length <= 3 && isDigits(part))
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 48 || text.charCodeAt(i) > 57) return false
  return true
}

/** Two texts that end with NUL, or with the packet. */
function texts(
  data: Uint8Array,
  start: number,
  decode: (bytes: Uint8Array, start: number, end: number) => string,
): readonly (string | undefined)[] {
  const list: string[] = []
  for (let at = start; at < data.length && list.length < 2; ) {
    const nul = indexOfByte(data, 0, at)
    const end = nul === -1 ? data.length : nul
    list.push(decode(data, at, end))
    at = end + 1
  }
  return list
}

function numberAt(data: Uint8Array, at: number): number {
  return data.length < at + 4 ? 0 : data[at] * 0x1000000 + (data[at + 1] << 16) + (data[at + 2] << 8) + data[at + 3]
}

function malformed(message: string): MilterReply {
  return { type: 'malformed', message }
}
