/**
 * Trace fields (RFC 5321 §4.4): what a server puts in front of a message. This is the one place where they are
 * written, and no octet of the peer gets into them that is not a visible character.
 */
import { fromUtf8 } from '@posthouse/wire'
import { formatDateTime } from './date-time.js'

/** What a Received field tells. */
export interface Trace {
  /** What the client called itself; `null` when it said nothing. */
  readonly helo: string | null
  /** The client's address; IPv4 or IPv6 text, `''` when unknown. */
  readonly remoteAddress: string
  /** The client's name by reverse DNS, when somebody looked. */
  readonly remoteName: string | null
  /** The name of this server. */
  readonly by: string
  /** `ESMTPS` and its relatives: see `transmissionType`. */
  readonly with: string
  /** TLS as `TLSv1.3 TLS_AES_256_GCM_SHA384`, or `null`. */
  readonly tls: string | null
  readonly id: string
  /** The recipient this copy is for; `null` hides it, as a message to several of them must. */
  readonly for: string | null
  /** Milliseconds since the epoch. */
  readonly date: number
}

/** The value of `with` (RFC 3848, RFC 6531 §4.3). */
export function transmissionType(session: {
  readonly protocol: 'smtp' | 'lmtp'
  /** The client said EHLO or LHLO. */
  readonly extended: boolean
  readonly tls: boolean
  readonly authenticated: boolean
  readonly utf8: boolean
}): string {
  if (!session.extended) return 'SMTP'
  const base = session.protocol === 'lmtp' ? 'LMTP' : session.utf8 ? 'SMTP' : 'ESMTP'
  return `${session.utf8 ? 'UTF8' : ''}${base}${session.tls ? 'S' : ''}${session.authenticated ? 'A' : ''}`
}

/** One folded `Received:` field with its CRLF. */
export function receivedField(trace: Trace): string {
  // RFC 6531 §4.3: what is not ASCII is for messages of SMTPUTF8 alone. A client may greet with anything.
  const last = trace.with.startsWith('UTF8') ? '\uffff' : '\x7f'
  const word = (text: string): string => oneWord(text, last)
  const literal = trace.remoteAddress === '' ? '' : `[${addressLiteral(trace.remoteAddress)}]`
  const name = trace.remoteName === null ? '' : `${word(trace.remoteName)} `
  const info = literal === '' && name === '' ? '' : ` (${name}${literal})`
  const tls = trace.tls === null ? '' : `\r\n\t(${visible(trace.tls).replaceAll(')', '')})`
  const recipient = trace.for === null ? '' : `\r\n\tfor <${visible(trace.for)}>`
  return (
    `Received: from ${word(trace.helo ?? 'unknown')}${info}\r\n` +
    `\tby ${word(trace.by)} with ${trace.with} id ${visible(trace.id)}${tls}${recipient};\r\n` +
    `\t${formatDateTime(trace.date)}\r\n`
  )
}

/** The final delivery's `Return-Path:` (RFC 5321 §4.4) with its CRLF. */
export function returnPathField(address: string | null): string {
  return `Return-Path: <${visible(address ?? '')}>\r\n`
}

/** `Delivered-To:` (RFC 9228) with its CRLF. */
export function deliveredToField(address: string): string {
  return `Delivered-To: ${visible(address)}\r\n`
}

/** Trace fields as octets. */
export function traceOctets(fields: string): Uint8Array {
  return fromUtf8(fields)
}

/** An address as RFC 5321 §4.1.3 writes it inside brackets. */
export function addressLiteral(address: string): string {
  return address.includes(':') ? `IPv6:${address}` : address
}

/** A name that a client gave: one word, and nothing in it that begins or ends something else in the field. */
function oneWord(text: string, last: string): string {
  const shown = visible(text)
  const fits = (character: string): boolean => !' ()<>;,"\\'.includes(character) && character <= last
  return replaceOthers(shown, fits)
}

/** No control characters. */
function visible(text: string): string {
  return replaceOthers(text, (character) => {
    const code = character.charCodeAt(0)
    return code >= 32 && code !== 127 && !(code > 127 && code < 160)
  })
}

/** A question mark in place of each character that does not fit; hardly any text has one. */
function replaceOthers(text: string, fits: (character: string) => boolean): string {
  let at = 0
  while (at < text.length && fits(text[at])) at++
  if (at === text.length) return text
  let out = text.slice(0, at)
  for (const character of text.slice(at)) out += fits(character) ? character : '?'
  return out
}
