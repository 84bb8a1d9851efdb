/**
 * The charsets of the platform's `TextDecoder`. By the WHATWG's standard all platforms have the same; in fact Node
 * lacks some and has others in ICU's variant, which knows fewer characters. A probe tells.
 */

import { concat, copyOf } from '../bytes.js'
import { REPLACEMENT } from './charset-guess.js'

const EMPTY = new Uint8Array(0)

/** One text, from the first octet to the last, in pieces; malformed octets become U+FFFD. */
export interface SourceDecoder {
  write(bytes: Uint8Array): string
  end(): string
}

/** The WHATWG's charsets, without those that this package decodes itself. */
const PLATFORM_CHARSETS = new Set(
  (
    'utf-16le utf-16be iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-10 ' +
    'iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 windows-874 windows-1250 windows-1251 windows-1253 windows-1254 ' +
    'windows-1255 windows-1256 windows-1257 windows-1258 koi8-r koi8-u ibm866 macintosh x-mac-cyrillic shift_jis ' +
    'euc-jp gbk gb18030 big5 euc-kr'
  ).split(' '),
)

/** Octets of a character that only the WHATWG's variant has. */
const PROBES = new Map<string, readonly [octets: readonly [number, number], character: string]>([
  ['euc-kr', [[0x81, 0x41], '\uAC02']],
  ['big5', [[0x87, 0x40], '\u43F0']],
])

/** Where a platform has the WHATWG's variant of a charset only by another name: ICU's gbk lacks what gb18030 has. */
const PLATFORM_NAMES = new Map([['gbk', 'gb18030']])

interface PlatformCharset {
  decode(bytes: Uint8Array): string
  /** False when another table would know more characters. */
  exact: boolean
}

/** Making a TextDecoder costs more than a header; they have no state between whole texts, so each is made once. */
const made = new Map<string, PlatformCharset | undefined>()

/** The platform's decoder for whole texts, by canonical name. */
export function platformCharset(name: string): PlatformCharset | undefined {
  if (!PLATFORM_CHARSETS.has(name)) return undefined
  if (!made.has(name)) made.set(name, makePlatformCharset(name))
  return made.get(name)
}

function makePlatformCharset(name: string): PlatformCharset | undefined {
  try {
    const decoder = new TextDecoder(PLATFORM_NAMES.get(name) ?? name)
    const probe = PROBES.get(name)
    const exact = !probe || decoder.decode(Uint8Array.from(probe[0])) === probe[1]
    return { decode: (bytes) => decoder.decode(bytes), exact }
  } catch {
    return undefined // Node lacks iso-8859-16, and nearly all of them when built with small ICU.
  }
}

/** Charsets whose characters have more than one octet, the first of them 0x80 or above. */
const MULTI_OCTET = new Set(['shift_jis', 'euc-jp', 'gbk', 'gb18030', 'big5', 'euc-kr'])

/** A decoder of the platform for one text in pieces; only for names that {@link platformCharset} has. */
export function platformStream(name: string): SourceDecoder {
  let decoder = new TextDecoder(PLATFORM_NAMES.get(name) ?? name)
  const attempt = (decode: () => string, octets: number): string => {
    try {
      return decode()
    } catch {
      // Node throws at malformed octets when a piece ends inside a character, and is of no use afterwards.
      decoder = new TextDecoder(PLATFORM_NAMES.get(name) ?? name)
      return REPLACEMENT.repeat(octets)
    }
  }
  const stream: SourceDecoder = {
    write: (bytes) => attempt(() => decoder.decode(bytes, { stream: true }), bytes.length),
    end: () => attempt(() => decoder.decode(), 1),
  }
  return MULTI_OCTET.has(name) ? cutSafely(stream) : stream
}

/** The least octet that can be a later octet of a character: 0x30 in GB 18030. */
const FIRST_TRAIL = 0x30
/** Octets kept back at most. */
const MAX_TAIL = 1024

/**
 * What decoders make of malformed octets (iconv-lite's and ICU's both) depends on where their input was cut. So it is
 * cut behind octets only that belong to no longer character, unless there is none for long.
 */
export function cutSafely(decoder: SourceDecoder): SourceDecoder {
  let tail: Uint8Array = EMPTY
  return {
    write(bytes) {
      const all = tail.length === 0 ? bytes : concat([tail, bytes])
      const end = safeCut(all)
      tail = copyOf(all, end, all.length)
      return end === 0 ? '' : decoder.write(all.subarray(0, end))
    },
    end() {
      const text = tail.length === 0 ? '' : decoder.write(tail)
      tail = EMPTY
      return text + decoder.end()
    },
  }
}

function safeCut(bytes: Uint8Array): number {
  const stop = Math.max(0, bytes.length - MAX_TAIL)
  for (let at = bytes.length; at > stop; at--) {
    const octet = bytes[at - 1]!
    if (octet > 0 && octet < FIRST_TRAIL) return at
  }
  return stop
}

/** RFC 2781 §4.3: a byte order mark decides; without one, a zero octet shows which half is the high one. */
function utf16Name(first: number, second: number): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return second === 0 && first !== 0 ? 'utf-16le' : 'utf-16be'
}

/** UTF-16 whose octet order only the text itself tells. */
export function utf16Decoder(): SourceDecoder {
  let decoder: SourceDecoder | undefined
  let first: Uint8Array | undefined
  return {
    write(bytes) {
      if (decoder) return decoder.write(bytes)
      if (bytes.length === 0) return ''
      if (!first && bytes.length === 1) {
        first = copyOf(bytes, 0, 1)
        return ''
      }
      decoder = platformStream(first ? utf16Name(first[0]!, bytes[0]!) : utf16Name(bytes[0]!, bytes[1]!))
      return first ? decoder.write(first) + decoder.write(bytes) : decoder.write(bytes)
    },
    end() {
      return decoder ? decoder.end() : first ? REPLACEMENT : ''
    },
  }
}
