import { latin1 } from '@posthouse/wire'

/** One line of a dialogue: what the client or the server said. Line ends are left out, passwords are `***`. */
export interface TranscriptLine {
  readonly side: 'client' | 'server'
  readonly text: string
}

/** Octets of a client's line that are shown. */
const SHOWN = 500

/** A client's command line as it may be shown: what follows the mechanism of AUTH is a secret. */
export function shownCommand(line: Uint8Array, length: number): string {
  const text = latin1(line, 0, Math.min(length, SHOWN))
  if (text.slice(0, 4).toUpperCase() !== 'AUTH') return text
  const mechanism = text.indexOf(' ', 5)
  return mechanism === -1 ? text : `${text.slice(0, mechanism)} ***`
}
