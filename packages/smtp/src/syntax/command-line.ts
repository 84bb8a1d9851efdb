/**
 * Writing commands. This is the one place where a client's command becomes octets: no line end and no control
 * character gets through, whatever an application put into an address or a parameter.
 */
import { fromUtf8, ProtocolUsageError } from '@posthouse/wire'
import type { Mailbox } from './address.js'
import type { Parameters } from './parameters.js'

/**
 * A command line with its CRLF.
 * @throws ProtocolUsageError when the text holds a control character, or is not ASCII and `utf8` is false.
 */
export function commandLine(text: string, utf8 = false): Uint8Array {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code === 127 || (code > 127 && code < 160)) {
      throw new ProtocolUsageError('a command must not hold CR, LF, NUL or another control character')
    }
    if (code > 127 && !utf8) throw new ProtocolUsageError('a command is ASCII unless SMTPUTF8 is in use')
  }
  return fromUtf8(`${text}\r\n`)
}

/** `MAIL FROM:<path> [parameters]`. `null`: the empty path of notices. */
export function mailText(reversePath: Mailbox | null, parameters: Parameters): string {
  return `MAIL FROM:<${reversePath?.address ?? ''}>${parameterText(parameters)}`
}

/** `RCPT TO:<path> [parameters]`. */
export function rcptText(forwardPath: Mailbox, parameters: Parameters): string {
  return `RCPT TO:<${forwardPath.address}>${parameterText(parameters)}`
}

function parameterText(parameters: Parameters): string {
  let text = ''
  for (const [name, value] of parameters) text += value === null ? ` ${name}` : ` ${name}=${value}`
  return text
}
