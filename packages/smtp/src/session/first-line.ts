/**
 * The first line of a message, and what goes in front of it.
 *
 * Servers put fields of their own in front of messages (Received, Return-Path). Behind those a message that begins with
 * a blank would go on with our last field: its sender would write what we seem to say. And of one that begins with text
 * the text would count as a header, and not be shown. RFC 5322 §2.1 has an empty line between header and body; it is put
 * there, as Postfix does it, and all of such a message is body. A line `From ` of an mbox file is none of these:
 * everybody skips it.
 */

export const EMPTY_LINE: Uint8Array = Uint8Array.of(13, 10)
const NOTHING = new Uint8Array(0)
/** Octets of a name, its blanks and its colon. Lines of RFC 5322 §2.1.1 have no more. */
export const MAX_NAME = 998
const MBOX = 'From '

/** What goes in front of a message that begins with these octets; `null`: not before there are more of them. */
export function inFrontOf(octets: Uint8Array): Uint8Array | null {
  const first = octets[0]
  // The header is empty already.
  if (first === 13 || first === 10) return NOTHING
  const end = Math.min(octets.length, MAX_NAME)
  let at = 0
  while (at < end && octets[at] > 32 && octets[at] !== 58 && octets[at] !== 127) at++
  const name = at
  while (at < end && (octets[at] === 32 || octets[at] === 9)) at++
  if (at === octets.length && name > 0 && at < MAX_NAME) return null
  const isField = name > 0 && at < end && octets[at] === 58
  return isField || isMbox(octets, first === 62 ? 1 : 0) ? NOTHING : EMPTY_LINE
}

function isMbox(octets: Uint8Array, start: number): boolean {
  for (let i = 0; i < MBOX.length; i++) if (octets[start + i] !== MBOX.charCodeAt(i)) return false
  return true
}
