import { resolve } from 'node:dns/promises'
import type { SmtpHandler } from '@posthouse/smtp'
import { type VerifyMailOptions, verifyMail as verifyWith } from '../session/verify-mail.js'

/**
 * Checks SPF, DKIM, DMARC and ARC of each message, writes what was found into an Authentication-Results field
 * (RFC 8601), takes out fields of that kind that claim to be ours, and leaves the note `mailAuthentication`.
 *
 * ```ts
 * createSmtpServer({ hostname, handlers: [localRecipients(store, { domains }), verifyMail({ policy: 'enforce' }), deliverTo(store)] })
 * ```
 */
export function verifyMail(options: VerifyMailOptions = {}): SmtpHandler {
  return verifyWith({ ...options, resolver: options.resolver ?? ((name, type) => resolve(name, type)) })
}
