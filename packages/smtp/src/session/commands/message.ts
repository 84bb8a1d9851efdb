/** DATA (RFC 5321 §4.1.1.4) and BDAT (RFC 3030 §2): a message comes in. Valid when there is a recipient. */
import { createSummarizer } from '@posthouse/mime/summary'
import type { MaybePromise } from '@posthouse/wire'
import type { SmtpEvent } from '../../engine/events.js'
import { replies } from '../../syntax/replies.js'
import type { Reply } from '../../syntax/reply.js'
import { ask, type Conversation, dropTransaction, failed } from '../conversation.js'
import { prdr } from '../extensions/prdr.js'
import type { BodySink } from '../handler.js'
import type { With } from '../parts.js'
import { type CompleteMessage, openSinks, Reception } from '../reception.js'
import type { RewrittenMessage } from '../rewrite.js'
import { memorySpool, type SpoolWriter } from '../spool.js'
import { andThen, isPromise } from '../stages.js'
import type { Transaction, TransactionState } from '../transaction.js'

/** DATA: `354` when everything is ready to take the message. */
export function data(c: Conversation): MaybePromise<void> {
  return andThen(begin(c), (refused: Reply | undefined) => c.answer(refused ?? replies.startMailInput()))
}

/** BDAT: there is no reply before the octets; a refusal waits until they are read. */
export function chunkStart(c: Conversation, event: Extract<SmtpEvent, { type: 'chunk-start' }>): MaybePromise<void> {
  if (!event.first) return
  return andThen(begin(c), (refused: Reply | undefined) => {
    c.reception ??= openReception(c, c.session.transaction as TransactionState, [])
    if (refused) c.reception.fail(refused)
  })
}

export function messageOctets(c: Conversation, octets: Uint8Array): void | Promise<void> {
  const reception = c.reception
  if (!reception) return
  if (reception.late(c.link.now())) {
    dropTransaction(c)
    return c.answer(replies.messageTooSlow())
  }
  return reception.write(octets)
}

export function chunkEnd(c: Conversation, oversize: boolean): void {
  const { limits } = c.session
  if (oversize) c.reception?.fail(replies.messageTooBig(limits.messageSize))
  const failure = c.reception?.failure
  if (failure) dropTransaction(c)
  c.answer(failure ?? replies.ok())
}

/** The end of the message: whoever answers 2yz has it in safety. */
export function messageEnd(c: Conversation, event: Extract<SmtpEvent, { type: 'message-end' }>): MaybePromise<void> {
  const { session } = c
  const reception = c.reception as Reception
  session.messages++
  if (event.oversize) reception.fail(replies.messageTooBig(session.limits.messageSize))
  if (event.refused) reception.fail(replies.badLineEnds(describe(event.defects)))
  if (reception.failure) {
    report(c, session.transaction as TransactionState, event.size, reception.failure)
    dropTransaction(c)
    return c.answer(reception.failure)
  }
  return andThen(complete(c, reception), (message) => {
    if ('code' in message) {
      dropTransaction(c)
      return c.answer(message)
    }
    return conclude(c, message)
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

/** Asks the handlers leg by leg; behind a leg the message may be another one. */
function conclude(c: Conversation, message: CompleteMessage, leg = 0): MaybePromise<void> {
  const { session, setup } = c
  const verdict = ask<With<'message'>, Reply | readonly Reply[] | RewrittenMessage>(
    c,
    'message',
    setup.parts.legs[leg].message,
    (handler) => handler.message(message, session),
  )
  return andThen(verdict, (answer): MaybePromise<void> => {
    if (leg + 1 < setup.parts.legs.length && (answer === undefined || 'read' in answer)) {
      return goOn(c, message, answer ?? message, leg + 1)
    }
    if (answer && 'read' in answer) {
      answer = failed(c, 'message', new Error('a handler that does not say `rewrites` has rewritten the message'))
    }
    finish(c, message, answer ?? replies.nobodyTakesIt())
  })
}

/** Gives the message to the handlers of the next leg, as it was or as it has become. */
async function goOn(c: Conversation, before: CompleteMessage, content: RewrittenMessage, leg: number): Promise<void> {
  let said: CompleteMessage | Reply | null
  try {
    said = await feed(c, before, content, leg)
  } catch (error) {
    said = failed(c, 'message', error)
  }
  // The client went away: nobody takes responsibility for this message.
  if (said === null) return release(c, before)
  if ('code' in said) return finish(c, before, said)
  return conclude(c, said, leg)
}

/** What comes in for a leg: the octets go to its sinks and summarizer. `null` when the client is gone. */
async function feed(
  c: Conversation,
  before: CompleteMessage,
  content: RewrittenMessage,
  leg: number,
): Promise<CompleteMessage | Reply | null> {
  const { session, setup } = c
  const { body } = setup.parts.legs[leg]
  if (c.reception === null) return null
  const sinks = await openSinks(body.map((handler) => () => handler.body(before.transaction, session)))
  const reception = openReception(c, before.transaction, sinks, leg, keeperOf(before, content))
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
  return complete(c, reception)
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
  if (!('code' in answer) && answer.length !== message.transaction.recipients.length) {
    const error = new Error(
      `a handler has ${answer.length} replies for ${message.transaction.recipients.length} recipients`,
    )
    answer = failed(c, 'message', error)
  }
  dropTransaction(c)
  release(c, message)
  const said = 'code' in answer || wantsEach ? answer : oneForAll(answer)
  report(c, message.transaction, message.size, said)
  c.answer(said)
}

/** One event a message: who, to whom, how big, and what became of it. */
function report(c: Conversation, transaction: Transaction, size: number, answer: Reply | readonly Reply[]): void {
  if (!c.session.logsMessages) return
  const answers: readonly Reply[] = 'code' in answer ? [answer] : answer
  const accepted = answers.some(({ code }) => code < 300)
  c.session.log({
    level: 'info',
    event: accepted ? 'message.accepted' : 'message.refused',
    transaction: transaction.id,
    from: transaction.reversePath?.address ?? '',
    to: transaction.recipients.map(({ address }) => address),
    size,
    codes: answers.map(({ code }) => code),
  })
}

/** Nobody waits for the spool to be cleaned. */
function release(c: Conversation, message: CompleteMessage): void {
  const done = message.release()
  if (done && isPromise(done)) done.catch((error: unknown) => failed(c, 'spool', error))
}

/** Asks the handlers whether and where the message may come. */
function begin(c: Conversation): MaybePromise<Reply | undefined> {
  const { session, setup } = c
  const transaction = session.transaction as TransactionState
  const { on, legs } = setup.parts
  const verdict = ask(c, 'data', on.data, (handler) => handler.data(transaction, session))
  return andThen(verdict, (refused: Reply | undefined): MaybePromise<Reply | undefined> => {
    if (refused) return refused
    const { body } = legs[0]
    if (body.length === 0) {
      c.reception = openReception(c, transaction, [])
      return undefined
    }
    try {
      const opened = openSinks(body.map((handler) => () => handler.body(transaction, session)))
      const ready = andThen(opened, (sinks) => {
        c.reception = openReception(c, transaction, sinks)
        return undefined
      })
      return isPromise(ready) ? ready.catch((error: unknown) => failed(c, 'body', error)) : ready
    } catch (error) {
      return failed(c, 'body', error)
    }
  })
}

/** `kept`: where the octets are that come from a handler and not from the client. */
function openReception(
  c: Conversation,
  transaction: Transaction,
  sinks: readonly BodySink[],
  leg = 0,
  kept: SpoolWriter | null = null,
): Reception {
  const { session, setup } = c
  const { limits } = session
  const { needsOctets, legs } = setup.parts
  const limit = needsOctets && setup.spool === memorySpool ? limits.messageInMemory : limits.messageSize
  return new Reception({
    transaction,
    sinks,
    summarizer: legs[leg].needsSummary ? createSummarizer() : null,
    spool: kept ?? (needsOctets ? setup.spool.open() : null),
    // What handlers add does not make a message too big.
    limit: kept ? Number.POSITIVE_INFINITY : limit,
    deadline: limits.message === 0 ? Number.POSITIVE_INFINITY : c.link.now() + limits.message,
    failed: (error) => failed(c, 'body', error),
  })
}

function describe(defects: { bareCr: boolean; bareLf: boolean; nul: boolean }): string {
  const found = [defects.bareCr && 'bare CR', defects.bareLf && 'bare LF', defects.nul && 'NUL'].filter(Boolean)
  return `${found.join(', ')} in it`
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
