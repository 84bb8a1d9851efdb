/** EHLO, HELO (RFC 5321 §4.1.1.1) and LHLO (RFC 2033 §4.1). Valid in every state; each starts anew. */
import type { MaybePromise } from '@posthouse/wire'
import { type Reply, reply } from '../../syntax/reply.js'
import { ask, type Conversation, dropTransaction } from '../conversation.js'
import { andThen } from '../stages.js'

export function greeting(c: Conversation, verb: 'EHLO' | 'HELO' | 'LHLO', name: string): MaybePromise<void> {
  const { session, setup } = c
  const verdict = ask(c, 'helo', setup.parts.on.helo, (handler) => handler.helo(name, session))
  return andThen(verdict, (refused?: Reply) => {
    if (refused && refused.code >= 300) return c.answer(refused)
    dropTransaction(c)
    session.helo = name
    session.extended = verb !== 'HELO'
    c.link.deadline(0)
    c.answer(reply(250, null, session.extended ? [session.hostname, ...keywords(c)] : session.hostname))
  })
}

/** What this server offers on this connection now: computed from what is plugged in, never written by hand. */
function keywords(c: Conversation): readonly string[] {
  const lines: string[] = []
  for (const handler of c.setup.parts.on.keywords) lines.push(...handler.keywords(c.session))
  return c.setup.keywords ? c.setup.keywords(lines, c.session) : lines
}
