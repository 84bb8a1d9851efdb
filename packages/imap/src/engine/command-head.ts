/** The beginning of a command: its tag and its name (RFC 9051 §9, tag and command). */
import { latin1 } from '@posthouse/wire'

const CR = 13
const LF = 10
const SP = 32

/** Octets that a tag may have. */
const MAX_TAG = 255

/** Tag and name of a command, or why there is none. */
export type CommandHead =
  | { readonly type: 'head'; readonly tag: string; readonly name: string; readonly at: number }
  | { readonly type: 'refused'; readonly tag: string | null; readonly text: string }

/** The tag at the beginning of a line, `null` when there is none. */
export function readTag(line: Uint8Array): string | null {
  let at = 0
  for (; at < line.length && at <= MAX_TAG && line[at] !== SP && line[at] !== CR && line[at] !== LF; at++) {
    const code = line[at]
    // No controls, no 8-bit octets, none of ( ) { % * " \ +
    if (code < 33 || code > 126 || '(){%*"\\+'.includes(String.fromCharCode(code))) return null
  }
  return at > 0 && at <= MAX_TAG ? latin1(line, 0, at) : null
}

/** Reads tag and name of a line without its end. `UID FETCH` is one name, whatever spaces stand in it. */
export function readHead(line: Uint8Array): CommandHead {
  const tag = readTag(line)
  if (tag === null) return { type: 'refused', tag: null, text: 'A command begins with a tag' }
  let at = tag.length + 1
  const word = (): string => {
    // One space stands there; more are forgiven.
    while (at < line.length && line[at] === SP) at++
    at = Math.min(at, line.length)
    const start = at
    while (at < line.length && line[at] !== SP) at++
    return latin1(line, start, at).toUpperCase()
  }
  let name = word()
  if (name === '') return { type: 'refused', tag, text: 'Missing command' }
  if (name === 'UID') {
    at++
    name = `UID ${word()}`
  }
  return { type: 'head', tag, name, at }
}
