import { decodePrintable } from '../../syntax/xtext.js'

/**
 * `NAME=value NAME=value` of XCLIENT and XFORWARD: names in upper case, values decoded from xtext, `null` for
 * `[UNAVAILABLE]` and `[TEMPUNAVAIL]`. `null` when the text is not that.
 */
export function readAttributes(text: string, names: readonly string[]): ReadonlyMap<string, string | null> | null {
  const attributes = new Map<string, string | null>()
  for (const word of text.split(' ')) {
    if (word === '') continue
    const equals = word.indexOf('=')
    const name = word.slice(0, equals).toUpperCase()
    if (equals < 1 || !names.includes(name) || attributes.has(name)) return null
    // What is encoded in xtext may be anything; what is claimed about a client may not.
    const value = decodePrintable(word.slice(equals + 1))
    if (value === null || value.length > 255) return null
    const upper = value.toUpperCase()
    attributes.set(name, upper === '[UNAVAILABLE]' || upper === '[TEMPUNAVAIL]' || value === '' ? null : value)
  }
  return attributes.size === 0 ? null : attributes
}
