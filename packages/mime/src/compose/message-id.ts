/** Message identifiers on their way out (RFC 5322 §3.6.4). */

import { isAscii } from '../ascii.js'
import { ComposeError } from './errors.js'
import { hasLoneSurrogate, type Token } from './field.js'

/** `<left@right>` as a token; angle brackets may be there or not. */
export function messageIdToken(id: string, utf8Allowed: boolean): Token {
  const bare = id.startsWith('<') && id.endsWith('>') ? id.slice(1, -1) : id
  for (const character of bare) {
    if (character <= ' ' || character === '<' || character === '>' || character === '\x7f') {
      throw new ComposeError('invalid-message-id', `${JSON.stringify(id)}: an identifier has no blanks and no brackets`)
    }
  }
  const at = bare.indexOf('@')
  const isWritable = utf8Allowed ? !hasLoneSurrogate(bare) : isAscii(bare)
  if (at < 1 || at === bare.length - 1 || bare.length > 900 || !isWritable) {
    throw new ComposeError('invalid-message-id', `${JSON.stringify(id)}: an identifier is <left@right> in ASCII`)
  }
  return { space: ' ', text: `<${bare}>` }
}

/** A list of identifiers, or text with several of them, as tokens. */
export function messageIdTokens(ids: string | readonly string[], utf8Allowed: boolean): Token[] {
  const list =
    typeof ids === 'string'
      ? ids
          .replaceAll('\t', ' ')
          .split(' ')
          .filter((id) => id !== '')
      : ids
  return list.map((id) => messageIdToken(id, utf8Allowed))
}
