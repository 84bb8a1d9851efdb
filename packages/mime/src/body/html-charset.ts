/**
 * The charset of an HTML text, which may name one itself.
 *
 * What mail readers do: the label of the part counts as long as its octets can be read with it. Only when there is none,
 * when nobody knows it, or when the octets are not in it, the first `<meta charset>` (or `<meta http-equiv>` with one) is
 * asked; and where its charset does not fit either, the text is guessed as every other text is.
 */

import { lowerCase } from '../ascii.js'
import { latin1 } from '../bytes.js'
import { type CharsetSource, canonicalCharset, type DecodedText, decodeCharset } from './charset.js'

/** Octets in which the element is looked for; browsers look at the first 1024, mail has longer heads. */
const HEAD = 8192
/** Charsets that no `<meta>` can be written in (WHATWG HTML §13.2.3.2), and UTF-7, which is used to hide scripts. */
const NEVER = new Set(['utf-7', 'utf-16', 'utf-16le', 'utf-16be', 'utf-32', 'utf-32le', 'utf-32be'])

/** As {@link decodeCharset}, for HTML. */
export function decodeHtmlCharset(bytes: Uint8Array, label: string | undefined, source?: CharsetSource): DecodedText {
  const labelled = decodeCharset(bytes, label, source)
  // What is UTF-8 from end to end was guessed right: elements outlive the charsets that they name.
  if (labelled.defect === undefined || decodeCharset(bytes, 'utf-8').defect === undefined) return labelled
  const named = metaCharset(latin1(bytes, 0, Math.min(bytes.length, HEAD)))
  if (named === null || NEVER.has(canonicalCharset(named))) return labelled
  const inNamed = decodeCharset(bytes, named, source)
  return inNamed.defect === undefined ? { text: inNamed.text, defect: labelled.defect } : labelled
}

/** The charset that the first `<meta>` with one names. */
function metaCharset(html: string): string | null {
  const text = lowerCase(html)
  for (let open = text.indexOf('<meta'); open !== -1; open = text.indexOf('<meta', open + 5)) {
    const close = text.indexOf('>', open)
    const end = close === -1 ? text.length : close
    const charset = charsetIn(html, text.indexOf('charset', open), end)
    if (charset !== null) return charset
    if (close === -1) return null
  }
  return null
}

/** The value behind `charset` at `at`, with blanks and quotes around it gone. */
function charsetIn(html: string, at: number, end: number): string | null {
  if (at === -1 || at > end) return null
  let start = skip(html, at + 'charset'.length, end, ' \t\r\n')
  if (html.charAt(start) !== '=') return null
  start = skip(html, start + 1, end, ' \t\r\n"\'')
  let stop = start
  while (stop < end && !' \t\r\n"\';/>'.includes(html.charAt(stop))) stop++
  return stop === start ? null : html.slice(start, stop)
}

function skip(text: string, at: number, end: number, characters: string): number {
  while (at < end && characters.includes(text.charAt(at))) at++
  return at
}
