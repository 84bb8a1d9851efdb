/**
 * The charsets that switch character sets inside the text: ISO-2022-JP and its descendants (RFC 1468, 1554, 2237),
 * ISO-2022-KR (RFC 1557), ISO-2022-CN (RFC 1922) and HZ (RFC 1843). Few platforms have more than the first.
 *
 * All of them name sets of two-octet characters that an EUC charset has with the high bits set, so a run of such
 * characters is handed to the decoder of that EUC. Sets nobody has a table for (CNS 11643) become U+FFFD.
 */

import { fromLatin1, latin1 } from '../bytes.js'
import type { SourceDecoder } from './charset-platform.js'

/** Decodes a whole run in one of the charsets below. */
export type RunDecoder = (charset: string, bytes: Uint8Array) => string

type CharacterSet =
  | 'ascii'
  | 'roman'
  | 'katakana'
  | 'jisx0208'
  | 'jisx0212'
  | 'gb2312'
  | 'ksc5601'
  | 'latin1'
  | 'greek'
  | 'none'

const ESC = 0x1b
const SO = 0x0e
const SI = 0x0f
const LF = 0x0a
const TILDE = 0x7e
const REPLACEMENT = '\uFFFD'

/** ISO 2022 designations, behind ESC: into G0, G1 (taken by SO) or G2 (one character, taken by ESC N). */
const DESIGNATIONS = new Map<string, readonly [group: 0 | 1 | 2, set: CharacterSet]>([
  ['(B', [0, 'ascii']],
  ['(J', [0, 'roman']],
  ['(H', [0, 'roman']],
  ['(I', [0, 'katakana']],
  ['$@', [0, 'jisx0208']],
  ['$B', [0, 'jisx0208']],
  ['$(@', [0, 'jisx0208']],
  ['$(B', [0, 'jisx0208']],
  ['$(D', [0, 'jisx0212']],
  // JIS X 0213 plane 1 is JIS X 0208 and more; what is more becomes U+FFFD.
  ['$(O', [0, 'jisx0208']],
  ['$(Q', [0, 'jisx0208']],
  ['$A', [0, 'gb2312']],
  ['$(A', [0, 'gb2312']],
  ['$(C', [0, 'ksc5601']],
  ['$)A', [1, 'gb2312']],
  ['$)C', [1, 'ksc5601']],
  ['$)G', [1, 'none']],
  ['$)E', [1, 'gb2312']],
  ['$*H', [2, 'none']],
  ['.A', [2, 'latin1']],
  ['.F', [2, 'greek']],
])
/** Octets of the longest designation, without ESC. */
const LONGEST_DESIGNATION = 3
/** Octets of a run after which it is decoded, so that memory stays constant. */
const RUN = 4096

/** The EUC charset that has a set's characters, and what stands before each of them there. */
const EUC: Partial<Record<CharacterSet, { charset: string; prefix?: number }>> = {
  jisx0208: { charset: 'euc-jp' },
  jisx0212: { charset: 'euc-jp', prefix: 0x8f },
  katakana: { charset: 'euc-jp', prefix: 0x8e },
  gb2312: { charset: 'gbk' },
  ksc5601: { charset: 'euc-kr' },
  greek: { charset: 'iso-8859-7' },
}

function octetsPerCharacter(set: CharacterSet): 1 | 2 {
  return set === 'jisx0208' || set === 'jisx0212' || set === 'gb2312' || set === 'ksc5601' || set === 'none' ? 2 : 1
}

/** A run of characters of one set, octets 0x21 to 0x7E, as text. */
function runText(set: CharacterSet, run: Uint8Array, decode: RunDecoder): string {
  if (set === 'ascii') return latin1(run)
  if (set === 'roman') return latin1(run).replaceAll('\\', '\u00A5').replaceAll('~', '\u203E')
  const size = octetsPerCharacter(set)
  if (set === 'none') return REPLACEMENT.repeat(Math.ceil(run.length / size))
  const high = run.map((octet) => octet | 0x80)
  if (set === 'latin1') return latin1(high)
  const { charset, prefix } = EUC[set]!
  if (prefix === undefined) return wellFormed(charset, high, size, decode)
  const prefixed = new Uint8Array((high.length / size) * (size + 1))
  for (let from = 0, to = 0; from < high.length; from += size) {
    prefixed[to++] = prefix
    for (let i = 0; i < size; i++) prefixed[to++] = high[from + i]!
  }
  return wellFormed(charset, prefixed, size + 1, decode)
}

/** Decodes a run; if something in it is no character, then one by one, so that it does not disturb its neighbours. */
function wellFormed(charset: string, run: Uint8Array, size: number, decode: RunDecoder): string {
  const text = decode(charset, run)
  if (!text.includes(REPLACEMENT)) return text
  let careful = ''
  for (let at = 0; at < run.length; at += size) {
    const character = decode(charset, run.subarray(at, at + size))
    careful += character.includes(REPLACEMENT) ? REPLACEMENT : character
  }
  return careful
}

/** Collects characters of one set and writes them as text when the set changes. */
function runCollector(decode: RunDecoder) {
  let text = ''
  let set: CharacterSet = 'ascii'
  let run: number[] = []
  const flush = (): void => {
    const size = octetsPerCharacter(set)
    const whole = run.length - (run.length % size)
    text += runText(set, Uint8Array.from(run.slice(0, whole)), decode)
    run = run.slice(whole)
  }
  const change = (next: CharacterSet): void => {
    if (next === set) return
    flush()
    // Half a character before a switch.
    if (run.length > 0) text += REPLACEMENT
    run = []
    set = next
  }
  return {
    add(next: CharacterSet, octet: number): void {
      change(next)
      run.push(octet)
      if (run.length >= RUN) flush()
    },
    /** Control characters, line ends and blanks belong to no set; half a character before one is lost. */
    addPlain(octet: number): void {
      change('ascii')
      run.push(octet)
    },
    addReplacement(): void {
      change('ascii')
      flush()
      text += REPLACEMENT
    },
    /** Everything that is certain by now. */
    take(ended: boolean): string {
      if (ended) change('ascii')
      flush()
      const taken = text
      text = ''
      return taken
    },
  }
}

/** A decoder for any ISO-2022 text. `initial` is the set that SO selects without a designation. */
function iso2022Decoder(decode: RunDecoder, initial: CharacterSet): SourceDecoder {
  const out = runCollector(decode)
  let g0: CharacterSet = 'ascii'
  let g1: CharacterSet = initial
  let g2: CharacterSet = 'none'
  let shifted = false
  /** Octets of the next characters that come from G2. */
  let single = 0
  /** What has come behind an ESC, or undefined outside of a sequence. */
  let sequence: string | undefined

  const designate = (octet: number): void => {
    sequence += String.fromCharCode(octet)
    const found = DESIGNATIONS.get(sequence!)
    if (found) {
      const [group, set] = found
      if (group === 0) g0 = set
      else if (group === 1) g1 = set
      else g2 = set
    } else if (sequence === 'N') {
      single = octetsPerCharacter(g2)
    } else if (sequence!.length < LONGEST_DESIGNATION && octet < 0x30) {
      return
    } else if (sequence === '$') {
      return
    } else {
      out.addReplacement()
      for (const plain of fromLatin1(sequence!)) out.addPlain(plain)
    }
    sequence = undefined
  }
  const receive = (octet: number): void => {
    if (sequence !== undefined) designate(octet)
    else if (octet === ESC) sequence = ''
    else if (octet === SO) shifted = true
    else if (octet === SI) shifted = false
    else if (octet === LF) {
      // Designations of a line end with it (RFC 1922 §3); ISO-2022-JP goes back to ASCII by itself.
      out.addPlain(octet)
      shifted = false
    } else if (octet <= 0x20 || octet === 0x7f) out.addPlain(octet)
    else if (octet >= 0x80) out.addReplacement()
    else if (single > 0) {
      single--
      out.add(g2, octet)
    } else out.add(shifted ? g1 : g0, octet)
  }
  return {
    write(bytes) {
      for (let i = 0; i < bytes.length; i++) receive(bytes[i]!)
      return out.take(false)
    },
    end() {
      if (sequence !== undefined) out.addReplacement()
      sequence = undefined
      return out.take(true)
    },
  }
}

/** HZ (RFC 1843): `~{` and `~}` around GB 2312, `~~` for a tilde, `~` before a line end joins lines. */
function hzDecoder(decode: RunDecoder): SourceDecoder {
  const out = runCollector(decode)
  let chinese = false
  let tilde = false
  /** One octet of a Chinese character has come; the other may be a tilde. */
  let half = false
  const receive = (octet: number): void => {
    if (tilde) {
      tilde = false
      half = false
      if (octet === 0x7b) chinese = true
      else if (octet === 0x7d) chinese = false
      else if (octet === TILDE) out.addPlain(TILDE)
      else if (octet !== LF) {
        out.addReplacement()
        receive(octet)
      }
    } else if (octet === LF) {
      chinese = half = false
      out.addPlain(octet)
    } else if (octet === TILDE && !half) tilde = true
    else if (octet >= 0x80) out.addReplacement()
    else if (chinese && octet > 0x20) {
      half = !half
      out.add('gb2312', octet)
    } else out.addPlain(octet)
  }
  return {
    write(bytes) {
      for (let i = 0; i < bytes.length; i++) receive(bytes[i]!)
      return out.take(false)
    },
    end() {
      if (tilde) out.addReplacement()
      tilde = false
      return out.take(true)
    },
  }
}

/** The decoder of a switching charset by its canonical name; undefined if it is none. `decode` reads the EUC runs. */
export function switchingDecoder(name: string, decode: RunDecoder): SourceDecoder | undefined {
  switch (name) {
    case 'iso-2022-jp':
    case 'iso-2022-jp-2':
      return iso2022Decoder(decode, 'katakana')
    case 'iso-2022-kr':
      return iso2022Decoder(decode, 'ksc5601')
    case 'iso-2022-cn':
      return iso2022Decoder(decode, 'gb2312')
    case 'hz-gb-2312':
      return hzDecoder(decode)
    default:
      return undefined
  }
}
