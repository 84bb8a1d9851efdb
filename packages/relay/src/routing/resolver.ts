/** The part of DNS that mail needs. */

/** Records of one name and type. None: the name exists, with other records; or it does not exist at all. */
export interface DnsRecords<T> {
  readonly records: readonly T[]
  /** False: there is no such name (NXDOMAIN). */
  readonly exists: boolean
  /** Seconds for which the answer holds; `null`: nobody said. */
  readonly ttl: number | null
  /** The resolver has validated it (DNSSEC, the AD bit), and the way from there can be trusted. */
  readonly secure: boolean
  /** The name that the records stand under, behind CNAMEs. Default: the one that was asked for. */
  readonly name?: string
}

/** An MX record (RFC 5321 §5.1). */
export interface MxRecord {
  readonly preference: number
  /** Without a dot at the end; `''` is the null MX (RFC 7505). */
  readonly exchange: string
}

/** TLSA (RFC 6698). */
export interface TlsaRecord {
  readonly usage: number
  readonly selector: number
  readonly matchingType: number
  readonly data: Uint8Array
}

/**
 * Asks DNS. A name without records is an answer; what is rejected is a failure that may pass (SERVFAIL, no server, time
 * out). CNAMEs are followed.
 */
export interface MailResolver {
  mx(domain: string): Promise<DnsRecords<MxRecord>>
  /** Addresses as text. */
  addresses(host: string, family: 4 | 6): Promise<DnsRecords<string>>
  /** Each record as one text. For MTA-STS. */
  txt?(name: string): Promise<DnsRecords<string>>
  /** For DANE: without it, or with answers that are not secure, there is none. */
  tlsa?(name: string): Promise<DnsRecords<TlsaRecord>>
}

/** How much `cachedResolver` remembers, and how long. */
export interface ResolverCacheOptions {
  /** Answers at most; the oldest go. Default: 10,000. */
  readonly size?: number
  /** Seconds for answers without a time of their own. Default: 300. */
  readonly defaultTtl?: number
  /** Seconds at most. Default: 86,400. */
  readonly maxTtl?: number
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number
}

/** A resolver that remembers answers for as long as they hold, and asks once where several want to know. */
export function cachedResolver(resolver: MailResolver, options: ResolverCacheOptions = {}): MailResolver {
  const { size = 10_000, defaultTtl = 300, maxTtl = 86_400, now = Date.now } = options
  const known = new Map<string, { readonly answer: Promise<DnsRecords<unknown>>; expires: number }>()

  function remember<T>(key: string, ask: () => Promise<DnsRecords<T>>): Promise<DnsRecords<T>> {
    const before = known.get(key)
    if (before && before.expires > now()) return before.answer as Promise<DnsRecords<T>>
    known.delete(key)
    const answer = ask()
    const entry = { answer, expires: Number.POSITIVE_INFINITY }
    known.set(key, entry)
    answer.then(
      ({ ttl }) => {
        entry.expires = now() + Math.min(ttl ?? defaultTtl, maxTtl) * 1000
      },
      // A failure is nobody's answer: the next one asks again.
      () => known.get(key) === entry && known.delete(key),
    )
    if (known.size > size) known.delete(known.keys().next().value as string)
    return answer
  }

  const { txt, tlsa } = resolver
  return {
    mx: (domain) => remember(`mx ${domain}`, () => resolver.mx(domain)),
    addresses: (host, family) => remember(`${family} ${host}`, () => resolver.addresses(host, family)),
    ...(txt && { txt: (name: string) => remember(`txt ${name}`, () => txt.call(resolver, name)) }),
    ...(tlsa && { tlsa: (name: string) => remember(`tlsa ${name}`, () => tlsa.call(resolver, name)) }),
  }
}
