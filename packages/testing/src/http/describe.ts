/** A message as people and programs in other languages read it over HTTP. */
import type { TestMessage } from '../content/message.js'

/** One line of a list. */
export function summaryOf(message: TestMessage) {
  const { id, sequence, receivedAt, envelope, origin, subject, from, to, raw, attachments } = message
  return {
    id,
    sequence,
    receivedAt: receivedAt.toISOString(),
    envelope,
    origin,
    subject,
    from,
    to,
    octets: raw.length,
    attachments: attachments.length,
  }
}

/** Everything of a message but its octets. */
export function detailsOf(message: TestMessage) {
  return {
    ...summaryOf(message),
    cc: message.cc,
    bcc: message.bcc,
    replyTo: message.replyTo,
    date: message.date?.toISOString() ?? null,
    messageId: message.messageId,
    headers: message.headers.list,
    text: message.text,
    html: message.html,
    visibleText: message.visibleText,
    links: message.links.map(({ href, text, source }) => ({ href, text, source })),
    code: codeOf(message),
    attachments: message.attachments.map(({ filename, contentType, contentId, bytes }, index) => ({
      index,
      filename,
      contentType,
      contentId,
      octets: bytes.length,
    })),
  }
}

/** `null` when there is none, or when several are as likely. */
function codeOf(message: TestMessage): string | null {
  try {
    return message.code()
  } catch {
    return null
  }
}
