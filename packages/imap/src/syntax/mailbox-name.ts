/**
 * Mailbox names on the wire: modified UTF-7 (RFC 3501 §5.1.3), or UTF-8 after ENABLE (RFC 9051 §5.1, RFC 9755 §3).
 * A path's segments stand between `/`. A segment that holds a `/` itself is told in modified UTF-7 as `&AC8-`.
 */
import { utf8 } from '@posthouse/wire'

/** What stands between the segments of a path. */
export const DELIMITER = '/'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,'
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i

const DELIMITER_CODE = DELIMITER.charCodeAt(0)

function isDirect(code: number): boolean {
  return code >= 32 && code <= 126 && code !== DELIMITER_CODE
}

/** A segment in modified UTF-7. */
export function encodeSegment(segment: string): string {
  let out = ''
  for (let i = 0; i < segment.length; ) {
    const code = segment.charCodeAt(i)
    if (isDirect(code)) {
      out += code === 38 ? '&-' : segment[i]
      i++
      continue
    }
    out += '&'
    let bits = 0
    let held = 0
    for (; i < segment.length && !isDirect(segment.charCodeAt(i)); i++) {
      bits = (bits << 16) | segment.charCodeAt(i)
      held += 16
      while (held >= 6) {
        held -= 6
        out += ALPHABET[(bits >> held) & 63]
        bits &= (1 << held) - 1
      }
    }
    if (held > 0) out += ALPHABET[(bits << (6 - held)) & 63]
    out += '-'
  }
  return out
}

/** A segment from modified UTF-7; `null` when it is none. Only the one correct spelling is read (security: one name, one spelling). */
export function decodeSegment(text: string): string | null {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code > 126) return null
    if (code !== 38) {
      out += text[i]
      continue
    }
    const end = text.indexOf('-', i)
    if (end === -1) return null
    if (end === i + 1) {
      out += '&'
      i = end
      continue
    }
    let bits = 0
    let held = 0
    for (let at = i + 1; at < end; at++) {
      const at6 = text.charCodeAt(at)
      const value = at6 < 128 ? VALUES[at6] : -1
      if (value < 0) return null
      bits = (bits << 6) | value
      held += 6
      if (held >= 16) {
        held -= 16
        out += String.fromCharCode((bits >> held) & 0xffff)
        bits &= (1 << held) - 1
      }
    }
    i = end
  }
  return encodeSegment(out) === text ? out : null
}

/** The name of a path on the wire. */
export function formatMailboxName(path: readonly string[], asUtf8: boolean): string {
  return (asUtf8 ? path : path.map(encodeSegment)).join(DELIMITER)
}

/** The path that a name means; `null` when it is no correct name. An empty name is the empty path. */
export function parseMailboxName(octets: Uint8Array, asUtf8: boolean): readonly string[] | null {
  const text = utf8(octets)
  if (text === '') return []
  if (text.includes('\ufffd')) return null
  const path: string[] = []
  let ascii = true
  for (let i = 0; i < text.length && ascii; i++) ascii = text.charCodeAt(i) < 128
  for (const segment of text.split(DELIMITER)) {
    // Clients send plain UTF-8 without asking (RFC 9051 §5.1): it cannot be mistaken for modified UTF-7.
    const decoded = asUtf8 || !ascii ? segment : decodeSegment(segment)
    if (decoded === null) return null
    path.push(decoded)
  }
  // Of the letters of INBOX alone: the upper case of a dotless i is an I, too.
  if (path[0].toLowerCase() === 'inbox') path[0] = 'INBOX'
  return path
}
