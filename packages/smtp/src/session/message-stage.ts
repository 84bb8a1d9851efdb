/**
 * A message that has come in: the handlers are asked about it, leg by leg. Behind a leg it may be another message,
 * which comes in for the next leg as the first one came from the client.
 */
import type { MaybePromise } from '@posthouse/wire'
import { replies } from '../syntax/replies.js'
import type { Reply } from '../syntax/reply.js'
import { isMessageAnswer, isRewritten } from './answers.js'
import { ask, type Conversation, dropTransaction, failed } from './conversation.js'
import { withPriority } from './extensions/mt-priority.js'
import { prdr } from './extensions/prdr.js'
import type { SmtpHandler } from './handler.js'
import type { MessageLogEvent } from './log-events.js'
import type { With } from './parts.js'
import { type CompleteMessage, type OpenSink, openSinks, Reception } from './reception.js'
import type { RewrittenMessage } from './rewrite.js'
import { memorySpool, type SpoolWriter } from './spool.js'
import { andThen, isPromise } from './stages.js'
import { newSummarizer } from './summarizing.js'
import type { Transaction } from './transaction.js'

/** When a message that begins now has taken too long; milliseconds since the epoch. */
export function messageDeadline({ link, session }: Conversation): number {
  const { message } = session.limits
  return message === 0 ? Number.POSITIVE_INFINITY : link.now() + message
}

/** Makes the reception of a leg. `kept`: where the octets are that come from a handler and not from the client. */
export function openReception(
  c: Conversation,
  transaction: Transaction,
  sinks: readonly OpenSink[],
  leg = 0,
  kept: SpoolWriter | null = null,
): Reception {
  const { session, setup } = c
  const { limits } = session
  const { needsOctets, needsSummary, legs } = setup.parts
  const limit = needsOctets && setup.spool === memorySpool ? limits.messageInMemory : limits.messageSize
  let spool = kept
  let broken: Reply | null = null
  try {
    if (needsOctets) spool ??= setup.spool.open()
  } catch (error) {
    broken = failed(c, 'spool', error)
  }
  const reception = new Reception({
    transaction,
    sinks,
    summarizer: legs[leg].needsSummary ? newSummarizer() : null,
    spool,
    // What handlers add does not make a message too big.
    limit: kept ? Number.POSITIVE_INFINITY : limit,
    // Whoever needs no summary puts nothing in front of it, or looks himself. What a handler has written is as it wants it.
    withHeader: needsSummary && !kept,
    deadline: messageDeadline(c),
    waitsFor: (handler) => c.waitsFor('body', handler),
    failed: (error, handler) => failed(c, 'body', error, handler),
  })
  if (broken) reception.fail(broken)
  return reception
}

/** An answer of the `message` stage. */
type Verdict = Reply | readonly Reply[] | RewrittenMessage

/** All octets have come: the last word on the message, from the handlers or about them. */
export function concludeMessage(c: Conversation, reception: Reception): MaybePromise<void> {
  return andThen(complete(c, reception), (message) => {
    if (!('code' in message)) return askHandlers(c, reception, message, 0)
    if (c.session.transaction) report(c, c.session.transaction, reception.size, message)
    dropTransaction(c)
    c.answer(message)
  })
}

/** The message as the handlers get it, or why there is none. */
function complete(c: Conversation, reception: Reception): MaybePromise<CompleteMessage | Reply> {
  try {
    const message = reception.complete()
    return isPromise(message) ? message.catch((error: unknown) => failed(c, 'spool', error)) : message
  } catch (error) {
    return failed(c, 'spool', error)
  }
}

function askHandlers(c: Conversation, reception: Reception, message: CompleteMessage, leg: number): MaybePromise<void> {
  const { session, setup } = c
  const verdict = ask<With<'message'>, Verdict>(
    c,
    'message',
    setup.parts.legs[leg].message,
    (handler) => {
      // The client went away while another handler thought: nobody would hear who takes responsibility.
      if (!reception.wanted) return replies.localProblem()
      reception.asks(handler)
      return andThen(handler.message(message, session), (answer) => allowed(handler, answer, message))
    },
    isMessageAnswer,
  )
  return andThen(verdict, (answer): MaybePromise<void> => {
    // Behind a rewriter there is always another leg.
    if (answer && 'read' in answer) return goOn(c, message, answer, leg + 1)
    if (!answer && leg + 1 < setup.parts.legs.length) return goOn(c, message, message, leg + 1)
    finish(c, message, answer ?? replies.nobodyTakesIt())
  })
}

/**
 * Who rewrites ends a leg: if anybody else did, the handlers behind it in the same leg would not be asked. A list has a
 * reply for each recipient.
 */
function allowed(
  handler: SmtpHandler,
  answer: Verdict | undefined | void,
  { transaction: { recipients } }: CompleteMessage,
): Verdict | undefined | void {
  if (isRewritten(answer) && !handler.rewrites) {
    throw new Error('a handler that does not say `rewrites` has rewritten the message')
  }
  if (Array.isArray(answer) && answer.length !== recipients.length) {
    throw new Error(`a handler has ${answer.length} replies for ${recipients.length} recipients`)
  }
  return answer
}

/** Gives the message to the handlers of the next leg, as it was or as it has become. */
async function goOn(c: Conversation, before: CompleteMessage, content: RewrittenMessage, leg: number): Promise<void> {
  let said: Fed
  try {
    said = await feed(c, before, content, leg)
  } catch (error) {
    said = failed(c, 'message', error)
  }
  // The client went away: nobody takes responsibility for this message.
  if (said === null) return release(c, before)
  if ('code' in said) return finish(c, before, said)
  return askHandlers(c, said.reception, said.message, leg)
}

/** `null` when the client is gone. */
type Fed = { readonly reception: Reception; readonly message: CompleteMessage } | Reply | null

/** What comes in for a leg: the octets go to its sinks and summarizer. */
async function feed(c: Conversation, before: CompleteMessage, content: RewrittenMessage, leg: number): Promise<Fed> {
  const { setup } = c
  const { transaction } = before
  if (c.reception === null) return null
  const sinks = await openSinks(c, setup.parts.legs[leg].body, transaction)
  if ('code' in sinks) return sinks
  const reception = openReception(c, transaction, sinks, leg, keeperOf(before, content))
  // The connection was lost while the handlers made up their minds.
  if (c.reception === null) {
    reception.abort()
    return null
  }
  c.reception = reception
  for await (const octets of content.read()) {
    await reception.write(octets)
    if (c.reception !== reception) return null
    if (reception.failure) return reception.failure
  }
  const message = await complete(c, reception)
  return 'code' in message ? message : { reception, message }
}

/** The octets of a later leg are kept already. */
function keeperOf(before: CompleteMessage, content: RewrittenMessage): SpoolWriter {
  return {
    write() {},
    abort() {},
    finish: () => ({
      octets: () => content.octets(),
      read: (range) => content.read(range),
      release: () => before.release(),
    }),
  }
}

/** The last word on a message. */
function finish(c: Conversation, message: CompleteMessage, answer: Reply | readonly Reply[]): void {
  const { session } = c
  const wantsEach = session.protocol === 'lmtp' || message.transaction.get(prdr) === true
  dropTransaction(c)
  release(c, message)
  const each = 'code' in answer ? [answer] : ofNamed(answer, wantsEach ? c.engine.recipients : 1)
  const told = each.map((one) => withPriority(one, message.transaction))
  const said = told.length > 1 ? told : told[0]
  report(c, message.transaction, message.size, said)
  c.answer(said)
}

/** One event a message: who, to whom, how big, and what became of it. */
export function report(
  c: Conversation,
  transaction: Transaction,
  size: number,
  answer: Reply | readonly Reply[],
): void {
  if (!c.session.logsMessages) return
  const answers: readonly Reply[] = 'code' in answer ? [answer] : answer
  const accepted = answers.some(({ code }) => code < 300)
  const event: MessageLogEvent = {
    level: 'info',
    event: accepted ? 'message.accepted' : 'message.refused',
    transaction: transaction.id,
    from: transaction.reversePath?.address ?? '',
    to: transaction.recipients.map(({ address }) => address),
    size,
    codes: answers.map(({ code }) => code),
  }
  c.session.log(event)
}

/** Nobody waits for the spool to be cleaned. */
function release(c: Conversation, message: CompleteMessage): void {
  try {
    const done = message.release()
    if (done && isPromise(done)) done.catch((error: unknown) => failed(c, 'spool', error))
  } catch (error) {
    failed(c, 'spool', error)
  }
}

/** So many replies as the client waits for: what became of further recipients, as of those that were added, is said with the first. */
function ofNamed(answers: readonly Reply[], named: number): readonly Reply[] {
  return [oneForAll([answers[0], ...answers.slice(named)]), ...answers.slice(1, named)]
}

/**
 * SMTP has one reply for all recipients. When they differ the worst one is said: mail that comes twice to one is
 * better than mail that never comes to another.
 */
function oneForAll(answers: readonly Reply[]): Reply {
  return (
    answers.find((answer) => answer.code >= 400 && answer.code < 500) ??
    answers.find((answer) => answer.code >= 500) ??
    answers[0]
  )
}
