/** IMAP strings (RFC 9051 §4.3) for what was found in headers. Everything here is octets as latin1. */

import { isAscii } from '../ascii.js'
import { decodeCharset } from '../body/charset.js'
import { fromLatin1 } from '../bytes.js'
import { utf8Octets } from './octets.js'

/** Longer values are cut in a summary: a header field may have a megabyte, a summary may not. */
const MAX_STRING = 8192

/** NUL is not allowed in any IMAP string, and line breaks were unfolded before; what is left of them goes. */
function clean(text: string): string {
  if (text.length > MAX_STRING) text = text.slice(0, MAX_STRING)
  if (!text.includes('\0') && !text.includes('\r') && !text.includes('\n')) return text
  return text.replaceAll('\0', '').replaceAll('\r', '').replaceAll('\n', '')
}

/** Can the text stand in quotes as it is? Nearly every one can, and is looked at once. */
function isPlain(text: string): boolean {
  if (text.length > MAX_STRING) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f || code === 0x22 || code === 0x5c || code === 0x0d || code === 0x0a || code === 0) return false
  }
  return true
}

function quote(text: string): string {
  if (text.includes('\\')) text = text.replaceAll('\\', '\\\\')
  return `"${text.includes('"') ? text.replaceAll('"', '\\"') : text}"`
}

/** Octets that are not UTF-8 are what mail readers take them for. */
function validUtf8(text: string): string {
  return utf8Octets(decodeCharset(fromLatin1(text), 'utf-8').text)
}

/**
 * The value as an IMAP string. Octets above 127 may stand in quotes only for clients that speak UTF-8 (`utf8`); others
 * get a literal with the octets as they are in the message.
 */
export function imapString(text: string, utf8: boolean): string {
  if (isPlain(text)) return `"${text}"`
  text = clean(text)
  if (isAscii(text)) return quote(text)
  return utf8 ? quote(validUtf8(text)) : `{${text.length}}\r\n${text}`
}

/** `NIL` or the string. */
export function imapNString(text: string | null, utf8: boolean): string {
  return text === null ? 'NIL' : imapString(text, utf8)
}

/** A parsed piece of IMAP text: a string, `NIL`, or a list. Atoms come as strings. */
export type WireValue = string | null | readonly WireValue[]

/** Reads what the functions above and the renderers made; `text` begins with a value. */
export function readWire(text: string, start = 0): { value: WireValue; end: number } {
  const lists: WireValue[][] = []
  let at = start
  for (;;) {
    let value: WireValue
    const code = text.charCodeAt(at)
    if (at >= text.length) return { value: lists[0] ?? null, end: at }
    if (code === 0x20) {
      at++
      continue
    }
    if (code === 0x28) {
      lists.push([])
      at++
      continue
    }
    if (code === 0x29) {
      value = lists.pop() ?? null
      at++
    } else if (code === 0x22) {
      const end = quotedEnd(text, at)
      value = unquote(text.slice(at + 1, end - 1))
      at = end
    } else if (code === 0x7b) {
      const close = text.indexOf('}', at)
      const size = Number(text.slice(at + 1, close))
      value = text.slice(close + 3, close + 3 + size)
      at = close + 3 + size
    } else {
      const from = at
      while (at < text.length && !' ()"'.includes(text.charAt(at))) at++
      const atom = text.slice(from, at)
      value = atom === 'NIL' ? null : atom
    }
    const list = lists[lists.length - 1]
    if (!list) return { value, end: at }
    list.push(value)
  }
}

/** Behind the quoted string that opens at `at`. */
function quotedEnd(text: string, at: number): number {
  for (at++; at < text.length && text.charCodeAt(at) !== 0x22; at++) if (text.charCodeAt(at) === 0x5c) at++
  return at + 1
}

function unquote(text: string): string {
  return text.includes('\\') ? text.replaceAll('\\"', '"').replaceAll('\\\\', '\\') : text
}
