/** The servers of a domain, in the order in which they are tried (RFC 5321 §5.1). */

import { domainKey } from '@posthouse/smtp'
import { addressOfLiteral, canonicalAddress, isElsewhere } from './addresses.js'
import type { DnsRecords, MailResolver, MxRecord } from './resolver.js'

/** A server that may be tried. */
export interface MailServer {
  /** Its name; for an address literal the address. */
  readonly host: string
  /** IPv4 or IPv6. */
  readonly address: string
  /** The name at the end of its CNAMEs. */
  readonly canonical: string
  /** That of its MX record: servers of the same preference are worth the same. */
  readonly preference: number
  /** The name comes from a validated answer (DNSSEC): it is the one that the domain's owner has chosen. */
  readonly validated: boolean
  /** So does its address: DANE may be used (RFC 7672 §2.2.1). */
  readonly secure: boolean
}

/** Where a domain's mail goes, or why nowhere. */
export type Exchangers =
  | { readonly type: 'servers'; readonly servers: readonly MailServer[] }
  | { readonly type: 'failed'; readonly permanent: boolean; readonly status: string; readonly text: string }

/** What `findExchangers` goes by. */
export interface ExchangerOptions {
  /** Names of this machine: a server that is we ourselves is not tried, nor any that is not better (§5.1). */
  readonly ownNames: ReadonlySet<string>
  /** Addresses of this machine that it takes mail at, IPv6 in the spelling of RFC 5952. */
  readonly ownAddresses: ReadonlySet<string>
  /** Which addresses are used, and which kind first. Default: `[6, 4]`. */
  readonly families?: readonly (4 | 6)[]
  /** 0 to 1: shuffles servers of the same preference. */
  readonly random: () => number
  /** Names of servers that are looked up at most. Default: 20. */
  readonly maxServers?: number
  /** May mail be sent to this address, which DNS or an address literal has named? Default: not to this machine itself. */
  readonly allowAddress?: (address: string) => boolean
}

/** Finds the servers of a domain. Never rejects. */
export async function findExchangers(
  domain: string,
  resolver: MailResolver,
  options: ExchangerOptions,
): Promise<Exchangers> {
  const literal = addressOfLiteral(domain)
  const { allowAddress = isElsewhere } = options
  if (literal !== null) {
    if (options.ownAddresses.has(literal)) return failed(true, '5.4.6', `${domain} is this server itself`)
    if (!allowAddress(literal)) return failed(true, '5.4.4', `no mail goes to ${literal}`)
    const server = {
      host: literal,
      address: literal,
      canonical: literal,
      preference: 0,
      validated: false,
      secure: false,
    }
    return { type: 'servers', servers: [server] }
  }
  let mx: DnsRecords<MxRecord>
  try {
    mx = await resolver.mx(domainKey(domain))
  } catch (error) {
    return failed(false, '4.4.3', `the MX records of ${domain} could not be looked up: ${messageOf(error)}`)
  }
  if (mx.records.length === 0 && !mx.exists) return failed(true, '5.1.2', `there is no domain ${domain}`)
  // RFC 7505 §3: one record that names nobody says that the domain takes no mail.
  if (mx.records.length === 1 && mx.records[0].exchange === '') {
    return failed(true, '5.1.10', `${domain} takes no mail (null MX)`)
  }
  const named = mx.records.filter(({ exchange }) => exchange !== '')
  // RFC 5321 §5.1: without any MX record, the domain itself is the server.
  const implicit = mx.records.length === 0
  const ordered = implicit ? [{ preference: 0, exchange: domainKey(domain) }] : orderExchangers(named, options.random)
  return locate(domain, ordered, mx.secure, implicit, resolver, options)
}

/** By preference, equal ones shuffled. */
export function orderExchangers(records: readonly MxRecord[], random: () => number): readonly MxRecord[] {
  const shuffled = [...records]
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.min(i, Math.floor(random() * (i + 1)))
    ;[shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]]
  }
  return shuffled.sort((a, b) => a.preference - b.preference)
}

async function locate(
  domain: string,
  ordered: readonly MxRecord[],
  secure: boolean,
  implicit: boolean,
  resolver: MailResolver,
  options: ExchangerOptions,
): Promise<Exchangers> {
  const { families = [6, 4], maxServers = 20, allowAddress = isElsewhere } = options
  const found: MailServer[] = []
  let own = Number.POSITIVE_INFINITY
  let unknown: { readonly text: string; readonly preference: number } | null = null
  let forbidden: string | null = null
  let missing = 0
  const looked = ordered.slice(0, maxServers)
  const answers = await Promise.all(
    looked.map(({ exchange }) =>
      Promise.allSettled(families.map((family) => resolver.addresses(domainKey(exchange), family))),
    ),
  )
  for (const [i, { exchange, preference }] of looked.entries()) {
    const host = domainKey(exchange)
    if (options.ownNames.has(host)) own = Math.min(own, preference)
    const byFamily: MailServer[][] = []
    for (const answer of answers[i]) {
      if (answer.status === 'rejected') {
        const text = `the address of ${host} could not be looked up: ${messageOf(answer.reason)}`
        unknown ??= { text, preference }
        continue
      }
      const { name = host } = answer.value
      const records = answer.value.records.map(canonicalAddress)
      if (records.some((address) => options.ownAddresses.has(address))) own = Math.min(own, preference)
      const allowed = records.filter(allowAddress)
      if (allowed.length < records.length) forbidden ??= records.find((address) => !allowAddress(address)) ?? null
      const how = { host, canonical: name, preference, validated: secure, secure: secure && answer.value.secure }
      byFamily.push(allowed.map((address) => ({ ...how, address })))
    }
    if (byFamily.every(({ length }) => length === 0)) missing++
    found.push(...inTurns(byFamily))
  }
  // RFC 5321 §5.1: we are one of the servers: only those that are better than we are may be tried.
  const servers = found.filter(({ preference }) => preference < own)
  if (servers.length > 0) return { type: 'servers', servers }
  // A better one may be there when DNS answers again.
  if (unknown && unknown.preference < own) return failed(false, '4.4.3', unknown.text)
  if (own !== Number.POSITIVE_INFINITY) {
    return failed(true, '5.4.6', `mail for ${domain} comes back to this server, which does not take it`)
  }
  if (forbidden !== null) return failed(true, '5.4.4', `mail for ${domain} would go to ${forbidden}`)
  if (implicit) return failed(true, '5.1.2', `${domain} has neither MX records nor an address`)
  return failed(true, '5.4.4', `none of the ${missing} mail servers of ${domain} has an address`)
}

/** One of each kind after the other: where one kind does not work at all, not all tries are spent on it. */
export function inTurns<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat()
}

function failed(permanent: boolean, status: string, text: string): Exchangers {
  return { type: 'failed', permanent, status, text }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
