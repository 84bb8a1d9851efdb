import { setMaxListeners } from 'node:events'
import type { LookupFunction } from 'node:net'
import { type ConnectionOptions, checkServerIdentity, type TLSSocket } from 'node:tls'
import { clientLimits, SmtpClientError, type SmtpClientLimits } from '@posthouse/smtp'
import { connectSmtp } from '@posthouse/smtp/node'
import { checkNumber, checkOptions, type OptionTable } from '@posthouse/wire'
import { openConnection } from '@posthouse/wire/node'
import type { OpenSession, SessionTarget } from '../delivery/session.js'
import { daneProblem, peerChain } from './dane.js'

/** What `openSmtpSession` takes; everything has a default. */
export interface SmtpSessionOptions {
  /** The address to connect from. Default: the system's choice. */
  readonly localAddress?: string
  /** ms until a connection stands. Default: 30,000. */
  readonly connectTimeout?: number
  readonly limits?: Partial<SmtpClientLimits>
  /** Authorities, in PEM, that are trusted beside those of the runtime. For tests, and for networks with their own. */
  readonly ca?: string
}

const OPTIONS: OptionTable<SmtpSessionOptions> = {
  localAddress: 0,
  connectTimeout: 0,
  limits: 0,
  ca: 0,
}

/**
 * Opens sessions over sockets.
 * @throws TypeError for options or limits that there are not; RangeError for limits as `connectSmtp`.
 */
export function openSmtpSession(options: SmtpSessionOptions = {}): OpenSession {
  checkOptions('openSmtpSession', options, OPTIONS)
  checkNumber('connectTimeout', options.connectTimeout)
  // Here and not when the first message is on its way.
  clientLimits(options.limits)
  const { ca, limits, localAddress, connectTimeout = 30_000 } = options
  return async (target, { hostname, signal, observe }) => {
    const { tls } = target
    let failure: string | null = null
    // All connections of a pool that are being opened listen to the one signal that ends it.
    setMaxListeners(0, signal)
    try {
      const client = await connectSmtp({
        host: target.host,
        port: target.port,
        protocol: target.protocol,
        hostname,
        signal,
        connectTimeout,
        lookup: fixedLookup(target.address),
        tls: tls === 'never' || tls === 'implicit' || tls === 'opportunistic' ? tls : 'required',
        tlsOptions: tlsOptions(target, target.ca ?? ca),
        ...(localAddress !== undefined && { localAddress }),
        ...(target.auth && { auth: target.auth }),
        ...(limits && { limits }),
        // A handshake that fails where any TLS is better than none is forgotten; reports are not to forget it.
        connect: async (how) => {
          const verifyPeer = verifier(target, (problem) => (failure = problem))
          const connection = await openConnection({ ...how, ...(verifyPeer && { verifyPeer }) })
          return withStartTls(connection, async () => {
            try {
              await connection.startTls()
            } catch (error) {
              failure = error instanceof Error ? error.message : String(error)
              throw error
            }
          })
        },
      })
      if (tls !== 'never') {
        if (client.tls === null) failure ??= 'the server does not offer STARTTLS'
        observe({ target, failure })
      }
      return client
    } catch (error) {
      if (error instanceof SmtpClientError && error.code === 'tls')
        observe({ target, failure: failure ?? error.message })
      throw error
    }
  }
}

type Connection = Awaited<ReturnType<typeof openConnection>>

/** The same connection with another `startTls`; what changes is asked anew. */
function withStartTls(connection: Connection, startTls: () => Promise<void>): Connection {
  return {
    remote: connection.remote,
    local: connection.local,
    loopback: connection.loopback,
    get tls() {
      return connection.tls
    },
    get canStartTls() {
      return connection.canStartTls
    },
    read: (timeout) => connection.read(timeout),
    write: (pieces) => connection.write(pieces),
    startTls,
    end: () => connection.end(),
    destroy: () => connection.destroy(),
  }
}

/** The name is for SNI and the certificate; the address is known. */
function fixedLookup(address: string): LookupFunction {
  const family = address.includes(':') ? 6 : 4
  return (_host, options, callback) => {
    if (options.all) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
}

function tlsOptions({ tls, names, policy }: SessionTarget, ca: string | undefined): ConnectionOptions {
  const trusted = ca === undefined ? {} : { ca }
  // RFC 7672 §8.1: the name that the TLSA records are of decides which certificate the server shows.
  if (tls === 'dane') return { rejectUnauthorized: false, ...(names.length > 0 && { servername: names[0] }) }
  if (tls !== 'verified' && tls !== 'implicit') {
    return { rejectUnauthorized: false, ...(policy.testing && trusted) }
  }
  return {
    ...trusted,
    // Any of the names will do.
    checkServerIdentity(host, certificate) {
      let problem: Error | undefined
      for (const name of names.length > 0 ? names : [host]) {
        problem = checkServerIdentity(name, certificate)
        if (!problem) return undefined
      }
      return problem
    },
  }
}

/** What is looked at behind the handshake: DANE, and policies that are only tried out. */
function verifier(
  { tls, tlsa, names, policy }: SessionTarget,
  note: (problem: string) => void,
): ((socket: TLSSocket) => boolean | void) | null {
  if (tls === 'dane') {
    return (socket) => {
      const problem = daneProblem(tlsa, peerChain(socket), names, new Date())
      if (problem) throw new Error(problem)
      return true
    }
  }
  if (!policy.testing) return null
  return (socket) => {
    if (names.length === 0) return note('the MTA-STS policy does not name this server')
    if (!socket.authorized) return note(String(socket.authorizationError ?? 'the certificate is not trusted'))
    const wrong = checkServerIdentity(names[0], socket.getPeerCertificate())
    if (wrong) note(wrong.message)
  }
}
