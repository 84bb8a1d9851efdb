/** Text in SASL messages: nothing that is not UTF-8 becomes a user name. */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The octets as text; `null` when they are not UTF-8. A byte order mark is kept. */
export function strictUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}

/** A name as GS2 headers and SCRAM write it (RFC 5801 §4, RFC 5802 §5.1): `,` and `=` are escaped. */
export function encodeSaslName(name: string): string {
  let out = ''
  for (const character of name) out += character === ',' ? '=2C' : character === '=' ? '=3D' : character
  return out
}

/** Reads a `saslname`; `null` when an `=` does not begin an escape, or the name holds NUL or is empty. */
export function decodeSaslName(text: string): string | null {
  let out = ''
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '\0' || character === ',') return null
    if (character !== '=') {
      out += character
      continue
    }
    const escaped = text.slice(at + 1, at + 3)
    if (escaped !== '2C' && escaped !== '3D') return null
    out += escaped === '2C' ? ',' : '='
    at += 2
  }
  return out === '' ? null : out
}
