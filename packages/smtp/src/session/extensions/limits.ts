/** LIMITS (RFC 9422): tells clients the limits of this server before they run into them. */
import type { SmtpHandler } from '../handler.js'

/** A limit as a number for clients: 0 when it is none. */
export function told(limit: number): number {
  return limit === Number.POSITIVE_INFINITY ? 0 : limit
}

export const limitsExtension: SmtpHandler = {
  name: 'LIMITS',
  keywords({ limits }) {
    const max = { MAILMAX: told(limits.transactions), RCPTMAX: told(limits.recipients) }
    const words = Object.entries(max).map(([name, value]) => (value > 0 ? ` ${name}=${value}` : ''))
    return words.join('') === '' ? [] : [`LIMITS${words.join('')}`]
  },
}
