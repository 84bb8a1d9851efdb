/** MD5 (RFC 1321) and HMAC-MD5 (RFC 2104), for CRAM-MD5 only: Web Crypto has none, for good reasons. */

const BLOCK = 64

/** Rotations of the four rounds (RFC 1321 §3.4). */
const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]

/** `floor(2^32 * |sin(i + 1)|)`. */
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(2 ** 32 * Math.abs(Math.sin(i + 1))) | 0)

/** The 16 octets of MD5. */
export function md5(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(((message.length + 8) >> 6) * BLOCK + BLOCK)
  padded.set(message)
  padded[message.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, message.length << 3, true)
  view.setUint32(padded.length - 4, message.length >>> 29, true)
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
  const words = new Int32Array(16)
  for (let at = 0; at < padded.length; at += BLOCK) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + i * 4, true)
    block(state, words)
  }
  const out = new Uint8Array(16)
  const result = new DataView(out.buffer)
  for (let i = 0; i < 4; i++) result.setInt32(i * 4, state[i], true)
  return out
}

function block(state: Int32Array, words: Int32Array): void {
  let [a, b, c, d] = state
  for (let i = 0; i < 64; i++) {
    const round = i >> 4
    let mixed: number
    let word: number
    if (round === 0) {
      mixed = (b & c) | (~b & d)
      word = i
    } else if (round === 1) {
      mixed = (b & d) | (c & ~d)
      word = (5 * i + 1) & 15
    } else if (round === 2) {
      mixed = b ^ c ^ d
      word = (3 * i + 5) & 15
    } else {
      mixed = c ^ (b | ~d)
      word = (7 * i) & 15
    }
    const sum = (a + mixed + SINES[i] + words[word]) | 0
    const shift = SHIFTS[round * 4 + (i & 3)]
    a = d
    d = c
    c = b
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0
  }
  state[0] += a
  state[1] += b
  state[2] += c
  state[3] += d
}

/** MD5 as lower-case hexadecimal: what APOP wants (RFC 1939 §7). */
export function md5Hex(message: Uint8Array): string {
  return hex(md5(message))
}

export function hmacMd5(key: Uint8Array, message: Uint8Array): Uint8Array {
  const short = key.length > BLOCK ? md5(key) : key
  const inner = new Uint8Array(BLOCK + message.length).fill(0x36, 0, BLOCK)
  const outer = new Uint8Array(BLOCK + 16).fill(0x5c, 0, BLOCK)
  for (let i = 0; i < short.length; i++) {
    inner[i] ^= short[i]
    outer[i] ^= short[i]
  }
  inner.set(message, BLOCK)
  outer.set(md5(inner), BLOCK)
  return md5(outer)
}

/** Octets as lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16)
  return text
}
