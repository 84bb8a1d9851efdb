/**
 * Punycode (RFC 3492), decoding only: the labels of internationalised domain names. Node's module of the name is
 * deprecated, and takes the place of the package that has the same.
 */

const BASE = 36
const T_MIN = 1
const T_MAX = 26
const SKEW = 38
const DAMP = 700
const INITIAL_BIAS = 72
const INITIAL_CODE = 128
const LAST_CODE = 0x10ffff
/** RFC 1034 §3.1: no label is longer. */
const MAX_LABEL = 63

/** RFC 3492 §5: letters of either case are 0 to 25, digits 26 to 35. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 26
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x7a ? letter - 0x61 : -1
}

/** RFC 3492 §6.1. */
function adapt(delta: number, count: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? DAMP : 2))
  rest += Math.floor(rest / count)
  let bias = 0
  for (; rest > ((BASE - T_MIN) * T_MAX) >> 1; bias += BASE) rest = Math.floor(rest / (BASE - T_MIN))
  return bias + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW))
}

/**
 * The text of a label that came without its `xn--`; null when it is no Punycode. Since every text has one Punycode and
 * what is decoded has characters above 127 only where they were encoded, no two labels (case aside) give one text.
 */
export function decodePunycode(encoded: string): string | null {
  if (encoded.length > MAX_LABEL) return null
  const delimiter = encoded.lastIndexOf('-')
  const text: string[] = delimiter > 0 ? [...encoded.slice(0, delimiter)] : []
  let code = INITIAL_CODE
  let bias = INITIAL_BIAS
  let index = 0
  for (let at = delimiter > 0 ? delimiter + 1 : 0; at < encoded.length; ) {
    const before = index
    for (let weight = 1, k = BASE; ; k += BASE) {
      const digit = at < encoded.length ? digitOf(encoded.charCodeAt(at++)) : -1
      if (digit === -1) return null
      index += digit * weight
      const threshold = Math.min(Math.max(k - bias, T_MIN), T_MAX)
      if (digit < threshold) break
      weight *= BASE - threshold
    }
    const count = text.length + 1
    bias = adapt(index - before, count, before === 0)
    code += Math.floor(index / count)
    if (code > LAST_CODE || (code >= 0xd800 && code <= 0xdfff)) return null
    index %= count
    text.splice(index++, 0, String.fromCodePoint(code))
  }
  return text.join('')
}
