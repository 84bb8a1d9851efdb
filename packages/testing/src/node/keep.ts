import {
  dsnEnvelope,
  dsnRecipient,
  type ReceivedMessage,
  type Reply,
  replies,
  reply,
  type SmtpHandler,
  type SmtpSession,
  type Transaction,
} from '@posthouse/smtp'
import type { TestDsn, TestEnvelope, TestMessageOrigin } from '../content/message.js'
import type { FaultAction, ScriptBook } from '../faults/script.js'
import { atStep, recipientsOf, type SmtpFaultOptions } from '../faults/smtp.js'
import { gone } from '../faults/wire.js'
import type { Mailroom } from '../mailroom.js'
import type { TestMailLimits } from '../options.js'
import type { SessionBook } from '../sessions.js'
import type { LaterStore } from './later-store.js'
import type { TestStore } from './mail-store.js'

export interface KeepOptions extends Pick<SmtpFaultOptions, 'controls' | 'situation'> {
  readonly room: Mailroom
  readonly sessions: SessionBook
  readonly scripts: ScriptBook
  /** Where IMAP and POP3 read, loaded while the test does something else; `null` when there are none. */
  readonly store: LaterStore | null
  readonly limits: TestMailLimits
  readonly now: () => number
  /** What reads messages is loaded while the test does something else. */
  readonly content: () => Promise<Pick<typeof import('../content/message.js'), 'createTestMessage' | 'prepareFor'>>
}

const AFTER_ACCEPT: ReadonlySet<FaultAction['type']> = new Set(['drop-after-accept'] as const)

/**
 * Puts a message there, with a place that those that come together with it do not take; `null` when there is none. `leave`
 * gives the place back, at the latest at the end: where the message comes into the room, so that it counts once.
 */
export async function inPlace<T>(
  options: Pick<KeepOptions, 'room' | 'limits'>,
  store: TestStore | undefined,
  size: number,
  put: (leave: () => void) => Promise<T>,
): Promise<T | null> {
  if (isFull(options, store, size)) return null
  const leave = options.room.reserve(size)
  try {
    return await put(leave)
  } finally {
    leave()
  }
}

/** True when so many octets more are not taken. */
function isFull(
  { room, limits }: Pick<KeepOptions, 'room' | 'limits'>,
  store: TestStore | undefined,
  size: number,
): boolean {
  if (room.count >= limits.messages || room.octets + size > limits.bytes) return true
  if (!store || store.mail.usage().octets + size <= limits.bytes) return false
  // It keeps what the test has cleared, and for a while what clients have expunged.
  store.mail.collect()
  return store.mail.usage().octets + size > limits.bytes
}

export function fullText({ messages, bytes }: TestMailLimits): string {
  return `The test server is full: ${messages} messages or ${bytes} octets`
}

/** The end of the chain: keeps each message, and lets everybody who waits see it before the client is told `250`. */
export function keep(options: KeepOptions): SmtpHandler {
  const { room, sessions, store, limits, scripts } = options

  async function message(received: ReceivedMessage, session: SmtpSession): Promise<Reply | readonly Reply[]> {
    const kept = await store?.open()
    const stored = await inPlace(options, kept, received.size, (leave) => put(received, session, kept, leave))
    if (stored === null) return reply(452, '4.3.1', fullText(limits))
    sessions.brought(session.id)
    const at = atStep('message', recipientsOf(received.transaction), session, options.situation)
    if (scripts.due(at, AFTER_ACCEPT).length > 0) {
      options.controls(session.id)?.drop(0, 'client')
      await gone(session)
    }
    return stored
  }

  async function put(
    received: ReceivedMessage,
    session: SmtpSession,
    kept: TestStore | undefined,
    leave: () => void,
  ): Promise<Reply | readonly Reply[]> {
    const { transaction } = received
    const { createTestMessage, prepareFor } = await options.content()
    // A copy, and no Buffer: what a test compares and keeps.
    const raw = new Uint8Array(received.octets())
    await prepareFor(raw)
    const stored = (await kept?.delivery.message(received, session)) ?? replies.accepted(transaction.id)
    leave()
    room.add((sequence) =>
      createTestMessage({
        id: transaction.id,
        sequence,
        receivedAt: new Date(options.now()),
        raw,
        envelope: envelopeOf(transaction),
        origin: originOf(session),
      }),
    )
    return stored
  }

  return {
    name: 'keep',
    // No summary: IMAP makes one when it is asked, and what makes it would be loaded for the first message.
    needs: ['octets'],
    ...(store && { body: async (...about) => (await store.open()).delivery.body?.(...about) }),
    message,
  }
}

function envelopeOf(transaction: Transaction): TestEnvelope {
  return {
    from: transaction.reversePath?.address ?? '',
    to: recipientsOf(transaction),
    body: transaction.body,
    smtputf8: transaction.smtputf8,
    dsn: dsnOf(transaction),
  }
}

function dsnOf(transaction: Transaction): TestDsn | null {
  const asked = transaction.get(dsnEnvelope)
  const recipients = transaction.recipients.flatMap((recipient) => {
    const wish = recipient.get(dsnRecipient)
    return wish ? [{ address: recipient.address, notify: wish.notify, orcpt: wish.orcpt?.address ?? null }] : []
  })
  if (!asked && recipients.length === 0) return null
  return { ret: asked?.ret ?? null, envid: asked?.envid ?? null, recipients }
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
