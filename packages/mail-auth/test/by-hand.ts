/** Signatures that are made here, without the library. */
import { createHash, sign } from 'node:crypto'

/** RFC 6376 §3.4.2 */
export function relaxed(field: string): string {
  const colon = field.indexOf(':')
  const value = field.slice(colon + 1).replaceAll('\r\n', '')
  return `${field.slice(0, colon).toLowerCase()}:${value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '')}`
}

const BODY = 'Hello Bob\r\n'
const FIELDS = ['From: Alice <alice@example.org>', 'Subject: Hello', 'To: bob@mx.test']

/** A message with LF, and a true signature of its From, Subject and this much of its body with these tags; `b=` is the last. */
export function signedWith(privateKey: string, tags: string, body = BODY): string {
  const bh = createHash('sha256').update(body).digest('base64')
  const start = `DKIM-Signature: ${tags.replace('$bh', `bh=${bh}`)} b=`
  const data = [FIELDS[0], FIELDS[1], start].map(relaxed).join('\r\n')
  const b = sign('sha256', Buffer.from(data, 'latin1'), privateKey).toString('base64')
  return `${start}${b}\r\n${FIELDS.join('\r\n')}\r\n\r\n${BODY}`.replaceAll('\r\n', '\n')
}
