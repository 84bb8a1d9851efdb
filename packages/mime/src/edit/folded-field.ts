/** Fields whose folding is the caller's: signatures and trace fields that must be written exactly as computed. */

import { trimBlanks } from '../ascii.js'
import { ComposeError } from '../compose/errors.js'
import { isFieldName, MAX_LINE_LENGTH, utf8Length } from '../compose/field.js'

/**
 * `name: value` with CRLF behind it. The value may have CRLF in front of a blank (RFC 5322 §2.2.3) and no other CR, LF
 * or NUL; none of its lines is empty or longer than 998 octets. Throws ComposeError otherwise.
 */
export function writeFolded(name: string, value: string): string {
  if (!isFieldName(name)) {
    throw new ComposeError(
      'invalid-field-name',
      `${JSON.stringify(name)} is no field name: use printable ASCII without ":"`,
    )
  }
  const lines = `${name}: ${value}`.split('\r\n')
  lines.forEach((line, index) => {
    if (line.includes('\r') || line.includes('\n') || line.includes('\0')) {
      throw new ComposeError('control-character', `Field ${name} has a CR, LF or NUL that is no folding`)
    }
    if (index > 0 && (!(line.startsWith(' ') || line.startsWith('\t')) || trimBlanks(line) === '')) {
      throw new ComposeError(
        'control-character',
        `Field ${name}: a folded line begins with a blank and holds something`,
      )
    }
    if (utf8Length(line) > MAX_LINE_LENGTH) {
      throw new ComposeError('field-too-long', `Field ${name} has a line longer than ${MAX_LINE_LENGTH} octets`)
    }
  })
  return `${lines.join('\r\n')}\r\n`
}
