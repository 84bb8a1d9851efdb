/**
 * Command lines (RFC 5321 §4.1). A line comes without its CRLF; what it holds is either a command or a fault, never
 * an exception.
 */
import { fromUtf8, latin1, utf8 } from '@posthouse/wire'
import { isAddressLiteral, isDomain, type Mailbox, parsePath } from './address.js'
import { type Parameters, parseNumber, parseParameters } from './parameters.js'
import { replies } from './replies.js'
import { type Reply, reply } from './reply.js'

/** A command of RFC 5321 §4.1 or of the extensions that are always there, taken apart. */
export type Command =
  /** Greeting (RFC 5321 §4.1.1.1, RFC 2033 §4.1). `domain` is what the client calls itself; it may be nonsense. */
  | { readonly verb: 'EHLO' | 'HELO' | 'LHLO'; readonly domain: string }
  /** `reversePath` is `null` for `<>`, from which notices about undeliverable mail come. */
  | { readonly verb: 'MAIL'; readonly reversePath: Mailbox | null; readonly parameters: Parameters }
  | { readonly verb: 'RCPT'; readonly forwardPath: Mailbox; readonly parameters: Parameters }
  | { readonly verb: 'DATA' | 'RSET' | 'QUIT' | 'STARTTLS' }
  /** RFC 3030 §2: `size` octets follow the command. */
  | { readonly verb: 'BDAT'; readonly size: number; readonly last: boolean }
  /** RFC 4954 §4. `initialResponse` is still base64; `=` stands for an empty one. */
  | { readonly verb: 'AUTH'; readonly mechanism: string; readonly initialResponse: Uint8Array | null }
  | { readonly verb: 'NOOP' | 'HELP' | 'VRFY' | 'EXPN' | 'ETRN'; readonly argument: string }
  /** A verb that an extension may know (XCLIENT, XFORWARD); upper case. */
  | { readonly verb: 'OTHER'; readonly name: string; readonly argument: string }

/** What a line cannot be read as, and what to answer. */
export interface CommandFault {
  readonly verb: 'FAULT'
  /** The verb in upper case when that much could be read, or `''`. */
  readonly name: string
  readonly reply: Reply
}

const SPACE = 32
const LONGEST_VERB = 16

/** Reads a command line: the octets up to `length`, which is where its CRLF begins. */
export function parseCommand(line: Uint8Array, length = line.length): Command | CommandFault {
  let eightBit = false
  let end = -1
  for (let i = 0; i < length; i++) {
    const byte = line[i]
    if (byte < 32 || byte === 127) return fault('', replies.controlCharacter())
    if (byte > 127) eightBit = true
    else if (byte === SPACE && end === -1) end = i
  }
  if (end === -1) end = length
  if (end > LONGEST_VERB || end === 0) return fault('', replies.unknownCommand())
  const verb = latin1(line, 0, end)
  // Most clients shout.
  let read = READERS.get(verb)
  const name = read ? verb : verb.toUpperCase()
  read ??= READERS.get(name)
  // AUTH is decoded later and from octets: a response must not wander through memory as a string.
  if (name === 'AUTH') return auth(line.subarray(0, length), end)
  const text = eightBit ? strictUtf8(line.subarray(0, length)) : latin1(line, 0, length)
  if (text === null) return fault(name, replies.invalidUtf8())
  if (read === undefined) return { verb: 'OTHER', name, argument: text.slice(end).trim() }
  return read(text, end)
}

type Read = (text: string, at: number) => Command | CommandFault

const READERS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['EHLO', (text, at) => greeting('EHLO', text, at)],
  ['HELO', (text, at) => greeting('HELO', text, at)],
  ['LHLO', (text, at) => greeting('LHLO', text, at)],
  ['MAIL', mail],
  ['RCPT', rcpt],
  ['DATA', (text, at) => alone('DATA', text, at)],
  ['BDAT', bdat],
  ['RSET', (text, at) => alone('RSET', text, at)],
  ['QUIT', (text, at) => alone('QUIT', text, at)],
  ['STARTTLS', (text, at) => alone('STARTTLS', text, at)],
  ['NOOP', (text, at) => ({ verb: 'NOOP', argument: text.slice(at).trim() })],
  ['HELP', (text, at) => ({ verb: 'HELP', argument: text.slice(at).trim() })],
  ['VRFY', (text, at) => named('VRFY', text, at)],
  ['EXPN', (text, at) => named('EXPN', text, at)],
  ['ETRN', (text, at) => named('ETRN', text, at)],
])

function greeting(verb: 'EHLO' | 'HELO' | 'LHLO', text: string, at: number): Command | CommandFault {
  const domain = text.slice(at).trim()
  if (domain === '') return fault(verb, reply(501, '5.5.4', `${verb} needs the name of the client`))
  // RFC 5321 §4.1.4: mail may not be refused because the name is not the client's; but it must be one word.
  if (domain.includes(' ') || domain.length > 255) return fault(verb, reply(501, '5.5.4', `${verb} takes one name`))
  return { verb, domain }
}

/** True when a name of EHLO is what RFC 5321 §4.1.1.1 asks for: a domain, or an address literal in brackets. */
export function isGreetingName(name: string): boolean {
  if (name.startsWith('[') && name.endsWith(']')) return isAddressLiteral(name.slice(1, -1))
  return isDomain(name)
}

function alone(verb: 'DATA' | 'RSET' | 'QUIT' | 'STARTTLS', text: string, at: number): Command | CommandFault {
  return text.slice(at).trim() === '' ? { verb } : fault(verb, reply(501, '5.5.4', `${verb} takes no parameters`))
}

function named(verb: 'VRFY' | 'EXPN' | 'ETRN', text: string, at: number): Command | CommandFault {
  const argument = text.slice(at).trim()
  return argument === '' ? fault(verb, reply(501, '5.5.4', `${verb} needs a name`)) : { verb, argument }
}

/** `MAIL FROM:<path> [parameters]`. One space behind the colon is not SMTP, but half of all scripts send it. */
function mail(text: string, at: number): Command | CommandFault {
  const start = behindKeyword(text, at, 'FROM')
  if (start === -1) return fault('MAIL', reply(501, '5.5.2', 'Syntax: MAIL FROM:<address>'))
  const path = parsePath(text, start)
  if (path.type === 'malformed') return fault('MAIL', reply(501, '5.1.7', `Bad sender address: ${path.message}`))
  if (path.mailbox?.domain === '') {
    return fault('MAIL', reply(501, '5.1.7', 'Bad sender address: the address has no domain'))
  }
  const parsed = parseParameters(text, path.end)
  if (parsed.type === 'malformed') return fault('MAIL', reply(501, '5.5.4', `Bad parameters: ${parsed.message}`))
  return { verb: 'MAIL', reversePath: path.mailbox, parameters: parsed.parameters }
}

function rcpt(text: string, at: number): Command | CommandFault {
  const start = behindKeyword(text, at, 'TO')
  if (start === -1) return fault('RCPT', reply(501, '5.5.2', 'Syntax: RCPT TO:<address>'))
  const path = parsePath(text, start)
  if (path.type === 'malformed') return fault('RCPT', reply(501, '5.1.3', `Bad recipient address: ${path.message}`))
  if (path.mailbox === null) return fault('RCPT', reply(501, '5.1.3', 'Bad recipient address: it is empty'))
  const parsed = parseParameters(text, path.end)
  if (parsed.type === 'malformed') return fault('RCPT', reply(501, '5.5.4', `Bad parameters: ${parsed.message}`))
  return { verb: 'RCPT', forwardPath: path.mailbox, parameters: parsed.parameters }
}

/** Where the path begins behind ` FROM:` or ` TO:`, or -1. */
function behindKeyword(text: string, at: number, keyword: string): number {
  while (text.charCodeAt(at) === SPACE) at++
  const colon = at + keyword.length
  if (text.charCodeAt(colon) !== 58 || text.slice(at, colon).toUpperCase() !== keyword) return -1
  return text.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1
}

function bdat(text: string, at: number): Command | CommandFault {
  const [, size, last, more] = text.slice(at).trimEnd().split(' ')
  const count = parseNumber(size ?? null)
  // RFC 3030 §2: without a size nobody knows where the next command begins; the engine closes the connection.
  if (count === null || (last !== undefined && last.toUpperCase() !== 'LAST') || more !== undefined) {
    return fault('BDAT', reply(501, '5.5.4', 'Syntax: BDAT size [LAST]'))
  }
  return { verb: 'BDAT', size: count, last: last !== undefined }
}

function auth(line: Uint8Array, at: number): Command | CommandFault {
  const start = Math.min(at + 1, line.length)
  let end = line.indexOf(SPACE, start)
  if (end === -1) end = line.length
  const mechanism = latin1(line, start, end).toUpperCase()
  if (!isMechanismName(mechanism)) return fault('AUTH', reply(501, '5.5.4', 'Syntax: AUTH mechanism [response]'))
  if (end >= line.length) return { verb: 'AUTH', mechanism, initialResponse: null }
  return { verb: 'AUTH', mechanism, initialResponse: line.slice(end + 1) }
}

/** RFC 4422 §3.1: 1 to 20 letters, digits, hyphens and underscores. */
function isMechanismName(name: string): boolean {
  if (name.length < 1 || name.length > 20) return false
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (!((code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 45 || code === 95)) return false
  }
  return true
}

/** The octets as text when they are UTF-8, else `null` (RFC 6531 §3.3 knows nothing but UTF-8). */
function strictUtf8(line: Uint8Array): string | null {
  const text = utf8(line)
  const back = fromUtf8(text)
  if (back.length !== line.length) return null
  for (let i = 0; i < line.length; i++) if (back[i] !== line[i]) return null
  return text
}

function fault(name: string, answer: Reply): CommandFault {
  return { verb: 'FAULT', name, reply: answer }
}
