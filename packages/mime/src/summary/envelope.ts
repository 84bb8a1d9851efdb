/** ENVELOPE (RFC 9051 §7.5.2): the fields of a header block as an IMAP list. */

import { isGroup, parseAddressFields, type RawMailbox } from '../header/address.js'
import { type FieldTable, fieldValue, findField, foldedValue } from '../header/fields.js'
import { readPlainAddresses } from '../header/plain-addresses.js'
import { imapNString, imapString } from './wire.js'

/** The pieces of an envelope; sender and reply-to are null where they repeat `from`. */
export interface EnvelopePieces {
  /** `"date" "subject"` */
  readonly head: string
  readonly from: string
  readonly sender: string | null
  readonly replyTo: string | null
  /** `to cc bcc in-reply-to message-id` */
  readonly tail: string
}

/** Present but empty is the empty string; absent is NIL. */
function textField(table: FieldTable, name: string, utf8: boolean): string {
  const index = findField(table, name)
  return index === -1 ? 'NIL' : imapString(fieldValue(table, index), utf8)
}

function address(mailbox: RawMailbox, utf8: boolean): string {
  const name = mailbox.name === null || mailbox.name === '' ? null : mailbox.name
  return `(${imapNString(name, utf8)} ${imapNString(mailbox.route, utf8)} ${imapString(mailbox.mailbox, utf8)} ${imapString(mailbox.host, utf8)})`
}

/** The addresses of the fields as a list of IMAP address structures, or null when there are none. */
function addressList(values: readonly string[], utf8: boolean, maxAddresses: number): string | null {
  let list = ''
  const plain = values.length === 1 ? readPlainAddresses(values[0]!, maxAddresses) : null
  for (const entry of plain ?? parseAddressFields(values, maxAddresses).entries) {
    if (isGroup(entry)) {
      list += `(NIL NIL ${imapString(entry.group, utf8)} NIL)`
      for (const member of entry.members) list += address(member, utf8)
      list += '(NIL NIL NIL NIL)'
    } else {
      list += address(entry, utf8)
    }
  }
  return list === '' ? null : `(${list})`
}

/** Of several From, Sender or Reply-To fields the first counts; destinations add up (RFC 5322 §4.5.3). */
function addressField(table: FieldTable, name: string, utf8: boolean, maxAddresses: number): string | null {
  let index = findField(table, name)
  if (index === -1) return null
  const values = [foldedValue(table, index)]
  if (name === 'to' || name === 'cc' || name === 'bcc') {
    for (index = findField(table, name, index + 1); index !== -1; index = findField(table, name, index + 1)) {
      values.push(foldedValue(table, index))
    }
  }
  return addressList(values, utf8, maxAddresses)
}

/** The envelope of the header block. */
export function envelopePieces(table: FieldTable, utf8: boolean, maxAddresses: number): EnvelopePieces {
  const list = (name: string) => addressField(table, name, utf8, maxAddresses)
  const from = list('from')
  const sender = list('sender')
  const replyTo = list('reply-to')
  return {
    head: `${textField(table, 'date', utf8)} ${textField(table, 'subject', utf8)}`,
    from: from ?? 'NIL',
    sender: sender === from ? null : sender,
    replyTo: replyTo === from ? null : replyTo,
    tail: `${list('to') ?? 'NIL'} ${list('cc') ?? 'NIL'} ${list('bcc') ?? 'NIL'} ${textField(table, 'in-reply-to', utf8)} ${textField(table, 'message-id', utf8)}`,
  }
}

/** The whole list. */
export function joinEnvelope(pieces: EnvelopePieces): string {
  const { head, from, tail } = pieces
  return `(${head} ${from} ${pieces.sender ?? from} ${pieces.replyTo ?? from} ${tail})`
}
