/** STARTTLS (RFC 3207 §4). Valid after EHLO, between transactions, in clear text. */
import { replies } from '../../syntax/replies.js'
import type { Conversation } from '../conversation.js'

export function startTls(c: Conversation): void {
  if (c.session.tls) return c.answer(replies.badSequence('TLS is active already'))
  if (!c.link.canStartTls) return c.answer(replies.notImplemented())
  c.answer(replies.readyForTls())
  c.link.startTls()
}
