import {
  deliverTo,
  type ReceivedMessage,
  type Reply,
  replies,
  reply,
  type SmtpHandler,
  type SmtpSession,
} from '@posthouse/smtp'
import type { MemoryStore } from '@posthouse/store-api'
import { createTestMessage, type TestMessageOrigin } from '../content/message.js'
import type { ScriptBook } from '../faults/script.js'
import { type Controls, gone } from '../faults/wire.js'
import type { Mailroom } from '../mailroom.js'
import type { TestMailLimits } from '../options.js'
import type { SessionBook } from '../sessions.js'

export interface KeepOptions {
  readonly room: Mailroom
  readonly sessions: SessionBook
  readonly scripts: ScriptBook
  /** Where IMAP and POP3 read; `null` when there are none. */
  readonly store: MemoryStore | null
  readonly limits: TestMailLimits
  readonly now: () => number
  readonly controls: (id: string) => Controls | undefined
}

/** The end of the chain: keeps each message, and lets everybody who waits see it before the client is told `250`. */
export function keep(options: KeepOptions): SmtpHandler {
  const { room, sessions, store, limits } = options
  const delivery = store ? deliverTo(store) : null

  async function message(received: ReceivedMessage, session: SmtpSession): Promise<Reply | readonly Reply[]> {
    const { transaction } = received
    const octets = room.messages.reduce((sum, { raw }) => sum + raw.length, received.size)
    if (room.messages.length >= limits.messages || octets > limits.bytes) {
      return reply(452, '4.3.1', `The test server is full: ${limits.messages} messages or ${limits.bytes} octets`)
    }
    const stored = (await delivery?.message(received, session)) ?? replies.accepted(transaction.id)
    room.add(
      createTestMessage({
        id: transaction.id,
        sequence: room.nextSequence(),
        receivedAt: new Date(options.now()),
        raw: received.octets().slice(),
        envelope: {
          from: transaction.reversePath?.address ?? '',
          to: transaction.recipients.map(({ address }) => address),
          body: transaction.body,
          smtputf8: transaction.smtputf8,
        },
        origin: originOf(session),
      }),
    )
    sessions.brought(session.id)
    const situation = { argument: '', remote: session.remote.address }
    if (options.scripts.take('smtp', 'message', situation, ['drop-after-accept'])) {
      options.controls(session.id)?.drop(0, 'client')
      await gone(session)
    }
    return stored
  }

  return {
    name: 'keep',
    needs: delivery ? ['octets', 'summary'] : ['octets'],
    ...(delivery?.body && { body: delivery.body }),
    message,
  }
}

function originOf(session: SmtpSession): TestMessageOrigin {
  const { id, remote, helo, tls, identity } = session
  return {
    session: id,
    remote: remote.address,
    helo: helo ?? '',
    tls: tls ? { protocol: tls.protocol, cipher: tls.cipher } : null,
    user: identity?.account ?? null,
  }
}
