/** CAPABILITY is computed: from what is plugged in, the account's store, TLS, the login and the client. */
import type { CapabilityContext } from './extension.js'
import { offeredMechanisms } from './login.js'
import type { ImapSession } from './session.js'

/** The words for a session now, without doubles. */
export function capabilities(session: ImapSession): readonly string[] {
  const { state, link, enabled, server, parts } = session
  const account = state === 'not-authenticated' ? null : session.account
  const context: CapabilityContext = { state, link, account, enabled, session }
  const words = new Set<string>(['IMAP4rev1'])
  if (state === 'not-authenticated') {
    if (link.canStartTls && parts.commands.has('STARTTLS')) words.add('STARTTLS')
    const mechanisms = offeredMechanisms(session)
    for (const { name } of mechanisms) words.add(`AUTH=${name}`)
    // RFC 9051 §7.2.2, RFC 2595 §3.2: LOGIN would be refused.
    if (!session.sasl().secure || !server.verifier.password) words.add('LOGINDISABLED')
  }
  for (const { capabilities: told, beforeLogin } of parts.extensions) {
    if (!told) continue
    if (typeof told === 'function') for (const word of told(context)) words.add(word)
    else if (account || beforeLogin) for (const word of told) words.add(word)
  }
  const list = [...words]
  return server.capabilityFilter ? server.capabilityFilter(list, session) : list
}
