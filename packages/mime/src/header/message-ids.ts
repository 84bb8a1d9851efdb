/** Message identifiers (RFC 5322 §3.6.4) as found in Message-ID, In-Reply-To and References. */

const OPEN = 0x3c
const CLOSE = 0x3e

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a
}

/** Line breaks and blanks inside an identifier come from folding. */
function withoutBlanks(text: string): string {
  let clean = ''
  let from = 0
  for (let i = 0; i < text.length; i++) {
    if (!isBlank(text.charCodeAt(i))) continue
    clean += text.slice(from, i)
    from = i + 1
  }
  return from === 0 ? text : clean + text.slice(from)
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
    const id = withoutBlanks(text.slice(open + 1, end))
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
 * `"a.b"@example` is `a.b@example`.
 */
export function normalMessageId(id: string): string {
  if (!id.startsWith('"')) return id
  let local = ''
  for (let i = 1; i < id.length; i++) {
    const code = id.charCodeAt(i)
    if (code === 0x22) return id.charCodeAt(i + 1) === 0x40 ? local + id.slice(i + 1) : id
    if (code === 0x5c) i++
    local += id.charAt(i)
  }
  return id
}
