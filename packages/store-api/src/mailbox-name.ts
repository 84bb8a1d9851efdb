import { StoreError } from './errors.js'

/** Segments of a mailbox path; deeper trees are refused. */
export const MAX_PATH_SEGMENTS = 32
/** Octets of a whole path in UTF-8, with one octet between segments. */
export const MAX_PATH_OCTETS = 1000

/** The one mailbox that every account has. */
export const INBOX: readonly string[] = Object.freeze(['INBOX'])

/**
 * A mailbox path as it is kept: Unicode NFC, and `INBOX` in upper case as the whole first segment (RFC 9051 §5.1).
 * Segments are opaque otherwise: `/`, `.` and `&` have no meaning in them.
 * @throws StoreError `invalid` for empty segments, control characters, lone surrogates, and paths that are too long.
 */
export function normalizePath(path: readonly string[]): readonly string[] {
  if (path.length === 0) throw new StoreError('invalid', 'a mailbox path needs at least one segment')
  if (path.length > MAX_PATH_SEGMENTS) {
    throw new StoreError('limit', `a mailbox path may have ${MAX_PATH_SEGMENTS} segments, not ${path.length}`)
  }
  let octets = path.length - 1
  const normal = path.map((segment, depth) => {
    if (segment === '') throw new StoreError('invalid', 'a segment of a mailbox path must not be empty')
    for (const character of segment) {
      const code = character.codePointAt(0) as number
      // RFC 5198 §2 and RFC 9051 §5.1: no C0, no DEL, no C1, no line and paragraph separators.
      if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029) {
        throw new StoreError('invalid', 'a mailbox name must not hold control characters')
      }
      if (code >= 0xd800 && code <= 0xdfff) throw new StoreError('invalid', 'a mailbox name must be valid Unicode')
      octets += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    }
    return depth === 0 && segment.toUpperCase() === 'INBOX' ? 'INBOX' : segment.normalize('NFC')
  })
  if (octets > MAX_PATH_OCTETS) {
    throw new StoreError('limit', `a mailbox path may have ${MAX_PATH_OCTETS} octets, not ${octets}`)
  }
  return normal
}

/** A path as a key: segments cannot hold NUL, so joining by it is one to one. */
export function pathKey(path: readonly string[]): string {
  return path.join('\0')
}

/** Is this the account's INBOX itself (not a child of it)? */
export function isInbox(path: readonly string[]): boolean {
  return path.length === 1 && path[0] === 'INBOX'
}
