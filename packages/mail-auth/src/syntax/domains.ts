import { domainKey } from '@posthouse/smtp'

/** The domain of an address. */
export function domainOf(address: string): string {
  return domainKey(address.slice(address.lastIndexOf('@') + 1))
}
