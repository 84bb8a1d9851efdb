/**
 * Replies (RFC 5321 §4.2) with enhanced status codes (RFC 2034, RFC 3463).
 *
 * A reply is a value; `encodeReply` is the only place where one becomes octets, and it lets no line end and no control
 * character of its text through, whatever an application put there.
 */

import { fromUtf8 } from '@posthouse/wire'

/** What a server answers to a command. Make one with `reply` or a constructor of `replies`. */
export interface Reply {
  /** 200 to 599. 421 also closes the connection (RFC 5321 §3.8). */
  readonly code: number
  /** Enhanced status code such as `5.1.1`; `null` where there must be none (220 greeting, EHLO, 334, 354). */
  readonly enhanced: string | null
  /** One line, or several. Line ends in a text start a new line. */
  readonly text: string | readonly string[]
}

/**
 * Octets of one reply line at most, with CRLF (RFC 5321 §4.5.3.1.5). Longer text is continued on a further line, but for 334:
 * a challenge of AUTH is one line, and may be 12,288 octets long (RFC 4954 §4).
 */
const MAX_LINE = 512
/** Lines of one reply at most; what is beyond is cut off. */
const MAX_LINES = 100

/**
 * Makes a reply.
 * @throws RangeError when the code is not one of SMTP's or does not agree with the enhanced code's class.
 */
export function reply(code: number, enhanced: string | null, text: string | readonly string[]): Reply {
  if (!Number.isInteger(code) || code < 200 || code > 599) throw new RangeError(`${code} is no SMTP reply code`)
  if (enhanced !== null && !isEnhancedCode(enhanced)) throw new RangeError(`${enhanced} is no enhanced status code`)
  // RFC 3463 §2: the class is the first digit of the reply code, which knows more (3yz) than enhanced codes have.
  if (enhanced !== null && enhanced.charCodeAt(0) - 48 !== Math.floor(code / 100)) {
    throw new RangeError(`the enhanced status code ${enhanced} does not go with the reply code ${code}`)
  }
  return { code, enhanced, text }
}

/** Octets of replies that are said again and again. */
const FIXED = new WeakMap<Reply, Uint8Array>()

/** A reply that is made once and used by all connections: it is encoded once too, and cannot be changed. */
export function fixedReply(code: number, enhanced: string | null, text: string): Reply {
  const made = Object.freeze(reply(code, enhanced, text))
  FIXED.set(made, fromUtf8(encodeReply(made)))
  return made
}

/** The octets of a reply; not to be changed. */
export function replyOctets(answer: Reply): Uint8Array {
  return FIXED.get(answer) ?? fromUtf8(encodeReply(answer))
}

/** True for 4yz: the same command may succeed later. */
export function isTemporary(answer: Reply): boolean {
  return answer.code >= 400 && answer.code < 500
}

/** Reads `class.subject.detail` (RFC 3463 §2). */
export function isEnhancedCode(text: string): boolean {
  const first = text.charCodeAt(0)
  if ((first !== 50 && first !== 52 && first !== 53) || text.charCodeAt(1) !== 46) return false
  const dot = text.indexOf('.', 2)
  return dot !== -1 && isShortNumber(text, 2, dot) && isShortNumber(text, dot + 1, text.length)
}

function isShortNumber(text: string, start: number, end: number): boolean {
  if (end <= start || end - start > 3) return false
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code < 48 || code > 57) return false
  }
  return true
}

/**
 * A reply as it goes over the wire, as text of ASCII characters (or Unicode with `utf8`, after SMTPUTF8 was asked for;
 * RFC 6531 §3.7.4.2).
 */
export function encodeReply(answer: Reply, utf8 = false): string {
  const { code, enhanced, text } = answer
  const prefix = enhanced === null ? '' : `${enhanced} `
  if (typeof text === 'string' && isPlain(text)) return `${code} ${prefix}${text}\r\n`
  const plain = typeof text !== 'string' && text.length > 0 && text.length <= MAX_LINES && text.every(isPlain)
  const room = code === 334 ? Number.POSITIVE_INFINITY : MAX_LINE - 6 - prefix.length
  const lines = plain ? text : textLines(text, room, utf8)
  let wire = ''
  for (let i = 0; i < lines.length; i++) {
    wire += `${code}${i === lines.length - 1 ? ' ' : '-'}${prefix}${lines[i]}\r\n`
  }
  return wire
}

/** One short line of visible ASCII, as nearly all texts are. */
function isPlain(text: string): boolean {
  if (text.length > MAX_LINE - 20) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code > 126) return false
  }
  return true
}

/** The text in lines that fit and hold nothing but printable characters. */
function textLines(text: string | readonly string[], room: number, utf8: boolean): string[] {
  const lines: string[] = []
  for (const part of typeof text === 'string' ? [text] : text) {
    let line = ''
    let octets = 0
    for (const character of part) {
      const code = character.codePointAt(0) as number
      if (code === 13) continue
      const size = code < 128 ? 1 : utf8 ? (code < 0x800 ? 2 : code < 0x10000 ? 3 : 4) : 1
      if (code === 10 || octets + size > room) {
        lines.push(line)
        line = ''
        octets = 0
        if (code === 10) continue
      }
      if (code < 32 || code === 127) line += ' '
      else line += code < 127 || (utf8 && code > 159) ? character : '?'
      octets += size
    }
    lines.push(line)
    if (lines.length >= MAX_LINES) return lines.slice(0, MAX_LINES)
  }
  return lines.length === 0 ? [''] : lines
}
