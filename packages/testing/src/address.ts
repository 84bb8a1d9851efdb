/** Addresses as tests write them. */
import { normaliseAddress } from '@posthouse/store-api'
import { TestMailError } from './errors.js'

/** The address of somebody: a bare name is one of the domain. */
export function addressOf(name: string, domain: string): string {
  return name.includes('@') ? name : `${name}@${domain}`
}

/** The same. @throws TestMailError `options` for what is neither a name nor an address. */
export function checkedAddress(what: string, name: string, domain: string): string {
  const address = addressOf(String(name), domain)
  if (normaliseAddress(address) !== null) return address
  throw new TestMailError('options', `${what} an address (ada@mail.test) or a user (ada); ${name} is neither`)
}

/** What all spellings of an address have in common: case, quotes, a domain that is not ASCII. */
export function addressKey(address: string): string {
  return normaliseAddress(address) ?? address.toLowerCase()
}
