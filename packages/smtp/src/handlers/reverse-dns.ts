import { addressOctets } from '@posthouse/wire'
import type { SmtpHandler, SmtpSession } from '../session/handler.js'
import { type Reply, reply } from '../syntax/reply.js'
import { type Dns, isNotFound } from './dns.js'

/** What `reverseDns` takes. */
export interface ReverseDnsOptions {
  readonly dns: Dns
  /** Refuse clients without a name that leads back to their address (`450 4.7.25`, RFC 7372 §3.3). Default: false. */
  readonly required?: boolean
}

/** Looks up the client's name: the one of its address that leads back to it. It comes into `session.remoteName`. */
export function reverseDns({ dns, required = false }: ReverseDnsOptions): SmtpHandler {
  return {
    name: 'reverse-dns',
    async connect(session): Promise<Reply | undefined> {
      session.remoteName = await confirmedName(session, dns)
      if (session.remoteName !== null || !required || session.loopback) return undefined
      return reply(450, '4.7.25', 'Your address has no name that leads back to it')
    },
  }
}

async function confirmedName(session: SmtpSession, dns: Dns): Promise<string | null> {
  const { address } = session.remote
  const octets = addressOctets(address)
  if (!octets) return null
  const names = await found(session, () => dns.reverse(address))
  for (const name of names.slice(0, 5)) {
    const addresses = await found(session, () => (octets.length === 4 ? dns.resolve4(name) : dns.resolve6(name)))
    if (addresses.some((one) => addressOctets(one)?.join() === octets.join())) return name
  }
  return null
}

/** None where nothing is found: another name may still lead back. */
async function found(session: SmtpSession, ask: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await ask()
  } catch (error) {
    const { address } = session.remote
    if (!isNotFound(error)) session.log({ level: 'info', event: 'reverse-dns.failed', address, error })
    return []
  }
}
