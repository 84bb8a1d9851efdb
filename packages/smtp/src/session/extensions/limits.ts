/** LIMITS (RFC 9422): tells clients the limits of this server before they run into them. */
import type { SmtpHandler } from '../handler.js'

export const limitsExtension: SmtpHandler = {
  name: 'LIMITS',
  keywords({ limits }) {
    const words = [`RCPTMAX=${limits.recipients}`]
    if (limits.transactions > 0) words.unshift(`MAILMAX=${limits.transactions}`)
    return [`LIMITS ${words.join(' ')}`]
  },
}
