/**
 * From octets to text, by the charset label that a message claims.
 *
 * - UTF-8, US-ASCII and windows-1252 (which every mail reader uses for iso-8859-1) are decoded here, and so are the
 *   charsets that switch between sets (`iso-2022.ts`) and UTF-7.
 * - What the platform's `TextDecoder` has exactly is decoded by it.
 * - The rest is asked of a `CharsetSource`: `iconvCharsets` brings iconv-lite and UTF-32; a program that goes without it
 *   bundles none of its tables.
 *
 * What is left, and what labels lie about, is guessed (`charset-guess.ts`).
 */

import { type Guess, guessingDecoder, guessText, REPLACEMENT, windows1252 } from './charset-guess.js'
import { canonicalCharset } from './charset-names.js'
import { platformCharset, platformStream, type SourceDecoder, utf16Decoder } from './charset-platform.js'
import { switchingDecoder } from './iso-2022.js'
import { utf7Decoder } from './utf-7.js'

export { canonicalCharset } from './charset-names.js'
export type { SourceDecoder } from './charset-platform.js'

/**
 * `unknown-charset`: nobody knows the label; the text was guessed.
 * `wrong-charset`: the octets are not what the label says; the text was guessed, or holds U+FFFD.
 */
export type CharsetDefect = 'unknown-charset' | 'wrong-charset'

/** Text, and what was wrong with its octets. */
export interface DecodedText {
  text: string
  defect?: CharsetDefect
}

/** Decodes text piece by piece; characters may be cut anywhere. */
export interface CharsetDecoder {
  write(bytes: Uint8Array): string
  end(): string
  /** Final after `end`. */
  readonly defect: CharsetDefect | undefined
}

/** Where decoders come from that `TextDecoder` lacks: given a canonical name, makes one or knows none. */
export type CharsetSource = (name: string) => SourceDecoder | undefined

/** What is wrong with a guess, given the canonical name of the label and whether U+FFFD is in the text. */
function guessDefect(name: string, guess: Guess, damaged: boolean): CharsetDefect | undefined {
  if (name !== 'us-ascii' && name !== 'utf-8') return 'unknown-charset'
  if (guess === 'ascii') return undefined
  return guess === name && !damaged ? undefined : 'wrong-charset'
}

function decoded(text: string, defect: CharsetDefect | undefined): DecodedText {
  return defect === undefined ? { text } : { text, defect }
}

/** RFC 2045 §5.2: text without a label is US-ASCII. */
function nameOf(label: string | undefined): string {
  return label ? canonicalCharset(label) : 'us-ascii'
}

/**
 * The text of `bytes` in the charset that `label` names (`undefined` or empty: US-ASCII, RFC 2045 §5.2). Never throws;
 * every octet is read; a byte order mark is not text. `source` brings decoders for charsets that the platform lacks.
 */
export function decodeCharset(bytes: Uint8Array, label: string | undefined, source?: CharsetSource): DecodedText {
  const name = nameOf(label)
  if (name === 'windows-1252') return { text: windows1252(bytes) }
  const decode = name === 'utf-8' || name === 'us-ascii' ? undefined : wholeDecoder(name, source)
  if (decode) {
    const text = decode(bytes)
    return decoded(text, text.includes(REPLACEMENT) ? 'wrong-charset' : undefined)
  }
  const { text, guess } = guessText(bytes)
  return decoded(text, guessDefect(name, guess, text.includes(REPLACEMENT)))
}

function wholeDecoder(name: string, source: CharsetSource | undefined): ((bytes: Uint8Array) => string) | undefined {
  const platform = platformCharset(name)
  if (platform?.exact) return platform.decode
  const further = furtherDecoder(name, source)
  if (further) return (bytes) => further.write(bytes) + further.end()
  return platform ? platform.decode : undefined
}

/** A decoder that is not the platform's. */
function furtherDecoder(name: string, source: CharsetSource | undefined): SourceDecoder | undefined {
  if (name === 'utf-16') return utf16Decoder()
  if (name === 'utf-7') return utf7Decoder()
  const decodeRun = (charset: string, run: Uint8Array) => decodeCharset(run, charset, source).text
  return switchingDecoder(name, decodeRun) ?? source?.(name)
}

/** A decoder for text that comes in pieces, with the same text and defect as {@link decodeCharset} for any cutting. */
export function createCharsetDecoder(label: string | undefined, source?: CharsetSource): CharsetDecoder {
  const name = nameOf(label)
  if (name === 'windows-1252') return { defect: undefined, write: windows1252, end: () => '' }
  const decoder = name === 'utf-8' || name === 'us-ascii' ? undefined : streamDecoder(name, source)
  return decoder ? watched(decoder) : watchedGuess(name)
}

function streamDecoder(name: string, source: CharsetSource | undefined): SourceDecoder | undefined {
  const platform = platformCharset(name)
  if (platform?.exact) return platformStream(name)
  return furtherDecoder(name, source) ?? (platform && platformStream(name))
}

/** Adds the defect to a decoder that marks what it cannot read by U+FFFD. */
function watched(decoder: SourceDecoder): CharsetDecoder {
  let damaged = false
  const watch = (text: string): string => {
    damaged ||= text.includes(REPLACEMENT)
    return text
  }
  return {
    get defect() {
      return damaged ? 'wrong-charset' : undefined
    },
    write: (bytes) => watch(decoder.write(bytes)),
    end: () => watch(decoder.end()),
  }
}

function watchedGuess(name: string): CharsetDecoder {
  const decoder = guessingDecoder()
  return {
    get defect() {
      return guessDefect(name, decoder.guess, decoder.damaged)
    },
    write: decoder.write,
    end: decoder.end,
  }
}
