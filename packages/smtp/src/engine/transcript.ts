import { latin1 } from '@posthouse/wire'

/** One line of a dialogue: what the client or the server said. Line ends are left out, passwords are `***`. */
export interface TranscriptLine {
  readonly side: 'client' | 'server'
  readonly text: string
}

/** Octets of a client's line that are shown. */
const SHOWN = 500

/** The front of a client's command line, which `length` octets of `line` hold: more is not shown. */
export function commandText(line: Uint8Array, length: number): string {
  return latin1(line, 0, Math.min(length, SHOWN))
}

/** A command line as it may be shown: what follows the mechanism of AUTH is a secret. */
export function shownCommand(text: string): string {
  const verb = startOfAuth(text)
  if (verb === -1) return text
  // One octet stands between the two words, whichever; behind a second one all is hidden.
  let end = verb + 5
  while (end < text.length && !isBlank(text, end)) end++
  return end >= text.length ? text : `${text.slice(0, end)} ***`
}

/** True for AUTH, and for what somebody meant as AUTH who has put a blank before it or a tab behind it. */
export function saysAuth(text: string): boolean {
  return startOfAuth(text) !== -1
}

/** Where AUTH begins, or -1. */
function startOfAuth(text: string): number {
  let at = 0
  while (at < text.length && isBlank(text, at)) at++
  return text.slice(at, at + 4).toUpperCase() === 'AUTH' ? at : -1
}

/** A blank, a tab or any other control character. */
function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code <= 32 || code === 127
}
