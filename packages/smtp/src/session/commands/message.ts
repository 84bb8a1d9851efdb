/** DATA (RFC 5321 §4.1.1.4) and BDAT (RFC 3030 §2): a message comes in. Valid when there is a recipient. */
import type { MaybePromise } from '@posthouse/wire'
import type { SmtpEvent } from '../../engine/events.js'
import { replies } from '../../syntax/replies.js'
import type { Reply } from '../../syntax/reply.js'
import { ask, type Conversation, dropTransaction, failed } from '../conversation.js'
import { concludeMessage, messageDeadline, openReception, report } from '../message-stage.js'
import { type OpenSink, openSinks, type Reception } from '../reception.js'
import { memorySpool } from '../spool.js'
import { andThen, isPromise } from '../stages.js'
import { loadSummarizer } from '../summarizing.js'
import type { TransactionState } from '../transaction.js'

/** DATA: `354` when everything is ready to take the message. */
export function data(c: Conversation): MaybePromise<void> {
  return andThen(begin(c), (refused: Reply | undefined) => c.answer(refused ?? replies.startMailInput()))
}

/** BDAT: there is no reply before the octets; a refusal waits until they are read. */
export function chunkStart(c: Conversation, event: Extract<SmtpEvent, { type: 'chunk-start' }>): MaybePromise<void> {
  if (!event.first) return void tooSlow(c)
  return andThen(begin(c), (refused: Reply | undefined) => {
    if (!refused || !c.session.transaction) return
    // Not the spool of the server: it may be what has failed.
    c.reception ??= openReception(c, c.session.transaction, [], 0, memorySpool.open())
    c.reception.fail(refused)
  })
}

export function messageOctets(c: Conversation, octets: Uint8Array): void | Promise<void> {
  if (tooSlow(c) || octets.length === 0) return
  return c.reception?.write(octets)
}

/** Ends the connection when the message, or what is skipped in its place, takes more time than it may; `true` then. */
function tooSlow(c: Conversation): boolean {
  const now = c.link.now()
  if (!c.reception) c.skippedBy ??= messageDeadline(c)
  if (!(c.reception ? c.reception.late(now) : now > (c.skippedBy as number))) return false
  dropTransaction(c)
  c.answer(replies.messageTooSlow())
  return true
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
  return concludeMessage(c, reception)
}

/** Asks the handlers whether and where the message may come. */
function begin(c: Conversation): MaybePromise<Reply | undefined> {
  if (!c.setup.parts.needsSummary) return askHandlers(c)
  const loading = loadSummarizer()
  if (!isPromise(loading)) return askHandlers(c)
  return loading
    .then(() => (c.session.transaction ? askHandlers(c) : replies.localProblem()))
    .catch((error: unknown) => failed(c, 'body', error))
}

function askHandlers(c: Conversation): MaybePromise<Reply | undefined> {
  const { session, setup } = c
  const transaction = session.transaction as TransactionState
  const { on, legs } = setup.parts
  const verdict = ask(c, 'data', on.data, (handler) => handler.data(transaction, session))
  return andThen(verdict, (refused: Reply | undefined): MaybePromise<Reply | undefined> => {
    if (refused && refused.code >= 400) return refused
    return andThen(openSinks(c, legs[0].body, transaction), (sinks) =>
      'code' in sinks ? sinks : receive(c, transaction, sinks),
    )
  })
}

function receive(c: Conversation, transaction: TransactionState, sinks: readonly OpenSink[]): Reply | undefined {
  const reception = openReception(c, transaction, sinks)
  if (reception.failure) return reception.failure
  if (c.session.transaction === transaction) c.reception = reception
  // The connection was lost while the handlers made up their minds.
  else reception.abort()
  return undefined
}

function describe(defects: { bareCr: boolean; bareLf: boolean; nul: boolean }): string {
  const found = [defects.bareCr && 'bare CR', defects.bareLf && 'bare LF', defects.nul && 'NUL'].filter(Boolean)
  return `${found.join(', ')} in it`
}
