import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Addresses that carry a ticket's number: `ticket+17.mzxw6ytb@support.example`. The tag is a MAC, so that nobody can
 * write into a ticket whose address was never told to them.
 */
export function replyAddresses(domain: string, secret: string) {
  const tagOf = (ticket: string): string => createHmac('sha256', secret).update(ticket).digest('hex').slice(0, 16)
  return {
    write: (ticket: number): string => `ticket+${ticket}.${tagOf(String(ticket))}@${domain}`,
    /** The ticket of an address, or `null` when it is not one that `write` made. */
    read(address: string): number | null {
      const [local = '', host] = address.toLowerCase().split('@')
      const [name, detail = ''] = local.split('+')
      const [ticket = '', tag = ''] = detail.split('.')
      if (name !== 'ticket' || host !== domain) return null
      const right = Buffer.from(tagOf(ticket))
      const given = Buffer.from(tag)
      return given.length === right.length && timingSafeEqual(given, right) ? Number(ticket) : null
    },
  }
}
