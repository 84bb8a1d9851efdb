import {
  type Annotation,
  annotation,
  type BodySink,
  type MessageAnswer,
  type ReceivedMessage,
  type Reply,
  replies,
  reply,
  type SmtpHandler,
  type SmtpSession,
  type Transaction,
} from '@posthouse/smtp'
import { checkOneOf, checkOptions, type OptionTable, withLimits } from '@posthouse/wire'
import { ALL_ACTIONS, actionBits } from '../syntax/index.js'
import { applyChanges, collectChanges } from './changes.js'
import { bracketed, mailArguments, type Shown, showMessage } from './exposure.js'
import { Filtering, type FilterSetup } from './filtering.js'
import { DEFAULT_LIMITS } from './limits.js'
import type { MilterHandlerOptions } from './options.js'
import { createLinkPool } from './pool.js'

/** The note on a transaction whose message a milter wants held: why. */
export const quarantined: Annotation<string> = annotation<string>('quarantined')

/** A milter as a handler. */
export interface MilterHandler extends SmtpHandler {
  /** Closes the connections that are kept for further sessions. Call it when the server has stopped. */
  disconnect(): void
}

const OPTIONS: OptionTable<MilterHandlerOptions> = {
  connect: 1,
  name: 0,
  whenDown: 0,
  actions: 0,
  quarantine: 0,
  macro: 0,
  exempt: 0,
  limits: 0,
}

/**
 * Asks a milter about each connection and message, and makes the changes it wants: content filters such as rspamd,
 * clamav-milter, OpenDKIM or spamass-milter, over the protocol of Sendmail and Postfix (version 6). Several of these
 * handlers are asked in order, and each sees what those before it have made of the message.
 *
 * Put it behind the handlers that decide about recipients, so that it hears of those only that are accepted, and before
 * the one that takes the message.
 *
 * ```ts
 * const rspamd = milter({ connect: milterAt('inet:11332@127.0.0.1') })
 * createSmtpServer({ hostname, handlers: [localRecipients(store, { domains }), rspamd, deliverTo(store)] })
 * ```
 *
 * @throws TypeError for options or limits that there are not, that are missing, or of another kind; RangeError for a limit below 0.
 */
export function milter(options: MilterHandlerOptions): MilterHandler {
  checkOptions('milter', options, OPTIONS)
  if (typeof options.connect !== 'function') {
    throw new TypeError("connect must be a function, as milterAt('inet:11332@127.0.0.1') makes one")
  }
  checkOneOf('whenDown', options.whenDown, ['accept', 'tempfail', 'reject'])
  if (typeof options.quarantine !== 'function') checkOneOf('quarantine', options.quarantine, ['reject', 'note'])
  const limits = withLimits(DEFAULT_LIMITS, options.limits)
  const name = options.name ?? 'milter'
  const pool = createLinkPool(options.connect, actionBits(options.actions ?? ALL_ACTIONS), limits)
  const setup: FilterSetup = { options, name, limits, pool }
  const filterings = new WeakMap<SmtpSession, Filtering>()
  const shownKey = annotation<Shown>(name)

  function filteringOf(session: SmtpSession): Filtering {
    const known = filterings.get(session)
    if (known) return known
    const made = new Filtering(setup, session)
    filterings.set(session, made)
    return made
  }

  function show(transaction: Transaction, session: SmtpSession): BodySink | undefined {
    const filtering = filteringOf(session)
    if (!filtering.open) return undefined
    const shown = showMessage(filtering, setup)
    transaction.set(shownKey, shown)
    return { write: (octets) => shown.feed.write(octets), abort: () => filtering.abort() }
  }

  async function message(received: ReceivedMessage, session: SmtpSession): Promise<Awaited<MessageAnswer>> {
    const filtering = filteringOf(session)
    const shown = received.transaction.get(shownKey)
    if (!shown) {
      // Accepted, discarded or refused before there was a message.
      return wordFor(filtering, received)
    }
    if (filtering.open) await shown.feed.finish()
    if (filtering.open) await filtering.step({ type: 'end-of-message' }, collectChanges(shown, setup, session))
    const word = wordFor(filtering, received)
    const unfiltered = filtering.decision === 'unfiltered'
    filtering.done()
    if (word) return word
    // What it has asked for before it failed is half of what it wanted.
    if (unfiltered) return undefined
    if (shown.quarantine !== null) {
      const held = await hold(received, shown.quarantine, session)
      if (held) return held
    }
    return applyChanges(received, shown, setup, session)
  }

  /** The reply for what was decided. */
  function wordFor(filtering: Filtering, { transaction }: ReceivedMessage): Reply | undefined {
    const { decision } = filtering
    if (decision === 'discarded') return replies.accepted(transaction.id)
    return typeof decision === 'string' ? undefined : decision
  }

  async function hold(
    received: ReceivedMessage,
    reason: string,
    session: SmtpSession,
  ): Promise<Reply | undefined | void> {
    const { quarantine = 'reject' } = options
    session.log({ level: 'info', event: 'milter.quarantine', milter: name, message: reason })
    received.transaction.set(quarantined, reason)
    if (quarantine === 'note') return undefined
    if (quarantine === 'reject') return reply(550, '5.7.1', 'Refused by a content filter')
    return quarantine(received, reason, session)
  }

  return {
    name,
    rewrites: true,
    connect(session) {
      // XCLIENT: another client over the same connection.
      filterings.get(session)?.close()
      filterings.set(session, new Filtering(setup, session))
      return filteringOf(session).connect()
    },
    helo: (name, session) => filteringOf(session).greet(name),
    auth(mechanism, session) {
      filteringOf(session).mechanism = mechanism
    },
    mail: (transaction, session) => filteringOf(session).mail(transaction, mailArguments(transaction)),
    rcpt(recipient, _transaction, session) {
      const filtering = filteringOf(session)
      if (filtering.open) return filtering.rcpt([bracketed(recipient.mailbox)], recipient.mailbox)
    },
    data(_transaction, session) {
      const filtering = filteringOf(session)
      if (filtering.open) return filtering.step({ type: 'data' })
    },
    body: show,
    message,
    rset: (session) => filteringOf(session).abort(),
    close: (_reason, session) => filteringOf(session).close(),
    disconnect: () => pool.close(),
  }
}
