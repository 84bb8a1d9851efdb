/** Parameters as text: charsets and percent-encoding (RFC 2231 §4) undone, encoded words and raw octets read. */

import { trimBlanks } from '../ascii.js'
import { type CharsetSource, decodeCharset } from '../body/charset.js'
import type { RawParameter, StructuredValue } from './parameters.js'
import { decodeWords, type HeaderText, octetsToText, type RawCharset } from './words.js'

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** Octets of percent-encoded text; a `%` without two digits stands for itself. */
export function percentDecode(text: string): Uint8Array {
  const octets = new Uint8Array(text.length)
  let to = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const high = code === 0x25 ? hexDigit(text.charCodeAt(i + 1)) : -1
    const low = high === -1 ? -1 : hexDigit(text.charCodeAt(i + 2))
    if (low === -1) {
      octets[to++] = code
    } else {
      octets[to++] = high * 16 + low
      i += 2
    }
  }
  return octets.subarray(0, to)
}

/**
 * The text of a parameter: RFC 2231 undone, encoded words decoded, raw octets as UTF-8 where they are, else in
 * `rawCharset`.
 */
export function parameterText(parameter: RawParameter, charsets?: CharsetSource, rawCharset?: RawCharset): string {
  return readParameterText(parameter, charsets, rawCharset).text
}

/** As {@link parameterText}, with what was wrong. */
export function readParameterText(
  parameter: RawParameter,
  charsets?: CharsetSource,
  rawCharset?: RawCharset,
): HeaderText {
  if (!parameter.extended) return decodeWords(parameter.value, charsets, rawCharset)
  const first = parameter.value.indexOf("'")
  const second = first === -1 ? -1 : parameter.value.indexOf("'", first + 1)
  if (second === -1) return decodeCharset(percentDecode(parameter.value), 'utf-8', charsets)
  const label = trimBlanks(parameter.value.slice(0, first))
  return decodeCharset(percentDecode(parameter.value.slice(second + 1)), label || 'utf-8', charsets)
}

/** The octets of a parameter, for what is compared with octets of the message, such as a boundary. */
export function parameterOctets(parameter: RawParameter): string {
  if (!parameter.extended) return parameter.value
  const second = parameter.value.indexOf("'", parameter.value.indexOf("'") + 1)
  return String.fromCharCode(...percentDecode(parameter.value.slice(second + 1).slice(0, 8192)))
}

/** All parameters as text, by lower-case name; a name has octets above 127 only where a sender did not know better. */
export function parameterTexts(
  value: StructuredValue,
  charsets?: CharsetSource,
  rawCharset?: RawCharset,
): Map<string, string> {
  const texts = new Map<string, string>()
  for (const parameter of value.parameters) {
    const name = octetsToText(parameter.name, charsets, rawCharset).text
    texts.set(name, parameterText(parameter, charsets, rawCharset))
  }
  return texts
}
