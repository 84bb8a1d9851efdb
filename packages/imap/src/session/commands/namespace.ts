/** NAMESPACE (RFC 2342, RFC 9051 §6.3.10). Authenticated state. */
import { DELIMITER, formatMailboxName } from '../../syntax/mailbox-name.js'
import { ok } from '../../syntax/status.js'
import type { Command } from '../extension.js'
import type { ImapSession } from '../session.js'

/** Writes ` (("Other Users/" "/"))`, or ` NIL` where there is no such namespace. */
function writeNamespace({ out, utf8 }: ImapSession, name: string | null | undefined): void {
  if (name === null || name === undefined) {
    out.text(' NIL')
    return
  }
  out
    .text(' ((')
    .string(name === '' ? '' : formatMailboxName([name, ''], utf8))
    .text(` "${DELIMITER}"))`)
}

/** Personal, other users', shared. */
export const namespace: Command<void> = {
  name: 'NAMESPACE',
  states: ['authenticated', 'selected'],
  parse() {},
  run(session) {
    const { out, server } = session
    out.text('* NAMESPACE')
    writeNamespace(session, '')
    writeNamespace(session, server.namespaces?.otherUsers)
    writeNamespace(session, server.namespaces?.shared)
    out.crlf()
    return ok('NAMESPACE completed')
  },
}
