/** Address lists on their way out (RFC 5322 §3.4, RFC 6532 §3.2). */

import { isAscii } from '../ascii.js'
import { fromLatin1, fromUtf8, latin1, utf8 } from '../bytes.js'
import { isGroup, parseAddressList, type RawMailbox } from '../header/address.js'
import { ComposeError } from './errors.js'
import { hasLoneSurrogate, MAX_LINE_LENGTH, refuseControls, type Token, utf8Length } from './field.js'
import { looksEncoded, phraseTokens } from './words.js'

/** One mailbox: `{ name: 'Jane Roe', address: 'jane@example.org' }`. */
export interface Mailbox {
  /** Display name in plain Unicode. */
  name?: string
  /** `local-part@domain` as it is used in SMTP: no brackets, no comments. */
  address: string
}

/** A named list (RFC 5322 §3.4); it may be empty: `{ group: 'undisclosed-recipients', members: [] }`. */
export interface Group {
  group: string
  members: readonly Mailbox[]
}

/**
 * Addresses as they are at hand: values, or text in the syntax of a header field, such as
 * `'Jane Roe <jane@example.org>, joe@example.com'`. Text that does not follow RFC 5322 is refused, not repaired.
 */
export type AddressInput = string | Mailbox | Group | readonly (string | Mailbox | Group)[]

/** Characters of an atom (RFC 5322 §3.2.3) beside letters and digits. */
const ATOM_SPECIALS = "!#$%&'*+-/=?^_`{|}~"

/** Octets of a word or of a quoted string in a name, which no line can be broken in. */
const MAX_QUOTED = 200

function isAtomText(text: string): boolean {
  for (const character of text) {
    const isPlain = (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z')
    if (isPlain || (character >= 'a' && character <= 'z') || character > '\x9f') continue
    if (!ATOM_SPECIALS.includes(character)) return false
  }
  return text !== ''
}

function isDotAtom(text: string): boolean {
  return text.split('.').every(isAtomText)
}

function invalid(address: string, why: string): ComposeError {
  return new ComposeError('invalid-address', `${JSON.stringify(address)} is no address: ${why}`)
}

/** `"` and `\` get a backslash; control characters are refused. */
function quote(text: string, what: string): string {
  let quoted = '"'
  for (const character of text) {
    if (character < ' ' || character === '\x7f') throw invalid(what, 'it has a control character')
    quoted += character === '"' || character === '\\' ? `\\${character}` : character
  }
  return `${quoted}"`
}

/**
 * A local part that is no dot-atom must come quoted: quoting it here would turn a list of addresses, or an address with
 * something behind it, into one address of another host.
 */
function writeLocalPart(local: string, address: string, utf8Allowed: boolean): string {
  if (!utf8Allowed && !isAscii(local)) {
    throw new ComposeError('needs-smtputf8', `${JSON.stringify(address)}: only a message with smtputf8 can name it`)
  }
  if (isDotAtom(local)) return local
  if (local.length > 1 && local.startsWith('"') && local.endsWith('"')) return quote(unquote(local), address)
  // Dots at the ends or side by side: some hosts gave such addresses out.
  if (isAtomText(local.replaceAll('.', ''))) return quote(local, address)
  throw invalid(address, 'put its local part in quotes')
}

/** A domain in ASCII; an internationalised one by the IDNA rules of the platform's URL parser. */
function toAsciiDomain(domain: string, address: string): string {
  for (const character of domain) {
    if (character <= '\x7f' && !isAtomText(character) && character !== '.') throw invalid(address, 'check its domain')
    if ('%#?/|^`{}'.includes(character)) throw invalid(address, 'check its domain')
  }
  try {
    return new URL(`http://${domain}`).hostname
  } catch {
    throw invalid(address, 'its domain is not one by IDNA')
  }
}

function writeDomain(domain: string, address: string, utf8Allowed: boolean): string {
  if (domain.startsWith('[') && domain.endsWith(']')) {
    const literal = domain.slice(1, -1)
    for (const character of literal) {
      if (character <= ' ' || character > '~' || '[]\\'.includes(character)) throw invalid(address, 'check its literal')
    }
    return domain
  }
  const ascii = isAscii(domain) || utf8Allowed ? domain : toAsciiDomain(domain, address)
  if (!isDotAtom(ascii)) throw invalid(address, 'its domain must be names with dots, or a literal in brackets')
  return ascii
}

/** `local-part@domain`, quoted where it must be; the domain in ASCII unless `utf8Allowed`. */
export function writeAddrSpec(address: string, utf8Allowed: boolean): string {
  refuseControls(address, 'An address')
  const at = address.lastIndexOf('@')
  if (at < 1 || at === address.length - 1) throw invalid(address, 'write local-part@domain')
  if (hasLoneSurrogate(address)) throw invalid(address, 'it has half a surrogate pair')
  const local = address.slice(0, at)
  const written = `${writeLocalPart(local, address, utf8Allowed)}@${writeDomain(address.slice(at + 1), address, utf8Allowed)}`
  if (fromUtf8(written).length > MAX_LINE_LENGTH - 100) throw invalid(address, 'it is too long for a line')
  return written
}

function unquote(text: string): string {
  let plain = ''
  for (let i = 1; i < text.length - 1; i++) {
    if (text[i] === '\\' && i + 2 < text.length) i++
    plain += text[i]
  }
  return plain
}

/** A display name: atoms, a quoted string or encoded words, whichever says it exactly and is the plainest. */
export function nameTokens(name: string, utf8Allowed: boolean): Token[] {
  refuseControls(name, 'A display name')
  const plain = (utf8Allowed ? !hasLoneSurrogate(name) : isAscii(name)) && !looksEncoded(name) && !hasControls(name)
  if (!plain) return phraseTokens(name)
  const words = name.split(' ')
  if (words.every((word) => isAtomText(word) && utf8Length(word) <= MAX_QUOTED)) {
    return words.map((word) => ({ space: ' ', text: word }))
  }
  const quoted = quote(name, name)
  return utf8Length(quoted) > MAX_QUOTED ? phraseTokens(name) : [{ space: ' ', text: quoted }]
}

function hasControls(text: string): boolean {
  for (const character of text) if (character < ' ' || (character >= '\x7f' && character <= '\x9f')) return true
  return false
}

function mailboxTokens(mailbox: Mailbox, utf8Allowed: boolean): Token[] {
  const address = writeAddrSpec(mailbox.address, utf8Allowed)
  if (!mailbox.name) return [{ space: ' ', text: address }]
  return [...nameTokens(mailbox.name, utf8Allowed), { space: ' ', text: `<${address}>` }]
}

function octetsToText(octets: string): string {
  return utf8(fromLatin1(octets))
}

function fromRaw({ name, mailbox, host }: RawMailbox): Mailbox {
  const address = `${octetsToText(mailbox)}@${octetsToText(host)}`
  return name ? { name: octetsToText(name), address } : { address }
}

function readText(text: string): (Mailbox | Group)[] {
  refuseControls(text, 'An address')
  const { entries, malformed } = parseAddressList(latin1(fromUtf8(text)))
  if (malformed || entries.length === 0) throw invalid(text, 'it does not follow RFC 5322')
  return entries.map((entry) => {
    if (isGroup(entry)) return { group: octetsToText(entry.group), members: entry.members.map(fromRaw) }
    return fromRaw(entry)
  })
}

/** The input as values. */
export function readAddresses(input: AddressInput | undefined): (Mailbox | Group)[] {
  if (input === undefined) return []
  if (typeof input === 'string') return input.trim() === '' ? [] : readText(input)
  if (!Array.isArray(input)) return [input as Mailbox | Group]
  return input.flatMap((item: string | Mailbox | Group) => readAddresses(item))
}

/** The bare addresses of the input, as SMTP's RCPT takes them. */
export function envelopeAddresses(input: AddressInput | undefined, utf8Allowed: boolean): string[] {
  return readAddresses(input).flatMap((entry) => {
    const mailboxes = 'group' in entry ? entry.members : [entry]
    return mailboxes.map((mailbox) => writeAddrSpec(mailbox.address, utf8Allowed))
  })
}

/** The list as tokens of a field. */
export function addressTokens(input: AddressInput, utf8Allowed: boolean): Token[] {
  const entries = readAddresses(input).map((entry) => entryTokens(entry, utf8Allowed))
  return joinTokens(entries, ',')
}

function entryTokens(entry: Mailbox | Group, utf8Allowed: boolean): Token[] {
  if (!('group' in entry)) return mailboxTokens(entry, utf8Allowed)
  if (entry.group === '') throw invalid('', 'a group needs a name')
  const members = joinTokens(
    entry.members.map((member) => mailboxTokens(member, utf8Allowed)),
    ',',
  )
  const name = nameTokens(entry.group, utf8Allowed)
  // RFC 2047 §5 (3): blanks around an encoded word, also before a special.
  const colon = looksEncoded(name.at(-1)!.text) ? [...name, { space: ' ', text: ':' }] : stick(name, ':')
  return stick([...colon, ...members], ';')
}

/** Puts `text` directly behind the last token. */
function stick(tokens: readonly Token[], text: string): Token[] {
  const last = tokens.at(-1)!
  return [...tokens.slice(0, -1), { space: last.space, text: last.text + text }]
}

function joinTokens(lists: readonly (readonly Token[])[], separator: string): Token[] {
  return lists.flatMap((tokens, index) => (index < lists.length - 1 ? stick(tokens, separator) : [...tokens]))
}
