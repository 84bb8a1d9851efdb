/** Extensions that change the connection: COMPRESS (RFC 4978), UNAUTHENTICATE (RFC 8437), LITERAL- (RFC 7888). */
import { bad, no, ok } from '../../syntax/status.js'
import type { Command, ImapExtension } from '../extension.js'

const compressCommand: Command<string> = {
  name: 'COMPRESS',
  states: ['authenticated', 'selected'],
  updates: 'none',
  parse(cursor) {
    cursor.space()
    return cursor.word('Mechanism')
  },
  run(session, mechanism) {
    if (mechanism !== 'DEFLATE') return bad('DEFLATE is the only mechanism')
    if (session.values.has('COMPRESS')) return no('Compressed already', 'COMPRESSIONACTIVE')
    if (!session.link.canCompress) return no('Compression is not possible here', 'CANNOT')
    session.values.set('COMPRESS', true)
    session.compress()
    return ok('DEFLATE active')
  },
}

/** RFC 4978: only after login, so that strangers cannot make the server inflate. */
export const compress: ImapExtension = {
  name: 'COMPRESS=DEFLATE',
  capabilities: ({ account, link, session }) =>
    account && link.canCompress && !session.values.has('COMPRESS') ? ['COMPRESS=DEFLATE'] : [],
  commands: [compressCommand as Command],
}

const unauthenticateCommand: Command<void> = {
  name: 'UNAUTHENTICATE',
  states: ['authenticated', 'selected'],
  updates: 'none',
  parse() {},
  async run(session) {
    // A client that wants both makes a new connection.
    if (session.values.has('COMPRESS')) return bad('Not possible on a compressed connection')
    await session.leave()
    return ok('Logged out')
  },
}

/** RFC 8437 */
export const unauthenticate: ImapExtension = {
  name: 'UNAUTHENTICATE',
  // RFC 8437 §3.1: compression would have to end with it, which a client could not see coming in what it inflates.
  capabilities: ({ session }) => (session.values.has('COMPRESS') ? [] : ['UNAUTHENTICATE']),
  commands: [unauthenticateCommand as Command],
}

/** RFC 7888 §5: literals up to 4,096 octets without waiting. Instead of `literalPlus`, not beside it. */
export const literalMinus: ImapExtension = { name: 'LITERAL-', capabilities: ['LITERAL-'], beforeLogin: true }
