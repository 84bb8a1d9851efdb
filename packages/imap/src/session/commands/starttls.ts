/** STARTTLS (RFC 9051 §6.2.1). Not authenticated state. */
import { bad, ok } from '../../syntax/status.js'
import type { Command } from '../extension.js'

export const startTls: Command<void> = {
  name: 'STARTTLS',
  states: ['not-authenticated'],
  parse() {},
  run(session) {
    if (session.link.tls) return bad('The connection is encrypted already')
    if (!session.link.canStartTls) return bad('STARTTLS is not possible here')
    session.startTls()
    return ok('Begin TLS negotiation now')
  },
}
