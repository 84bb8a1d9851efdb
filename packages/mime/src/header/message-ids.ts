/** Message identifiers (RFC 5322 §3.6.4) as found in Message-ID, In-Reply-To and References. */

import { isBlank, trimBlanks } from '../ascii.js'

const OPEN = 0x3c
const CLOSE = 0x3e

/** An identifier has no folding, but it may have been folded all the same: line breaks and the blanks around them go. */
function unfolded(text: string): string {
  if (!text.includes('\n')) return trimBlanks(text)
  return text.split('\n').map(trimBlanks).join('')
}

/**
 * The identifiers of a field value (octets as latin1, folded or not) without their angle brackets, in order. Phrases
 * and comments between them are left out. A value without any brackets gives its words that have an `@`.
 */
export function parseMessageIds(text: string): string[] {
  const ids: string[] = []
  let open = text.indexOf('<')
  if (open === -1) return bareIds(text)
  while (open !== -1) {
    let end = open + 1
    while (end < text.length && text.charCodeAt(end) !== CLOSE && text.charCodeAt(end) !== OPEN) end++
    const id = unfolded(text.slice(open + 1, end))
    if (id !== '') ids.push(id)
    open = text.indexOf('<', end)
  }
  return ids
}

function bareIds(text: string): string[] {
  const ids: string[] = []
  for (let at = 0; at < text.length; ) {
    while (at < text.length && isBlank(text.charCodeAt(at))) at++
    const start = at
    while (at < text.length && !isBlank(text.charCodeAt(at))) at++
    const word = text.slice(start, at)
    if (word.includes('@')) ids.push(word.endsWith('>') ? word.slice(0, -1) : word)
  }
  return ids
}

/**
 * One form for comparing (RFC 5256 §3): the local part without quotes where it needs none, so that
 * `"a.b"@example` is `a.b@example`, and no blanks, which no identifier has and some programs lose.
 */
export function normalMessageId(id: string): string {
  const plain = id.startsWith('"') ? withoutQuotes(id) : id
  if (!plain.includes(' ') && !plain.includes('\t')) return plain
  return plain.replaceAll(' ', '').replaceAll('\t', '')
}

function withoutQuotes(id: string): string {
  let local = ''
  for (let i = 1; i < id.length; i++) {
    const code = id.charCodeAt(i)
    if (code === 0x22) return id.charCodeAt(i + 1) === 0x40 ? local + id.slice(i + 1) : id
    if (code === 0x5c) i++
    local += id.charAt(i)
  }
  return id
}
