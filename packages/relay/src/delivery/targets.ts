/** From a destination to the servers that are tried, each with how its connection must be encrypted. */

import { addressOfLiteral } from '../routing/addresses.js'
import { parseDestination } from '../routing/destination.js'
import {
  type ExchangerOptions,
  type Exchangers,
  findExchangers,
  inTurns,
  type MailServer,
} from '../routing/exchangers.js'
import type { MailResolver } from '../routing/resolver.js'
import type { Route, Router } from '../routing/router.js'
import { NO_POLICY, type TlsPolicies, type TlsWishes } from '../tls/policies.js'
import type { TlsResult } from '../tls/result.js'
import type { SessionTarget } from './session.js'
import { unlessAborted } from './signal.js'

export type Targets =
  | { readonly type: 'targets'; readonly targets: readonly SessionTarget[] }
  | Extract<Exchangers, { type: 'failed' }>

export interface TargetOptions {
  readonly router: Router
  readonly resolver: MailResolver
  readonly exchangers: ExchangerOptions
  readonly policies: TlsPolicies
  /** The port of mail servers. */
  readonly port: number
  /** Hears what went wrong with policies. */
  readonly observe: (result: TlsResult) => void
  /** Aborted when the relay is closed. */
  readonly life: AbortSignal
}

/** Finds the servers of a destination; `null`: the signal was first. Never rejects. */
export function findTargets(
  destination: string,
  wishes: TlsWishes,
  options: TargetOptions,
  signal: AbortSignal,
): Promise<Targets | null> {
  // DNS, and servers that have policies, may take longer than whoever closes the relay has patience.
  return unlessAborted(lookUp(destination, wishes, options), signal)
}

async function lookUp(destination: string, wishes: TlsWishes, options: TargetOptions): Promise<Targets> {
  const route = options.router.routeOf(destination)
  if (route) return routeTargets(route, wishes, options)
  const name = parseDestination(destination)
  if (name?.type !== 'domain') {
    // The table has changed since the message came; somebody may change it back.
    return { type: 'failed', permanent: false, status: '4.3.5', text: `there is no route ${destination} any more` }
  }
  const { domain } = name
  const found = await findExchangers(domain, options.resolver, options.exchangers)
  if (found.type === 'failed') return found
  const planned = await options.policies.plan(domain, found.servers, options.port, wishes, options.life)
  for (const result of planned.results) options.observe(result)
  if (planned.type === 'failed') return planned
  const targets = planned.servers.map(({ server, level, ...how }) => ({
    ...target(server, options.port, domain),
    ...how,
    tls: level,
  }))
  return { type: 'targets', targets }
}

function target({ host, address, preference }: MailServer, port: number, domain: string) {
  return {
    host,
    address,
    port,
    ...({ protocol: 'smtp', ca: null, auth: null, domain, rank: preference } as const),
  }
}

async function routeTargets(
  route: Route,
  wishes: TlsWishes,
  { resolver, exchangers }: TargetOptions,
): Promise<Targets> {
  const { protocol = 'smtp', auth = null, ca = null } = route
  const targets: SessionTarget[] = []
  let trouble = 'no server of the route has an address'
  for (const [rank, { host, port }] of route.hosts.entries()) {
    const mode = route.tls ?? (auth ? 'required' : 'opportunistic')
    // RFC 8689 §4.2.1: verified, or not at all.
    const tls = mode === 'implicit' ? 'implicit' : mode === 'required' || wishes.required ? 'verified' : mode
    const at = port ?? (protocol === 'lmtp' ? 24 : tls === 'implicit' ? 465 : 25)
    try {
      for (const address of await addressesOf(host, resolver, exchangers)) {
        const place = { host, address, port: at, protocol, rank, domain: null }
        targets.push({ ...place, tls, tlsa: [], names: [host], ca, auth, policy: NO_POLICY })
      }
    } catch (error) {
      trouble = `the address of ${host} could not be looked up: ${error instanceof Error ? error.message : String(error)}`
    }
  }
  // A route is our own table: what is wrong there is put right some day.
  if (targets.length === 0) return { type: 'failed', permanent: false, status: '4.4.4', text: trouble }
  return { type: 'targets', targets }
}

async function addressesOf(
  host: string,
  resolver: MailResolver,
  { families = [6, 4] }: ExchangerOptions,
): Promise<readonly string[]> {
  const literal = addressOfLiteral(host)
  if (literal !== null) return [literal]
  if (host.includes(':') || isIpv4(host)) return [host]
  // RFC 6761 §6.3: it is not for DNS to say where that is.
  if (host === 'localhost') return ['127.0.0.1', '::1']
  const answers = await Promise.allSettled(families.map((family) => resolver.addresses(host, family)))
  const found = inTurns(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.records : [])))
  const failed = answers.find((answer) => answer.status === 'rejected')
  if (found.length === 0 && failed) throw failed.reason
  return found
}

function isIpv4(host: string): boolean {
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => part !== '' && Number(part) >= 0 && Number(part) <= 255)
}
