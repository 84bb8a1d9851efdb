/** MD5 (RFC 1321) for APOP only; web standards have none. */

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const SINES = Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0)

/** The digest in lower-case hexadecimal. */
export function md5Hex(bytes: Uint8Array): string {
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, bytes.length << 3, true)
  view.setUint32(padded.length - 4, Math.floor(bytes.length / 2 ** 29), true)
  const state = Int32Array.of(0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476)
  for (let at = 0; at < padded.length; at += 64) block(view, at, state)
  let hex = ''
  for (const byte of new Uint8Array(state.buffer)) hex += byte.toString(16).padStart(2, '0')
  return hex
}

function block(view: DataView, at: number, state: Int32Array): void {
  let [a, b, c, d] = state
  for (let i = 0; i < 64; i++) {
    const round = i >> 4
    const mix =
      round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d)
    const word = round === 0 ? i : (round === 1 ? 5 * i + 1 : round === 2 ? 3 * i + 5 : 7 * i) & 15
    const sum = (a + mix + SINES[i] + view.getInt32(at + word * 4, true)) | 0
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
