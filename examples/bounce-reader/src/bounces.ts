import { type Part, parseMessage } from '@posthouse/mime'
import { readDeliveryStatus, readFeedbackReport } from '@posthouse/mime/report'
import { createSmtpServer, onMessage, reply, type SmtpHandler } from '@posthouse/smtp'
import type { Subscribers } from './subscribers.js'

/**
 * The reverse-path of the newsletter to one subscriber: whatever comes back to it is about them, in whatever form the
 * other server says so.
 */
export const reversePathOf = (id: number, domain: string): string => `bounce+${id}@${domain}`

/** Takes what comes back from a newsletter and keeps the list of subscribers clean. */
export function bounceServer(subscribers: Subscribers, domain: string) {
  const idOf = (address: string): number => {
    const [local = '', host] = address.toLowerCase().split('@')
    const [name, id] = local.split('+')
    return name === 'bounce' && host === domain ? Number(id) : Number.NaN
  }
  const ours: SmtpHandler = {
    name: 'our-bounces',
    rcpt: ({ address }) => (subscribers.get(idOf(address)) ? undefined : reply(550, '5.1.1', 'No such subscriber')),
  }
  return createSmtpServer({
    hostname: domain,
    handlers: [
      ours,
      onMessage(async ({ transaction, octets }) => {
        const verdict = judge(octets())
        for (const { address } of transaction.recipients) {
          const id = idOf(address)
          if (verdict === 'complaint') subscribers.unsubscribed(id)
          else if (verdict) subscribers.bounced(id, verdict === 'permanent')
        }
      }),
    ],
  })
}

export type Verdict = 'permanent' | 'temporary' | 'complaint' | null

/** What a message that came back says; `null`: nothing that the list should know (a vacation notice, "still trying"). */
export function judge(octets: Uint8Array): Verdict {
  for (const part of parseMessage(octets).walk()) {
    const verdict = judgePart(part)
    if (verdict !== undefined) return verdict
  }
  return null
}

function judgePart(part: Part): Verdict | undefined {
  // RFC 5965: somebody pressed "this is spam".
  if (part.contentType === 'message/feedback-report') {
    return readFeedbackReport(part.bytes()).feedbackType === 'abuse' ? 'complaint' : null
  }
  if (part.contentType !== 'message/delivery-status' && part.contentType !== 'message/global-delivery-status') return
  // RFC 3464 §2.3: delayed and relayed are no failures.
  const failed = readDeliveryStatus(part.bytes()).recipients.filter(({ action }) => action === 'failed')
  if (failed.length === 0) return null
  // RFC 3463 §2: class 5 will not get better. x.2.2 is a full mailbox, whatever its class.
  return failed.some(({ status }) => status?.startsWith('5.') && status !== '5.2.2') ? 'permanent' : 'temporary'
}
