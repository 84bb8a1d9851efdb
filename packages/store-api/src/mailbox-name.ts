/**
 * What a mailbox may be called.
 *
 * A name is a path of Unicode segments. It has no delimiter: `/` and `.` are letters like others, and a protocol's
 * delimiter, its modified UTF-7 and its patterns belong to that protocol. Two spellings of one name are one mailbox:
 * segments are compared in Normalization Form C (RFC 5198 §2), and `INBOX` in any case is INBOX, but only as the first
 * segment (RFC 9051 §5.1). Everything else is compared octet by octet.
 */
import { StoreError } from './errors.js'

/** How long a name may be. */
export interface MailboxNameLimits {
  /** Octets of UTF-8 in one segment. Default 255. */
  readonly segmentOctets: number
  /** Segments of a path. Default 32. */
  readonly segments: number
  /** Octets of UTF-8 in the whole path, one more between two segments. Default 1000. */
  readonly pathOctets: number
}

/** The defaults of `MailboxNameLimits`. */
export const DEFAULT_MAILBOX_NAME_LIMITS: MailboxNameLimits = Object.freeze({
  segmentOctets: 255,
  segments: 32,
  pathOctets: 1000,
})

/**
 * The one spelling under which a name is stored and compared: NFC, `INBOX` in upper case.
 * @throws StoreError `invalid` for an empty path or segment, control characters, or text that is not Unicode;
 *   `limit` for a name that is too long or too deep.
 */
export function normaliseMailboxPath(
  path: readonly string[],
  limits: MailboxNameLimits = DEFAULT_MAILBOX_NAME_LIMITS,
): readonly string[] {
  if (path.length === 0) throw new StoreError('invalid', 'a mailbox name has at least one segment')
  if (path.length > limits.segments) {
    throw new StoreError('limit', `a mailbox name has at most ${limits.segments} segments`)
  }
  let octets = path.length - 1
  const out: string[] = []
  for (const segment of path) {
    const name = normaliseSegment(segment, out.length === 0)
    const length = utf8Length(name)
    if (length > limits.segmentOctets) {
      throw new StoreError('limit', `a segment of a mailbox name has at most ${limits.segmentOctets} octets`)
    }
    octets += length
    out.push(name)
  }
  if (octets > limits.pathOctets) {
    throw new StoreError('limit', `a mailbox name has at most ${limits.pathOctets} octets`)
  }
  return out
}

function normaliseSegment(segment: string, first: boolean): string {
  if (segment === 'INBOX') return segment
  if (segment === '') throw new StoreError('invalid', 'a segment of a mailbox name is empty')
  const name = segment.normalize('NFC')
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (isRefused(code)) {
      throw new StoreError('invalid', `a mailbox name holds the character U+${code.toString(16).padStart(4, '0')}`)
    }
    if (code < 0xd800 || code > 0xdfff) continue
    const next = name.charCodeAt(i + 1)
    if (code > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) {
      throw new StoreError('invalid', 'a mailbox name holds half of a surrogate pair, which is not Unicode')
    }
    i++
  }
  // Lower case, because the dotless i (U+0131) has `I` as its upper case.
  return first && name.toLowerCase() === 'inbox' ? 'INBOX' : name
}

/** Controls, line separators and non-characters: not in a Net-Unicode line (RFC 5198 §2, RFC 9051 §5.1). */
function isRefused(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0xfffe ||
    code === 0xffff
  )
}

/** Octets of well-formed text in UTF-8. */
function utf8Length(text: string): number {
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) length += 1
    else if (code < 0x800) length += 2
    else if (code >= 0xd800 && code <= 0xdbff) {
      length += 4
      i++
    } else length += 3
  }
  return length
}

/** A key for a `Map` or a database column: equal for equal names. NUL, which no name can hold, stands between segments. */
export function mailboxPathKey(normalised: readonly string[]): string {
  return normalised.join('\0')
}

/** True for INBOX itself, in any case. */
export function isInbox(path: readonly string[]): boolean {
  return path.length === 1 && path[0]!.toLowerCase() === 'inbox'
}

/** True when `path` lies strictly below `ancestor`; both are normalised. */
export function isBelow(path: readonly string[], ancestor: readonly string[]): boolean {
  return path.length > ancestor.length && ancestor.every((segment, i) => segment === path[i])
}
