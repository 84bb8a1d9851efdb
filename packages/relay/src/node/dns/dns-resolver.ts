import { getServers } from 'node:dns'
import { isIP } from 'node:net'
import type { Answer, RecordType } from 'dns-packet'
import { RelayError } from '../../errors.js'
import type { DnsRecords, MailResolver } from '../../routing/resolver.js'
import { askServer, type DnsAnswer, type DnsServer } from './question.js'

/** What `dnsResolver` takes; everything has a default. */
export interface DnsResolverOptions {
  /** Resolvers: `address`, `address:port` or `[address]:port`, in order. Default: those of the system. */
  readonly servers?: readonly string[]
  /** ms until the next server is asked. Default: 3,000. */
  readonly timeout?: number
  /** How often all servers are asked. Default: 2. */
  readonly rounds?: number
  /**
   * Is "this was validated" (the AD bit) believed? Anybody between here and the resolver can forge it: say yes only when
   * nobody is. Default: when all servers are on this machine (RFC 6698 §A.3).
   */
  readonly trustAd?: boolean
}

/**
 * DNS with all that mail needs and `node:dns` does not tell: how long MX records hold, and whether an answer was
 * validated (DNSSEC). It does not validate by itself: that is the resolver's work, and DANE is as good as the way there.
 * Encoding by `dns-packet`.
 * @throws RelayError `dns` for a server that is no address.
 */
export function dnsResolver(options: DnsResolverOptions = {}): MailResolver {
  const { timeout = 3_000, rounds = 2 } = options
  const servers = (options.servers ?? getServers()).map(readServer)
  const trustAd = options.trustAd ?? servers.every(({ address }) => isLoopback(address))

  async function ask(name: string, type: RecordType): Promise<DnsAnswer> {
    let trouble: unknown = new RelayError('dns', 'there is no DNS server to ask')
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) {
        try {
          const answer = await askServer(server, name, type, timeout)
          if (answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN') return answer
          trouble = new RelayError('dns', `${answer.rcode} for ${name} ${type}`)
        } catch (error) {
          trouble = error
        }
      }
    }
    throw trouble
  }

  async function records<T>(
    name: string,
    type: RecordType,
    read: (answer: Answer) => T | null,
  ): Promise<DnsRecords<T>> {
    if (!isName(name)) return { records: [], exists: false, ttl: null, secure: false, name }
    const packet = await ask(name, type)
    const { found, chain, end } = follow(packet.answers ?? [], name, type)
    const used = [...chain, ...found]
    const known = found.length > 0 ? used : [...used, ...negative(packet)]
    return {
      records: found.flatMap((answer) => read(answer) ?? []),
      exists: packet.rcode !== 'NXDOMAIN',
      ttl: known.length === 0 ? null : Math.min(...known.map(({ ttl }) => ttl)),
      secure: trustAd && packet.flag_ad,
      name: end,
    }
  }

  return {
    mx: (domain) =>
      records(domain, 'MX', (answer) =>
        answer.type === 'MX'
          ? { preference: answer.data.preference ?? 0, exchange: withoutDot(answer.data.exchange) }
          : null,
      ),
    addresses: (host, family) =>
      records(host, family === 4 ? 'A' : 'AAAA', (answer) =>
        answer.type === 'A' || answer.type === 'AAAA' ? answer.data : null,
      ),
    txt: (name) => records(name, 'TXT', (answer) => (answer.type === 'TXT' ? joined(answer.data) : null)),
    tlsa: (name) =>
      records(name, 'TLSA', (answer) => {
        if (answer.type !== 'TLSA') return null
        const { certificate, ...rest } = answer.data
        return { ...rest, data: new Uint8Array(certificate) }
      }),
  }
}

interface Timed {
  readonly ttl: number
}

/** The records at the end of a row of CNAMEs, and those on the way there. */
function follow(
  answers: readonly Answer[],
  name: string,
  type: RecordType,
): { found: (Answer & Timed)[]; chain: Timed[]; end: string } {
  const timed = answers.map((answer) => ({ ...answer, ttl: ('ttl' in answer && answer.ttl) || 0 })) as (Answer &
    Timed)[]
  const chain: Timed[] = []
  let end = withoutDot(name).toLowerCase()
  const here = (answer: Answer): boolean => withoutDot(answer.name).toLowerCase() === end
  for (let step = 0; step < 16; step++) {
    const found = timed.filter((answer) => answer.type === type && here(answer))
    const alias = timed.find((answer) => answer.type === 'CNAME' && here(answer))
    if (found.length > 0 || alias?.type !== 'CNAME') return { found, chain, end }
    chain.push(alias)
    end = withoutDot(alias.data).toLowerCase()
  }
  return { found: [], chain, end }
}

/** RFC 2308 §5: how long there is nothing. */
function negative(packet: DnsAnswer): Timed[] {
  return (packet.authorities ?? []).flatMap((record) =>
    record.type === 'SOA' ? { ttl: Math.min(record.ttl ?? 0, record.data.minimum ?? 0) } : [],
  )
}

function joined(data: unknown): string {
  const pieces = Array.isArray(data) ? data : [data]
  return pieces
    .map((piece) => (typeof piece === 'string' ? piece : Buffer.from(piece as Uint8Array).toString()))
    .join('')
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

/** What DNS can carry (RFC 1035 §2.3.4): others cannot exist. */
function isName(name: string): boolean {
  const labels = withoutDot(name).split('.')
  return name.length <= 253 && labels.every((label) => label.length > 0 && Buffer.byteLength(label) <= 63)
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]:53`. */
function readServer(text: string): DnsServer {
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1
  const colon = text.indexOf(':', Math.max(bracket, 0))
  const only = bracket === -1 && colon !== text.lastIndexOf(':')
  const address = bracket !== -1 ? text.slice(1, bracket) : only || colon === -1 ? text : text.slice(0, colon)
  const port = only || colon === -1 ? 53 : Number(text.slice(colon + 1))
  if (isIP(address) === 0 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RelayError('dns', `${JSON.stringify(text)} is no DNS server: write address or address:port`)
  }
  return { address, port }
}
