/** What a mail server says to a milter. */
import { concat, fromLatin1, fromUtf8 } from '@posthouse/wire'
import { encodePacket } from './packet.js'

/** Octets of one piece of a body at most: what every milter takes. */
export const BODY_CHUNK = 65_535

/** One command. Texts are Unicode, except of header fields: there each character is an octet (U+0000 to U+00FF). */
export type MilterCommand =
  | { readonly type: 'negotiate'; readonly version: number; readonly actions: number; readonly steps: number }
  | {
      readonly type: 'connect'
      readonly hostname: string
      readonly family: 'unknown' | 'inet' | 'inet6' | 'unix'
      readonly port: number
      readonly address: string
    }
  | { readonly type: 'helo'; readonly name: string }
  /** The path in angle brackets, then ESMTP parameters. */
  | { readonly type: 'mail' | 'rcpt'; readonly args: readonly string[] }
  | { readonly type: 'data' }
  | { readonly type: 'header'; readonly name: string; readonly value: string }
  | { readonly type: 'end-of-header' }
  | { readonly type: 'body'; readonly octets: Uint8Array }
  | { readonly type: 'end-of-message' }
  /** The message will not be completed. */
  | { readonly type: 'abort' }
  | { readonly type: 'quit' }
  /** The session is over, and the connection will be used for another one. */
  | { readonly type: 'quit-new-connection' }

/** The octet of each command. */
const CODES: Readonly<Record<MilterCommand['type'], string>> = {
  negotiate: 'O',
  connect: 'C',
  helo: 'H',
  mail: 'M',
  rcpt: 'R',
  data: 'T',
  header: 'L',
  'end-of-header': 'N',
  body: 'B',
  'end-of-message': 'E',
  abort: 'A',
  quit: 'Q',
  'quit-new-connection': 'K',
}

const FAMILIES = { unknown: 'U', inet: '4', inet6: '6', unix: 'L' } as const
const EMPTY = new Uint8Array(0)

/** A command as it goes over the wire. A piece of a body is not copied. */
export function encodeCommand(command: MilterCommand): readonly Uint8Array[] {
  return encodePacket(CODES[command.type], dataOf(command))
}

/** Macros for the command that follows them: names with their braces, and values. */
export function encodeMacros(
  command: MilterCommand['type'],
  macros: readonly (readonly [name: string, value: string])[],
): readonly Uint8Array[] {
  return encodePacket('D', concat([fromLatin1(CODES[command]), ...macros.flat().map(text)]))
}

function dataOf(command: MilterCommand): Uint8Array {
  switch (command.type) {
    case 'negotiate':
      return concat([command.version, command.actions, command.steps].map(number))
    case 'connect': {
      const { hostname, family, port, address } = command
      if (family === 'unknown') return concat([text(hostname), fromLatin1(FAMILIES[family])])
      const place = fromLatin1(`${FAMILIES[family]}${String.fromCharCode(port >> 8, port & 255)}`)
      return concat([text(hostname), place, text(address)])
    }
    case 'helo':
      return text(command.name)
    case 'mail':
    case 'rcpt':
      return concat(command.args.map(text))
    case 'header':
      return concat([octets(command.name), octets(command.value)])
    case 'body':
      return command.octets
    default:
      return EMPTY
  }
}

/** A text ends at its NUL: one inside it would begin another. This is the one place where texts are written. */
function text(value: string): Uint8Array {
  return fromUtf8(`${value.replaceAll('\0', '')}\0`)
}

function octets(value: string): Uint8Array {
  return fromLatin1(`${value.replaceAll('\0', '')}\0`)
}

function number(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}
