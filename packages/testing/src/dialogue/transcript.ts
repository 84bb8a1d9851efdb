import { utf8 } from '@posthouse/wire'

/** Writes a line of a dialogue down. */
export type Say = (dir: 'C' | 'S', line: string) => void

/** The two ears of a transcript. */
export interface Transcript {
  /** An event of the engine: what the client says. */
  heard(event: { readonly type: string }): void
  /** Octets that the server says. */
  wrote(octets: Uint8Array): void
}

/** Characters of a line that are kept. */
export const SHOWN = 500

/** Characters of a line that are looked at. */
const LONGEST = 65_536
const LF = 10

/** One line of a server. */
export interface ServerLine {
  /** Without its line end. */
  readonly text: string
  /** With it. */
  readonly octets: number
}

/**
 * Cuts a server's octets into lines.
 * @param take Says how many octets behind a line are none of its lines: a literal.
 */
export function createLineReader(take: (line: ServerLine) => number): (octets: Uint8Array) => void {
  let text = ''
  let octets = 0
  let skip = 0
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      if (skip > 0) {
        const part = Math.min(skip, bytes.length - at)
        skip -= part
        at += part
        continue
      }
      const end = bytes.indexOf(LF, at)
      const stop = end === -1 ? bytes.length : end
      if (text.length < LONGEST) text += utf8(bytes, at, stop)
      octets += stop - at
      if (end === -1) return
      at = end + 1
      skip = take({ text: text.endsWith('\r') ? text.slice(0, -1) : text, octets: octets + 1 })
      text = ''
      octets = 0
    }
  }
}
