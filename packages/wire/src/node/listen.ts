import { BlockList, isIP, type Socket } from 'node:net'
import { errorLog } from '../error-log.js'
import type { Endpoint, Log, Protocol } from '../link.js'
import { networkKey, plainAddress } from '../network.js'
import { checkNumber, checkOptions, type OptionTable } from '../options.js'
import { bind } from './bind.js'
import { type ServingOptions, serveConnection } from './connection.js'
import { createConnectionList } from './connection-list.js'
import { later } from './later.js'
import { readProxyHeader } from './proxy.js'
import { createSocketServer, type Incoming } from './socket-server.js'
import { createTlsIdentity, type TlsIdentity, type TlsMaterial } from './tls.js'

/** Where and how a protocol is served. */
export interface ListenOptions {
  /** Address to bind. Default: `127.0.0.1`. */
  readonly host?: string
  /** Port; 0 = any free one. Needed unless there is a `path`. */
  readonly port?: number
  /** A Unix socket in place of host and port. Its clients are on this machine and have no address. */
  readonly path?: string
  /** Any user of this machine may connect to `path`, as far as its folder lets them. Default: false. */
  readonly everybody?: boolean
  /** Offers STARTTLS or STLS, or speaks TLS at once with `implicitTls`. */
  readonly tls?: TlsMaterial | TlsIdentity
  /** TLS from the first octet (ports 465, 993, 995). Needs `tls`. Default: false. */
  readonly implicitTls?: boolean
  /** Connections at a time; further ones are closed at once. Default: 10,000. */
  readonly maxConnections?: number
  /** Connections at a time from one address; a /64 network of IPv6 counts as one. Default: 1,000. */
  readonly maxConnectionsPerAddress?: number
  /** ms that a TLS handshake may take. Default: 30,000. */
  readonly handshakeTimeout?: number
  /** Octets that may wait for a slow peer before its session is held. Default: 262,144. */
  readonly highWaterMark?: number
  /** Connections the operating system may keep waiting. Default: 511. */
  readonly backlog?: number
  /**
   * Addresses or networks (`10.0.0.0/8`) of proxies whose connections begin with a PROXY protocol header, version 1
   * or 2. Their word on who connected is believed; all others are served as they come. Default: none.
   */
  readonly proxies?: readonly string[]
  /** Takes log events. Default: the log of the server; without one, errors go to `console.error`. */
  readonly log?: Log
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
  /** Closes the listener when it aborts. */
  readonly signal?: AbortSignal
}

/** How to stop. */
export interface CloseOptions {
  /** Ends all connections at once. Default: false. */
  readonly force?: boolean
  /** ms that open transactions may take to finish before their connections are cut. Default: 10,000. */
  readonly timeout?: number
}

/** A listener that is bound. */
export interface Listening {
  /** The address, or the path of a Unix socket. */
  readonly host: string
  /** The real port, also when 0 was asked for; 0 for a Unix socket. */
  readonly port: number
  /** Open connections. */
  readonly connections: number
  /**
   * Stops: nothing new is accepted, sessions finish what they are doing and say goodbye, sockets are awaited.
   * May be called again (to force an end that is in progress, say).
   */
  close(options?: CloseOptions): Promise<void>
  /** `close({ force: true })`: transactions in progress are lost. To finish them, call `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}

const OPTIONS: OptionTable<ListenOptions> = {
  host: 0,
  port: 0,
  path: 0,
  everybody: 0,
  tls: 0,
  implicitTls: 0,
  maxConnections: 0,
  maxConnectionsPerAddress: 0,
  handshakeTimeout: 0,
  highWaterMark: 0,
  backlog: 0,
  proxies: 0,
  log: 0,
  now: 0,
  signal: 0,
}

const NUMBERS = ['maxConnections', 'maxConnectionsPerAddress', 'handshakeTimeout', 'highWaterMark', 'backlog'] as const

let connectionNumber = 0

/**
 * Serves a protocol on a port or a Unix socket. Resolves when it is bound.
 * @throws Error of `node:net` (`EADDRINUSE`, `EACCES`, ...), when there is neither `port` nor `path`, or when
 *   `implicitTls` lacks `tls`. TypeError for options that are unknown or of the wrong kind (a port that is text, say),
 *   RangeError for a number out of its range.
 */
export async function listen(protocol: Protocol, options: ListenOptions): Promise<Listening> {
  if (!protocol?.connect) throw new TypeError('listen needs a server')
  checkOptions('listen', options, OPTIONS)
  checkNumber('port', options.port, 0, 65_535)
  for (const name of NUMBERS) checkNumber(name, options[name])
  const { host = '127.0.0.1', maxConnections = 10_000, maxConnectionsPerAddress = 1_000 } = options
  const log: Log = options.log ?? protocol.log ?? errorLog
  const tls = options.tls
    ? 'context' in Object(options.tls)
      ? (options.tls as TlsIdentity)
      : createTlsIdentity(options.tls)
    : null
  if (options.implicitTls && !tls) throw new Error('implicitTls needs a certificate: give `tls`')
  if (options.port === undefined && options.path === undefined) throw new Error('say where to listen: `port` or `path`')
  const open = createConnectionList()
  const perAddress = new Map<string, number>()

  const proxies = trustedNetworks(options.proxies ?? [])
  /** Sockets of proxies whose header has not come yet. */
  const early = new Set<Socket>()

  function turnAway(socket: Socket, address: string): void {
    log({ level: 'warn', event: 'connection.refused', message: 'too many connections', address })
    refuse(socket, options.implicitTls ? undefined : protocol.refusal)
  }

  function accept(incoming: Incoming): void {
    const address = plainAddress(incoming.socket.remoteAddress ?? '')
    if (proxies?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) askProxy(incoming, address)
    else serve(incoming, null, null, address)
  }

  function askProxy(incoming: Incoming, address: string): void {
    const { socket } = incoming
    if (open.size + early.size >= maxConnections) return turnAway(socket, address)
    early.add(socket)
    readProxyHeader(incoming, options.handshakeTimeout ?? 30_000, (outcome) => {
      early.delete(socket)
      if ('message' in outcome) {
        const level = outcome.silent ? 'debug' : 'warn'
        log({ level, event: 'proxy.refused', message: outcome.message, address })
        socket.destroy()
      } else {
        serve(incoming, outcome.remote, outcome.head, outcome.remote?.address ?? address)
      }
    })
  }

  function serve(incoming: Incoming, remote: Endpoint | null, head: Uint8Array | null, address: string): void {
    const network = networkKey(address)
    const count = (perAddress.get(network) ?? 0) + 1
    // Clients of a Unix socket have no address: they are as many as they may be in all.
    if (open.size >= maxConnections || (count > maxConnectionsPerAddress && address !== '')) {
      return turnAway(incoming.socket, address)
    }
    perAddress.set(network, count)
    const id = (++connectionNumber).toString(36)
    log({ level: 'debug', event: 'connection.opened', connection: id, address })
    open.add(serveConnection(incoming, serving, { id, remote, head }))
  }

  // One object for all connections: each would make its own, and a function in it.
  const serving: ServingOptions = {
    protocol,
    log,
    now: options.now ?? Date.now,
    tls,
    implicitTls: options.implicitTls ?? false,
    local: options.path !== undefined,
    handshakeTimeout: options.handshakeTimeout ?? 30_000,
    highWaterMark: options.highWaterMark ?? 262_144,
    closed(connection) {
      const network = networkKey(connection.remote.address)
      open.remove(connection)
      const left = (perAddress.get(network) ?? 1) - 1
      if (left > 0) perAddress.set(network, left)
      else perAddress.delete(network)
      log({ level: 'debug', event: 'connection.closed', connection: connection.id })
      if (open.size === 0) for (const done of emptied.splice(0)) done()
    },
  }

  const emptied: (() => void)[] = []
  const server = createSocketServer(accept)
  await bind(server, { ...options, host })
  server.on('error', (error) => log({ level: 'error', event: 'listener.error', error }))
  const bound = server.address() as { address: string; port: number } | string
  const stopped = new Promise<void>((resolve) => server.once('close', resolve))

  async function close(how: CloseOptions = {}): Promise<void> {
    if (server.listening) server.close()
    for (const socket of early) socket.destroy()
    if (how.force) for (const connection of open.all()) connection.destroy()
    else for (const connection of open.all()) connection.shutdown()
    if (open.size > 0) {
      const cut = later(() => {
        for (const connection of open.all()) connection.destroy()
      }, how.timeout ?? 10_000)
      await new Promise<void>((resolve) => emptied.push(resolve))
      clearTimeout(cut)
    }
    await stopped
    options.signal?.removeEventListener('abort', onAbort)
  }

  const onAbort = (): void => void close({ force: true })
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted) await close({ force: true })
  return {
    host: typeof bound === 'string' ? bound : bound.address,
    port: typeof bound === 'string' ? 0 : bound.port,
    get connections() {
      return open.size
    },
    close,
    [Symbol.asyncDispose]: () => close({ force: true }),
  }
}

/** Says why there is no room, where that can be said, and hangs up. */
function refuse(socket: Socket, words: Uint8Array | undefined): void {
  socket.on('error', () => {})
  if (words) socket.end(words, () => socket.destroy())
  else socket.destroy()
}

function trustedNetworks(networks: readonly string[]): BlockList | null {
  if (networks.length === 0) return null
  const list = new BlockList()
  for (const network of networks) {
    const [address, bits] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}
