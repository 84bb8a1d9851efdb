/** Tag lists (RFC 6376 §3.2), and the fields that have one. */
import { domainKey } from '@posthouse/smtp'
import { fromLatin1, utf8 } from '@posthouse/wire'

interface Tag {
  readonly name: string
  readonly value: string
  /** Where the value begins in the text, with the blanks around it. */
  readonly start: number
  readonly end: number
}

/** The tags of a list: blanks around names and values are none of them. `null`: it is no list, or names one twice. */
export function readTags(text: string): ReadonlyMap<string, Tag> | null {
  const tags = new Map<string, Tag>()
  for (let at = 0; at <= text.length; ) {
    const semicolon = text.indexOf(';', at)
    const end = semicolon === -1 ? text.length : semicolon
    const equals = text.indexOf('=', at)
    const name = trimmed(text.slice(at, equals === -1 || equals > end ? end : equals))
    if (name !== '') {
      if (equals === -1 || equals > end || tags.has(name)) return null
      tags.set(name, { name, value: trimmed(text.slice(equals + 1, end)), start: equals + 1, end })
    } else if (equals !== -1 && equals < end) return null
    at = end + 1
  }
  return tags
}

/** A DKIM-Signature field (RFC 6376 §3.5). */
export interface SignatureTags {
  readonly domain: string
  readonly selector: string
  /** `b=`, without blanks. */
  readonly signature: string
  /** The domain of `i=`. */
  readonly identity: string
  /** Why nobody has to look at it (RFC 6376 §6.1.1). */
  readonly problem: string | null
  /** What has to be known to check it, in a spelling that nobody can misread: no comments, quotes and blanks. */
  readonly plain: string
  /** The value as it was signed: `b=` is empty (RFC 6376 §3.7). */
  readonly unsigned: string
}

const REQUIRED = ['v', 'a', 'b', 'bh', 'd', 'h', 's']
const ALGORITHMS: readonly string[] = ['rsa-sha256', 'ed25519-sha256', 'rsa-sha1']
const CANONICALIZATIONS: readonly string[] = ['simple', 'relaxed']

/** Reads the value of a DKIM-Signature field: its octets as latin1, folded or not. */
export function readSignature(value: string): SignatureTags {
  const tags = readTags(value)
  const get = (name: string): string => withoutBlanks(tags?.get(name)?.value ?? '')
  // RFC 8616 §4: these may be UTF-8.
  const name = (text: string): string => domainKey(utf8(fromLatin1(text)))
  const [domain, selector] = [name(get('d')), name(get('s'))]
  const i = get('i')
  const identity = i === '' ? domain : name(i.slice(i.lastIndexOf('@') + 1))
  const problem = tags ? problemOf(get, domain, selector, i, identity) : 'its tags are no list'
  const times = ['t', 'x', 'l'].map((name) => (get(name) === '' ? '' : `${name}=${get(name)}; `)).join('')
  const algorithm = `a=${get('a').toLowerCase()}; c=${get('c').toLowerCase()}; d=${domain}; s=${selector}; ${times}`
  const b = tags?.get('b')
  return {
    domain,
    selector,
    signature: get('b'),
    identity,
    problem,
    plain: `${algorithm}bh=${get('bh')}; b=${get('b')}; h=${get('h')}`,
    unsigned: b ? value.slice(0, b.start) + value.slice(b.end) : value,
  }
}

function problemOf(
  get: (name: string) => string,
  domain: string,
  selector: string,
  i: string,
  identity: string,
): string | null {
  const missing = REQUIRED.find((name) => get(name) === '')
  if (missing) return `${missing}= is missing`
  if (get('v') !== '1') return 'an unknown version'
  if (!ALGORITHMS.includes(get('a').toLowerCase())) return 'an unknown algorithm'
  const canonicalization = get('c').toLowerCase().split('/')
  if (get('c') !== '' && (canonicalization.length > 2 || !canonicalization.every((c) => CANONICALIZATIONS.includes(c))))
    return 'an unknown canonicalization'
  if (get('q') !== '' && !get('q').toLowerCase().split(':').includes('dns/txt')) return 'an unknown way to its key'
  if (![domain, selector].every(isName) || !['b', 'bh'].every((name) => isName(get(name)))) return 'a syntax error'
  if (!['t', 'x', 'l'].every((name) => isNumber(get(name)))) return 'a time or length that is none'
  if (i !== '' && (!i.includes('@') || (identity !== domain && !identity.endsWith(`.${domain}`))))
    return 'i= is not of its domain'
  return null
}

/** RFC 6376 §3.5: digits. More than twelve are no time that a clock knows, nor the length of a message. */
function isNumber(text: string): boolean {
  if (text.length > 12) return false
  for (const digit of text) if (digit < '0' || digit > '9') return false
  return true
}

/** ASCII, and nothing in it that could be a quote or a comment. */
function isName(text: string): boolean {
  for (const character of text) if (character < ' ' || character > '~' || `"'()\\`.includes(character)) return false
  return true
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n'
}

function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function withoutBlanks(text: string): string {
  let out = ''
  for (const character of text) if (!isBlank(character)) out += character
  return out
}
