/**
 * DSN (RFC 3461): what the sender wants to be told about the delivery. This unit reads and checks the parameters and
 * hands them on as notes; whoever delivers or relays the message acts on them.
 */
import { isAtom } from '../../syntax/address.js'
import { replies } from '../../syntax/replies.js'
import { decodePrintable } from '../../syntax/xtext.js'
import { annotation } from '../annotations.js'
import type { SmtpHandler } from '../handler.js'

/** RET and ENVID of MAIL. */
export interface DsnEnvelope {
  /** What a notice returns of the message; `null`: nothing was said. */
  readonly ret: 'FULL' | 'HDRS' | null
  /** The sender's name for the transaction, decoded. */
  readonly envid: string | null
}

/** NOTIFY and ORCPT of RCPT. */
export interface DsnRecipient {
  /** When to send a notice; empty means never; `null`: nothing was said, which means FAILURE and perhaps DELAY. */
  readonly notify: readonly ('SUCCESS' | 'FAILURE' | 'DELAY')[] | null
  /** The recipient that the sender named at first. */
  readonly orcpt: { readonly type: string; readonly address: string } | null
}

/** The note on a transaction whose MAIL had RET or ENVID. */
export const dsnEnvelope = annotation<DsnEnvelope>('DSN of MAIL')
/** The note on a recipient whose RCPT had NOTIFY or ORCPT. */
export const dsnRecipient = annotation<DsnRecipient>('DSN of RCPT')

const NO_ENVELOPE: DsnEnvelope = { ret: null, envid: null }
const NO_RECIPIENT: DsnRecipient = { notify: null, orcpt: null }

/** Characters of ENVID and ORCPT at most (RFC 3461 §4.4, §4.2). */
const MAX_ENVID = 100
const MAX_ORCPT = 500

/** Announces DSN. Add it where the notices that are asked for will be sent. */
export function dsnExtension(): SmtpHandler {
  return {
    name: 'DSN',
    keywords: () => ['DSN'],
    mailParameters: new Map([
      [
        'RET',
        (value, transaction) => {
          const ret = value?.toUpperCase()
          if (ret !== 'FULL' && ret !== 'HDRS') return replies.badParameter('RET is FULL or HDRS')
          transaction.set(dsnEnvelope, { ...(transaction.get(dsnEnvelope) ?? NO_ENVELOPE), ret })
          return undefined
        },
      ],
      [
        'ENVID',
        (value, transaction) => {
          const envid = value === null || value.length > MAX_ENVID ? null : decodePrintable(value)
          if (envid === null) return replies.badParameter('ENVID is xtext of at most 100 characters')
          transaction.set(dsnEnvelope, { ...(transaction.get(dsnEnvelope) ?? NO_ENVELOPE), envid })
          return undefined
        },
      ],
    ]),
    rcptParameters: new Map([
      [
        'NOTIFY',
        (value, recipient) => {
          const notify = readNotify(value)
          if (!notify) return replies.badParameter('NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY')
          recipient.set(dsnRecipient, { ...(recipient.get(dsnRecipient) ?? NO_RECIPIENT), notify })
          return undefined
        },
      ],
      [
        'ORCPT',
        (value, recipient) => {
          const orcpt = readOriginalRecipient(value)
          if (!orcpt) return replies.badParameter('ORCPT is an address type, ";" and an address in xtext')
          recipient.set(dsnRecipient, { ...(recipient.get(dsnRecipient) ?? NO_RECIPIENT), orcpt })
          return undefined
        },
      ],
    ]),
  }
}

/** RFC 3461 §4.1: NEVER stands alone; nothing is named twice. */
function readNotify(value: string | null): DsnRecipient['notify'] {
  if (value === null) return null
  if (value.toUpperCase() === 'NEVER') return []
  const notify: ('SUCCESS' | 'FAILURE' | 'DELAY')[] = []
  for (const word of value.toUpperCase().split(',')) {
    if ((word !== 'SUCCESS' && word !== 'FAILURE' && word !== 'DELAY') || notify.includes(word)) return null
    notify.push(word)
  }
  return notify
}

/**
 * RFC 3461 §4.2: the type is an atom, the address printable. Addresses of type `utf-8` (RFC 6533 §3) come as they are
 * written, with their `\x{}` escapes.
 */
function readOriginalRecipient(value: string | null): DsnRecipient['orcpt'] {
  if (value === null || value.length > MAX_ORCPT) return null
  const semicolon = value.indexOf(';')
  if (semicolon < 1) return null
  const type = value.slice(0, semicolon).toLowerCase()
  const encoded = value.slice(semicolon + 1)
  const address = type === 'utf-8' ? encoded : decodePrintable(encoded)
  return address === null || address === '' || !isAtom(type) ? null : { type, address }
}
