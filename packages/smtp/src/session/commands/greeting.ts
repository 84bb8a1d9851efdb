/** EHLO, HELO (RFC 5321 §4.1.1.1) and LHLO (RFC 2033 §4.1). Valid in every state; each starts anew. */
import type { MaybePromise } from '@posthouse/wire'
import { type Reply, reply } from '../../syntax/reply.js'
import { isReply, noAnswer } from '../answers.js'
import { ask, type Conversation, dropTransaction, failed } from '../conversation.js'
import type { SmtpHandler } from '../handler.js'
import { andThen } from '../stages.js'

export function greeting(c: Conversation, verb: 'EHLO' | 'HELO' | 'LHLO', name: string): MaybePromise<void> {
  const { session, setup } = c
  const verdict = ask(c, 'helo', setup.parts.on.helo, (handler) => handler.helo(name, session))
  return andThen(verdict, (refused?: Reply) => {
    if (refused && refused.code >= 300) return c.answer(refused)
    const { helo, extended } = session
    session.helo = name
    session.extended = verb !== 'HELO'
    const said = session.extended ? capabilities(c) : reply(250, null, session.hostname)
    if (said.code >= 300) {
      // RFC 5321 §4.1.4: a greeting that fails changes nothing.
      session.helo = helo
      session.extended = extended
      return c.answer(said)
    }
    dropTransaction(c)
    c.greeted()
    c.answer(said)
  })
}

/** What this server offers on this connection now: computed from what is plugged in, never written by hand. */
function capabilities(c: Conversation): Reply {
  const { session, setup } = c
  let asked: SmtpHandler | undefined
  try {
    const lines: string[] = []
    for (const handler of setup.parts.on.keywords) {
      asked = handler
      lines.push(...handler.keywords(session))
    }
    asked = undefined
    const all = setup.keywords?.(lines, session) ?? lines
    const said = reply(250, null, [session.hostname, ...all])
    if (!isReply(said)) throw noAnswer('keywords', undefined, all)
    return said
  } catch (error) {
    return failed(c, 'keywords', error, asked)
  }
}
