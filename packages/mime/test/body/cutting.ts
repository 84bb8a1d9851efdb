import fc from 'fast-check'
import { concat } from '../../src/bytes.js'

/** The octets in pieces, cut at the given places. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)
  const pieces: Uint8Array[] = []
  let start = 0
  for (const place of [...sorted, bytes.length]) {
    pieces.push(bytes.subarray(start, place))
    start = place
  }
  return pieces
}

/** Everything that a decoder or encoder gives for the pieces. */
export function feed(coder: { write(b: Uint8Array): Uint8Array; end(): Uint8Array }, pieces: readonly Uint8Array[]) {
  // A Buffer, whose `slice` is a view, overwritten afterwards: a coder must not keep views of what it was fed.
  const out: Uint8Array[] = []
  for (const piece of pieces) {
    const fed = Buffer.from(piece)
    out.push(new Uint8Array(coder.write(fed)))
    fed.fill(0x58)
  }
  out.push(coder.end())
  return concat(out)
}

export function feedText(decoder: { write(b: Uint8Array): string; end(): string }, pieces: readonly Uint8Array[]) {
  let text = ''
  for (const piece of pieces) {
    const fed = Buffer.from(piece)
    text += decoder.write(fed)
    fed.fill(0x58)
  }
  return text + decoder.end()
}

export const places = fc.array(fc.nat(10_000), { maxLength: 8 })

/** Octets drawn from an alphabet that makes the interesting cases likely. */
export function octetsOf(alphabet: string, maxLength = 200) {
  return fc
    .array(fc.nat(alphabet.length - 1), { maxLength })
    .map((indexes) => Uint8Array.from(indexes, (index) => alphabet.charCodeAt(index)))
}
