import { concat } from '@posthouse/wire'
import { EMPTY_LINE, inFrontOf, MAX_NAME } from '../session/first-line.js'
import type { SmtpSession } from '../session/handler.js'
import type { ReceivedMessage } from '../session/message.js'
import type { Recipient, Transaction } from '../session/transaction.js'
import { deliveredToField, receivedField, returnPathField, traceOctets, transmissionType } from '../syntax/trace.js'

/**
 * What final delivery puts before a message for one recipient: Return-Path, Delivered-To and Received
 * (RFC 5321 §4.4, RFC 9228). Each copy names its own recipient only.
 */
export function deliveryPrefix(transaction: Transaction, recipient: Recipient, session: SmtpSession): Uint8Array {
  return traceOctets(
    returnPathField(transaction.reversePath?.address ?? null) +
      deliveredToField(recipient.address) +
      received(transaction, session, recipient.address),
  )
}

/** The Received field of a message; `recipient` only when it is for nobody else. */
export function received(transaction: Transaction, session: SmtpSession, recipient: string | null): string {
  const { tls } = session
  return receivedField({
    helo: session.helo,
    remoteAddress: session.remote.address,
    remoteName: session.remoteName,
    by: session.hostname,
    with: transmissionType({
      protocol: session.protocol,
      extended: session.extended,
      tls: tls !== null,
      authenticated: session.identity !== null,
      utf8: transaction.smtputf8,
    }),
    tls: tls ? `${tls.protocol} ${tls.cipher}` : null,
    id: transaction.id,
    for: recipient,
    date: session.now(),
  })
}

/**
 * Trace fields as octets that go in front of a message. An empty line ends them where its first line is no field, so
 * that it cannot become a part of them.
 */
export async function prefixOf(fields: string, message: Pick<ReceivedMessage, 'read'>): Promise<Uint8Array> {
  const start: Uint8Array[] = []
  for await (const piece of message.read({ start: 0, end: MAX_NAME })) start.push(new Uint8Array(piece))
  return concat([traceOctets(fields), inFrontOf(concat(start)) ?? EMPTY_LINE])
}
