/** Internationalised domain names for people to read (RFC 5890), without letting one look like something else. */

import { lowerCase } from '../ascii.js'
import { decodePunycode } from './punycode.js'

const PREFIX = 'xn--'

/** A label in Unicode, or as it is when its `xn--` form is not the one and only form of the Unicode one. */
function labelToUnicode(label: string): string {
  const lower = lowerCase(label)
  if (!lower.startsWith(PREFIX)) return label
  const text = decodePunycode(lower.slice(PREFIX.length))
  return text !== null && hasOnlyLabelCharacters(text) && text.normalize('NFKC') === text ? text : label
}

/** At least one character above 127, and of those below only letters, digits and the hyphen. */
function hasOnlyLabelCharacters(text: string): boolean {
  let foreign = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const plain = code === 0x2d || (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x7a)
    if (code <= 0x9f && !plain) return false
    foreign ||= code > 0x9f
  }
  return foreign
}

/** The domain with its `xn--` labels in Unicode. For showing only: compare and send the domain as it was found. */
export function domainToUnicode(domain: string): string {
  if (!lowerCase(domain).includes(PREFIX)) return domain
  return domain.split('.').map(labelToUnicode).join('.')
}
