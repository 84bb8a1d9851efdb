import type { SmtpHandler } from '../session/handler.js'
import { type Mailbox, makeMailbox } from '../syntax/address.js'
import { subaddress } from './subaddress.js'

/**
 * Subaddressing (RFC 5233): mail for `user+tag@example.org` belongs to `user@example.org`. Put it before
 * `aliases` and `localRecipients`. `separator`: one character. Default: `+`.
 */
export function subaddressing(options: { readonly separator?: string } = {}): SmtpHandler {
  const { separator = '+' } = options
  return {
    name: 'subaddressing',
    rcpt(recipient) {
      const at = recipient.mailbox.localPart.indexOf(separator)
      if (at > 0) recipient.set(subaddress, recipient.mailbox.localPart.slice(at + separator.length))
      recipient.targets = recipient.targets.map((mailbox) => withoutTag(mailbox, separator))
    },
  }
}

function withoutTag(mailbox: Mailbox, separator: string): Mailbox {
  const at = mailbox.localPart.indexOf(separator)
  return at > 0 ? makeMailbox(mailbox.localPart.slice(0, at), mailbox.domain) : mailbox
}
