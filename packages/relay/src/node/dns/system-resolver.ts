import { Resolver } from 'node:dns/promises'
import type { DnsRecords, MailResolver } from '../../routing/resolver.js'

/** What `systemResolver` takes; everything has a default. */
export interface SystemResolverOptions {
  /** `address` or `address:port`. Default: those of the system. */
  readonly servers?: readonly string[]
  /** ms for one question. Default: 5,000. */
  readonly timeout?: number
  readonly tries?: number
}

/**
 * DNS by `node:dns`. It tells neither how long MX records hold (`cachedResolver` has a default) nor whether an answer was
 * validated: there is no DANE with it. `dnsResolver` knows both.
 */
export function systemResolver(options: SystemResolverOptions = {}): MailResolver {
  const { timeout = 5_000, tries = 3 } = options
  const resolver = new Resolver({ timeout, tries })
  if (options.servers) resolver.setServers(options.servers)
  return {
    mx: (domain) =>
      answer(async () => {
        const records = await resolver.resolveMx(domain)
        return {
          records: records.map(({ priority, exchange }) => ({ preference: priority, exchange: withoutDot(exchange) })),
          ttl: null,
        }
      }),
    addresses: (host, family) =>
      answer(async () => {
        const records = await (family === 4
          ? resolver.resolve4(host, { ttl: true })
          : resolver.resolve6(host, { ttl: true }))
        return { records: records.map(({ address }) => address), ttl: Math.min(...records.map(({ ttl }) => ttl)) }
      }),
    txt: (name) =>
      answer(async () => ({ records: (await resolver.resolveTxt(name)).map((parts) => parts.join('')), ttl: null })),
  }
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

async function answer<T>(
  ask: () => Promise<{ readonly records: readonly T[]; readonly ttl: number | null }>,
): Promise<DnsRecords<T>> {
  try {
    return { ...(await ask()), exists: true, secure: false }
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code === 'ENODATA') return { records: [], exists: true, ttl: null, secure: false }
    if (code === 'ENOTFOUND') return { records: [], exists: false, ttl: null, secure: false }
    throw error
  }
}
